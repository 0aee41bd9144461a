package org.xenolith.notebook;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.jshell.DeclarationSnippet;
import jdk.jshell.Diag;
import jdk.jshell.EvalException;
import jdk.jshell.ExpressionSnippet;
import jdk.jshell.JShell;
import jdk.jshell.JShellException;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.UnresolvedReferenceException;
import jdk.jshell.VarSnippet;
import jdk.jshell.execution.LocalExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;
import org.xenolith.engine.InputException;

/**
 * Evaluates cells of Java: each snippet of a cell in turn, in this process, until the end or the first that fails. What a
 * cell declares, later cells see. One cell runs at a time; {@link #stop} may be called from any thread.
 */
final class JavaShell implements AutoCloseable {
    private final InProcess control = new InProcess();
    private final JShell shell;
    private volatile boolean stopped;

    /** JShell's own way to run snippets in this process, but that it hands out the value of a variable, and not only a text. */
    private static final class InProcess extends LocalExecutionControl implements ExecutionControlProvider {
        private Object read;

        @Override
        public String varValue(String className, String variable) throws InternalException {
            try {
                Field field = findClass(className).getDeclaredField(variable);
                field.setAccessible(true);
                read = field.get(null);
                return "";
            } catch (ReflectiveOperationException e) {
                throw new InternalException(e.toString());
            }
        }

        @Override
        public String name() {
            return "in process";
        }

        @Override
        public ExecutionControl generate(ExecutionEnv environment, Map<String, String> parameters) {
            return this;
        }
    }

    /**
     * @param startup snippets to run first, one by one
     */
    JavaShell(List<String> startup) {
        shell = JShell.builder()
                .executionEngine(control, Map.of())
                .compilerOptions("-classpath", System.getProperty("java.class.path"))
                .build();
        startup.forEach(shell::eval);
    }

    /**
     * Runs a cell.
     *
     * @return the value of its last snippet; null if that is no expression, or its value is null
     */
    Object run(String cell) throws CellException {
        stopped = false;
        Set<DeclarationSnippet> unresolved = new LinkedHashSet<>();
        SnippetEvent last = null;
        String rest = cell.stripLeading();
        while (!rest.isBlank()) {
            CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
            boolean complete = next.completeness().isComplete();
            int offset = cell.length() - rest.length();
            for (SnippetEvent event : shell.eval(complete ? next.source() : rest)) {
                if (event.causeSnippet() == null) {
                    if (!isUnresolved(event.status())) {
                        check(event, cell, offset);
                    } else if (event.snippet() instanceof DeclarationSnippet declaration) {
                        unresolved.add(declaration);
                    }
                    last = event;
                }
            }
            rest = complete ? next.remaining().stripLeading() : "";
        }
        // Declarations of one cell may use each other in any order; what is missing at its end is a mistake.
        unresolved.removeIf(declaration -> !isUnresolved(shell.status(declaration)));
        if (!unresolved.isEmpty()) {
            throw new CellException(unresolved.stream().map(this::describe).toList());
        }
        return last == null || last.value() == null ? null : valueOf(last);
    }

    private static boolean isUnresolved(Snippet.Status status) {
        return status == Snippet.Status.RECOVERABLE_DEFINED || status == Snippet.Status.RECOVERABLE_NOT_DEFINED;
    }

    private void check(SnippetEvent event, String cell, int offset) throws CellException {
        Snippet snippet = event.snippet();
        if (stopped) {
            throw new CellException(List.of("Interrupted."));
        }
        if (event.exception() != null) {
            throw new CellException(describe(event.exception()));
        }
        if (event.status() != Snippet.Status.VALID) {
            throw new CellException(shell.diagnostics(snippet)
                    .filter(Diag::isError)
                    .flatMap(error -> describe(error, cell, offset).stream())
                    .toList());
        }
    }

    private Object valueOf(SnippetEvent event) {
        if (event.snippet() instanceof ExpressionSnippet expression) {
            VarSnippet variable = shell.variables()
                    .filter(candidate -> candidate.name().equals(expression.name()))
                    .findFirst()
                    .orElse(null);
            return variable == null ? event.value() : read(variable);
        }
        return event.snippet().subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND
                ? read((VarSnippet) event.snippet())
                : null;
    }

    private Object read(VarSnippet variable) {
        shell.varValue(variable);
        return control.read;
    }

    /** A compiler's error, as a compiler shows it. */
    private static List<String> describe(Diag error, String cell, int offset) {
        int at = Math.min(cell.length(), offset + (int) Math.max(0, error.getPosition()));
        int lineStart = cell.lastIndexOf('\n', at - 1) + 1;
        int lineEnd = cell.indexOf('\n', at);
        String line = cell.substring(lineStart, lineEnd < 0 ? cell.length() : lineEnd);
        long number = cell.substring(0, at).chars().filter(c -> c == '\n').count() + 1;
        List<String> message = error.getMessage(Locale.ROOT).lines().toList();
        List<String> lines = new ArrayList<>();
        lines.add("line " + number + ": error: " + message.get(0));
        lines.add("    " + line);
        lines.add("    " + " ".repeat(at - lineStart) + "^");
        message.stream()
                .skip(1)
                .filter(text -> !text.isBlank() && !text.endsWith("location: class "))
                .forEach(lines::add);
        return lines;
    }

    private String describe(DeclarationSnippet declaration) {
        return "error: " + declaration.name() + " uses what does not exist: "
                + shell.unresolvedDependencies(declaration).collect(Collectors.joining(", "));
    }

    /** An exception that a cell threw: what, the frames down to the cell with their source, and its causes. */
    private List<String> describe(JShellException thrown) {
        if (thrown instanceof UnresolvedReferenceException e) {
            return List.of(describe(e.getSnippet()));
        }
        List<String> lines = new ArrayList<>();
        String prefix = "";
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            String name = t instanceof EvalException e
                    ? e.getExceptionClassName()
                    : t.getClass().getName();
            String message = t.getMessage() == null ? "" : ": " + t.getMessage();
            if (name.equals(InputException.class.getName())) {
                lines.add(prefix + t.getMessage());
                return lines;
            }
            lines.add(prefix + name + message);
            for (StackTraceElement frame : t.getStackTrace()) {
                lines.add("    at " + describe(frame));
            }
            prefix = "Caused by: ";
        }
        return lines;
    }

    private String describe(StackTraceElement frame) {
        String file = frame.getFileName();
        if (file == null || !file.startsWith("#")) {
            return frame.toString();
        }
        String source = shell.snippets()
                .filter(s -> file.equals("#" + s.id()))
                .flatMap(s -> s.source().lines().skip(frame.getLineNumber() - 1L))
                .findFirst()
                .orElse("")
                .strip();
        return frame.getMethodName().isEmpty() ? source : frame.getMethodName() + ": " + source;
    }

    /**
     * Ends what the cell does now, if anything. From JDK 21 on, which can no longer stop a thread from outside, a loop of a
     * library that heeds no interrupt runs to its end first.
     */
    void stop() {
        stopped = true;
        shell.stop();
    }

    /** What could stand at a position of a cell. */
    List<SourceCodeAnalysis.Suggestion> suggestions(String cell, int at, int[] anchor) {
        return shell.sourceCodeAnalysis().completionSuggestions(cell, at, anchor);
    }

    @Override
    public void close() {
        shell.close();
    }
}
