package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code xenolith compare}: a recorded trace under other schedulers, beside what was recorded. */
class CompareCommandTest {
    private static final String TRACES = "../traces/xen-4.17/";

    @TempDir
    Path folder;

    private Command compare(String... more) {
        String[] args = new String[more.length + 3];
        args[0] = "compare";
        args[1] = "--output";
        args[2] = folder.resolve("out").toString();
        System.arraycopy(more, 0, args, 3, more.length);
        return Command.run(args);
    }

    @Test
    void comparesWhatWasRecordedWithThreeSchedulers() {
        Command command = compare("--trace", TRACES + "credit2/s4-all.trc.xz").ok();
        List<String> lines = command.lines();

        assertThat(command.err()).isEmpty();
        assertThat(lines.get(1)).startsWith("1 pCPU, ").endsWith(" of s4-all.trc.xz, costs qemu-icount, seed 1");
        for (String cell : List.of("recorded", "credit2", "credit", "rr")) {
            assertThat(lines).anyMatch(line -> line.startsWith(cell + " ") && line.contains("Domain-0"));
        }
        assertThat(lines).anyMatch(line -> line.startsWith("rr against recorded: c gets 30"));
        assertThat(lines).anyMatch(line -> line.startsWith("note: a, b, c: never blocked in the recording"));
        assertThat(lines.get(lines.size() - 1)).isEqualTo("report: " + folder.resolve("out/report.html"));
        assertThat(folder.resolve("out/report.html")).isNotEmptyFile();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "credit2/s1-w256-w512, credit2, 0.5",
        "credit2/s4-all, credit2, 0.5",
        "credit/s1-w256-w512, credit, 1.0",
        "credit/s2-cap30, credit, 1.0"
    })
    void replayingUnderTheRecordedSchedulerGivesTheRecordedShares(String trace, String scheduler, double points) {
        JsonNode cells = compare("--trace", TRACES + trace + ".trc.xz", "--scheduler", scheduler, "--json")
                .ok()
                .json()
                .get("cells");

        assertThat(cells).hasSize(2);
        assertThat(cells.get(0).get("status").asText()).isEqualTo("recorded");
        assertThat(cells.get(0).get("domains")).hasSizeGreaterThanOrEqualTo(3);
        for (int i = 0; i < cells.get(0).get("domains").size(); i++) {
            JsonNode recorded = cells.get(0).get("domains").get(i);
            JsonNode replayed = cells.get(1).get("domains").get(i);
            assertThat(replayed.get("name")).isEqualTo(recorded.get("name"));
            assertThat(replayed.get("cpuPercent").asDouble())
                    .as(recorded.get("name").asText())
                    .isCloseTo(recorded.get("cpuPercent").asDouble(), within(points));
        }
    }

    @Test
    void aPartOfATraceWithoutADescriptionSaysWhatItAssumes() throws IOException {
        Path alone = folder.resolve("alone.trc.xz");
        Files.copy(Path.of(TRACES + "credit2/s1-w256-w512.trc.xz"), alone);

        Command command = compare("--trace", alone.toString(), "--from", "2", "--to", "3.5", "--scheduler", "rr");

        assertThat(command.ok().lines().get(1)).startsWith("1 pCPU, 2.00 s to 3.50 s of alone.trc.xz, costs zero");
        assertThat(command.err()).contains("assumed: ");
        assertThat(command.lines()).anyMatch(line -> line.startsWith("recorded") && line.contains(" dom0 "));
    }
}
