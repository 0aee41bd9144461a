package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is ended from outside keeps the cells that have ended, says so, and can be finished. */
class InterruptedRunTest {
    /** A quick cell and one that would take hours. */
    private static final String SCENARIO =
            """
            schedulers: [rr:slice_us=1000000, rr:slice_us=1]
            machine: {pcpus: 1}
            costs: zero
            duration: DURATION
            domains: [{name: a, guest: spin}, {name: b, guest: spin}]
            """;

    @TempDir
    Path folder;

    @Test
    void keepsWhatHasEndedAndResumes() throws IOException, InterruptedException {
        Path scenario = Files.writeString(folder.resolve("s.yaml"), SCENARIO.replace("DURATION", "20000 s"));
        Path results = folder.resolve("results");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        "org.xenolith.cli.Xenolith",
                        "run",
                        scenario.toString(),
                        "--no-traces",
                        "--output",
                        results.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile())
                .start();
        try {
            Path quick = results.resolve("cells/rr-slice_us=1000000.json");
            while (process.isAlive() && !Files.exists(quick)) {
                Thread.sleep(50);
            }
            process.destroy(); // SIGTERM, as Ctrl-C is SIGINT: the JVM treats both alike
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(Files.readString(folder.resolve("said")))
                .isEqualTo("xenolith: interrupted; finish it by the same command with --resume " + results + "\n");
        JsonNode manifest =
                new ObjectMapper().readTree(results.resolve("manifest.json").toFile());
        assertThat(manifest.get("status").asText()).isEqualTo("interrupted");
        assertThat(manifest.get("cells").findValuesAsText("status")).isEqualTo(List.of("ok", "interrupted"));
        try (Stream<Path> files = Files.walk(results)) {
            assertThat(files).noneMatch(f -> f.toString().endsWith(".part"));
        }
    }
}
