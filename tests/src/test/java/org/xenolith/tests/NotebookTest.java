package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The notebooks run from top to bottom: headless in Jupyter, on the repository's kernel, and as on IJava and JJava. */
class NotebookTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path NOTEBOOKS = ROOT.resolve("notebooks");
    private static final Path JAR = NOTEBOOKS.resolve("kernels/xenolith/lib/xenolith-notebook.jar");
    private static final Path JUPYTER = Path.of("/usr/bin/jupyter");
    private static final Path NBCONVERT = Path.of("/usr/bin/jupyter-nbconvert");
    private static final long PATIENCE_MINUTES = 10;

    @TempDir
    Path folder;

    static Stream<Path> notebooks() throws IOException {
        try (Stream<Path> files = Files.list(NOTEBOOKS)) {
            return files.filter(file -> file.toString().endsWith(".ipynb")).sorted().toList().stream();
        }
    }

    @BeforeAll
    static void thereIsAKernel() {
        assumeTrue(Files.exists(JAR), "skipped: the notebooks' jar is made by 'mvn package', not by 'mvn test'");
    }

    @ParameterizedTest
    @MethodSource("notebooks")
    void runsInJupyter(Path notebook) throws Exception {
        assumeTrue(
                Files.isExecutable(JUPYTER) && Files.isExecutable(NBCONVERT),
                "skipped: needs jupyter nbconvert; tests/install-oracles installs it");
        Path copy = Files.copy(notebook, folder.resolve(notebook.getFileName()));
        nbconvert("--to", "notebook", "--execute", "--inplace", "--ExecutePreprocessor.timeout=300", copy.toString());

        List<JsonNode> outputs = outputsOf(copy);
        assertThat(outputs).isNotEmpty();
        assertThat(outputs)
                .noneMatch(output -> output.path("output_type").asText().equals("error"));
        assertThat(outputs).noneMatch(output -> output.path("name").asText().equals("stderr"));

        // Debian's nbconvert cleans everything out of an SVG. Our own need no cleaning, so its filter is replaced.
        nbconvert("--to", "html", "--TemplateExporter.filters", "clean_html=copy.copy", copy.toString());
        Path page = folder.resolve(notebook.getFileName().toString().replace(".ipynb", ".html"));
        assertThat(page).content().contains("<svg", "viewBox", "<table", "</html>");
        if (notebook.endsWith("first-look.ipynb")) {
            assertFirstLook(outputs);
        }
    }

    private static void assertFirstLook(List<JsonNode> outputs) {
        assertThat(shown(outputs, "image/svg+xml"))
                .anyMatch(svg -> svg.contains("Gantt chart of recorded, credit2, Stride"))
                .anyMatch(svg -> svg.contains(">RUNNABLE<"));
        List<String> pages = shown(outputs, "text/html");
        String table = pages.stream()
                .filter(page -> page.contains(">wake to run, p50<"))
                .findFirst()
                .orElseThrow();
        for (String scheduler : List.of("recorded", "credit2", "Stride")) {
            assertThat(table.split(">" + scheduler + "</td>", -1)).as(scheduler).hasSize(5 + 1);
        }
        assertThat(table).doesNotContain("failed");
        assertThat(pages.stream().filter(page -> page.contains("data:image/png;base64,")))
                .hasSize(2);
    }

    /** Other kernels have the jar behind a class loader of their own, and a {@code display} that returns something. */
    @ParameterizedTest
    @MethodSource("notebooks")
    void runsOnOtherKernels(Path notebook) throws Exception {
        try (JShell shell = JShell.builder()
                .remoteVMOptions("-Djava.awt.headless=true", "-Duser.dir=" + folder)
                .build()) {
            shell.addToClasspath(JAR.toString());
            for (String setUp : List.of(
                    "import java.util.*;",
                    "import java.util.stream.*;",
                    "int displays = 0;",
                    "String display(Object o, String... mimeTypes) { return \"id\" + displays++; }")) {
                shell.eval(setUp);
            }
            int calls = 0;
            for (JsonNode cell : codeCells(notebook)) {
                String source = source(cell);
                calls += source.split("\\bshow\\(", -1).length - 1;
                run(shell, source.replace("\"traces/", "\"" + ROOT + "/traces/"));
            }
            int displays = Integer.parseInt(shell.eval("displays").get(0).value());
            assertThat(displays).isPositive().isEqualTo(calls - 1); // The one that is not a call declares it.
        }
    }

    private static void run(JShell shell, String source) {
        String rest = source;
        while (!rest.isBlank()) {
            CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
            assertThat(next.completeness().isComplete()).as(rest).isTrue();
            for (SnippetEvent event : shell.eval(next.source())) {
                assertThat(event.exception()).as(next.source()).isNull();
                assertThat(event.status()).as(next.source()).isEqualTo(Snippet.Status.VALID);
            }
            rest = next.remaining();
        }
    }

    @Test
    void noOutputsAreKeptInTheRepository() throws IOException {
        for (Path notebook : notebooks().toList()) {
            assertThat(outputsOf(notebook)).as(notebook.toString()).isEmpty();
        }
    }

    private void nbconvert(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(JUPYTER.toString(), "nbconvert"));
        command.addAll(List.of(arguments));
        Path log = folder.resolve("nbconvert.log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("JUPYTER_PATH", NOTEBOOKS.toString());
        environment.put("JUPYTER_RUNTIME_DIR", folder.resolve("runtime").toString());
        environment.put("JUPYTER_CONFIG_DIR", folder.resolve("config").toString());
        environment.put("XENOLITH_HOME", ROOT.toString());
        environment.merge(
                "PATH", System.getProperty("java.home") + "/bin", (path, java) -> java + File.pathSeparator + path);
        Process process = builder.start();
        boolean ended = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
        process.destroyForcibly();
        assertThat(ended).as("nbconvert ended").isTrue();
        assertThat(process.exitValue()).as(() -> contentOf(log)).isZero();
    }

    private static String contentOf(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    private static List<JsonNode> codeCells(Path notebook) throws IOException {
        JsonNode cells = new ObjectMapper().readTree(notebook.toFile()).path("cells");
        return stream(cells)
                .filter(cell -> cell.path("cell_type").asText().equals("code"))
                .toList();
    }

    private static List<JsonNode> outputsOf(Path notebook) throws IOException {
        return codeCells(notebook).stream()
                .flatMap(cell -> stream(cell.path("outputs")))
                .toList();
    }

    private static String source(JsonNode cell) {
        return stream(cell.path("source")).map(JsonNode::asText).reduce("", String::concat);
    }

    /** What was shown as {@code mimeType}; a notebook keeps text as one string or as a list of lines. */
    private static List<String> shown(List<JsonNode> outputs, String mimeType) {
        return outputs.stream()
                .map(output -> output.path("data").path(mimeType))
                .filter(data -> !data.isMissingNode())
                .map(data ->
                        data.isArray() ? stream(data).map(JsonNode::asText).reduce("", String::concat) : data.asText())
                .toList();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }
}
