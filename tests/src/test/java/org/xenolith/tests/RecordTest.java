package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a booted guest wanted of its pCPU is recorded, and replayed without the core. */
class RecordTest {
    @TempDir
    Path folder;

    @Test
    void aBootedGuestIsReplayedWithTheSameShare() {
        Boots.files();
        Path trace = folder.resolve("linux.trc");
        String work = " quiet run=\"sleep 2; seq 1 3000 | tail -n 1; sleep 1; echo over\"";
        Command record = Command.run(
                "trace", "record", "--output", trace.toString(), "--extra", Boots.QUICK + work, "--until", "^over");
        assertThat(record.out()).contains("\n3000\n", "\nover");
        assertThat(record.code()).as(record.err()).isZero();

        JsonNode cells = Command.run(
                        "compare",
                        "--trace",
                        trace.toString(),
                        "--scheduler",
                        "credit2,credit",
                        "--json",
                        "--output",
                        folder.resolve("run").toString())
                .ok()
                .json()
                .path("cells");
        double recorded = share(cells.get(0));
        assertThat(recorded).as("it boots, then sleeps most of the time").isBetween(10.0, 90.0);
        assertThat(share(cells.get(1))).isCloseTo(recorded, within(1.0));
        assertThat(share(cells.get(2))).isCloseTo(recorded, within(1.0));
    }

    private static double share(JsonNode cell) {
        return cell.path("domains").get(0).path("cpuPercent").asDouble();
    }
}
