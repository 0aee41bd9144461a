package org.xenolith.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import io.github.spencerpark.jupyter.kernel.display.mime.MIMEType;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel without Jupyter: cells go in, values, displays and errors come out. */
class KernelTest {
    private static final List<DisplayData> displayed = new CopyOnWriteArrayList<>();
    private static Kernel kernel;

    @BeforeAll
    static void start() {
        kernel = new Kernel() {
            @Override
            public void display(DisplayData data) {
                displayed.add(data);
            }
        };
    }

    @BeforeEach
    void forget() {
        displayed.clear();
    }

    @AfterAll
    static void close() {
        kernel.onShutdown(false);
    }

    @Test
    void theLastExpressionIsTheValue() throws CellException {
        assertThat(text("int a = 20; int twice(int x) { return 2 * x; }\n// and now\ntwice(a) + 2"))
                .isEqualTo("42");
        assertThat(text("a")).isEqualTo("20");
        assertThat(text("a = 21")).isEqualTo("21");
        assertThat(text("List.of(a, \"b\")")).isEqualTo("[21, b]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "  \n",
                "// nothing",
                "int x = 1;",
                "Object o = null; o",
                "record P(int x) {}",
                "import java.time.*;"
            })
    void whatIsNoExpressionHasNoValue(String cell) throws CellException {
        assertThat(kernel.eval(cell)).isNull();
    }

    @Test
    void aCellMayBeRunAgainAndItsClassChanged() throws CellException {
        kernel.eval("class A { int get() { return 1; } }");
        assertThat(text("new A().get()")).isEqualTo("1");
        kernel.eval("class A { int get() { return 2; } }");
        assertThat(text("new A().get()")).isEqualTo("2");
    }

    @Test
    void aCompileErrorIsShownWhereItIs() {
        assertThat(errorOf("int a = 1;\nint b = a +\n        missing;").lines())
                .startsWith("line 3: error: cannot find symbol", "            missing;", "            ^")
                .anyMatch(line -> line.contains("variable missing"));
        assertThat(errorOf("int f() {\n  return \"x\";\n}").lines())
                .startsWith(
                        "line 2: error: incompatible types: java.lang.String cannot be converted to int",
                        "      return \"x\";",
                        "             ^");
        assertThat(errorOf("if (true) {").lines().get(0)).contains("reached end of file");
    }

    @Test
    void declarationsMayUseEachOtherButNothingMissing() throws CellException {
        assertThat(text("boolean even(int n) { return n == 0 || odd(n - 1); }\n"
                        + "boolean odd(int n) { return n != 0 && even(n - 1); }\neven(10)"))
                .isEqualTo("true");
        assertThat(errorOf("class A { Missing m; }").lines())
                .containsExactly("error: A uses what does not exist: class Missing");
        assertThat(errorOf("int f() { return g(); }\nf()").lines())
                .containsExactly("error: f uses what does not exist: method g()");
    }

    @Test
    void whatCameBeforeAnErrorStays() throws CellException {
        errorOf("int kept = 7;\nundefined();\nint never = 8;");
        assertThat(text("kept")).isEqualTo("7");
        assertThat(errorOf("never").lines().get(0)).contains("cannot find symbol");
    }

    @Test
    void anExceptionIsShownWithTheLinesOfTheCell() {
        assertThat(errorOf("int divide(int x) {\n  return 1 / x;\n}\n// now\n\n  divide(0)")
                        .lines())
                .containsExactly(
                        "java.lang.ArithmeticException: / by zero", "    at divide: return 1 / x;", "    at divide(0)");
        assertThat(errorOf("throw new IllegalStateException(\"outer\", new RuntimeException(\"inner\"));")
                        .lines())
                .contains("java.lang.IllegalStateException: outer", "Caused by: java.lang.RuntimeException: inner");
    }

    @Test
    void badInputIsOneLine() {
        assertThat(errorOf("throw new org.xenolith.engine.InputException(\"a.trc: no such file\");")
                        .lines())
                .containsExactly("a.trc: no such file");
    }

    @Test
    void displayShowsPicturesAndPages() throws CellException {
        assertThat(kernel.eval("display(\"<svg/>\", \"image/svg+xml\"); display(\"<b>x</b>\", \"text/html\");"))
                .isNull();
        assertThat(displayed).hasSize(2);
        assertThat(displayed.get(0).getData(MIMEType.IMAGE_SVG)).isEqualTo("<svg/>");
        assertThat(displayed.get(1).getData(MIMEType.TEXT_HTML)).isEqualTo("<b>x</b>");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "while (true) {}",
                "Thread.sleep(3_600_000);",
                "var o = new Object(); synchronized (o) { o.wait(); }",
            })
    void aRunningCellIsInterrupted(String endless) throws Exception {
        kernel.eval("void run() throws Exception { display(\"runs\"); " + endless + " }");
        FutureTask<CellException> cell = new FutureTask<>(() -> errorOf("run()"));
        new Thread(cell).start();
        while (displayed.isEmpty() && !cell.isDone()) {
            Thread.onSpinWait();
        }
        kernel.interrupt();
        assertThat(cell.get().lines()).containsExactly("Interrupted.");
        assertThat(text("1 + 1")).as("the kernel lives on").isEqualTo("2");
    }

    @Test
    void completionKnowsWhatCellsDeclared() throws CellException {
        kernel.eval("int creditOfDom0 = 3;");
        assertThat(kernel.complete("int y = credit", 14).getReplacements()).containsExactly("creditOfDom0");
        assertThat(kernel.complete("\"a\".strip", 9).getReplacements()).contains("strip()", "stripLeading()");
    }

    private static String text(String cell) throws CellException {
        return (String) kernel.eval(cell).getData(MIMEType.TEXT_PLAIN);
    }

    private static CellException errorOf(String cell) {
        return catchThrowableOfType(CellException.class, () -> kernel.eval(cell));
    }
}
