package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.Status;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;

/** Kernels that boot one after the other in memory that is too small for all. */
class ComeAndGoTest {
    @TempDir
    Path folder;

    @Test
    void aDestroyedDomainsMemoryIsTheNextOnes() throws Exception {
        Boots.files();
        StringBuilder yaml = new StringBuilder("schedulers: [credit2]\nwarmup: 0 s\nduration: 600 ms\ndomains:\n");
        for (int i = 0; i < 6; i++) {
            yaml.append("  - {name: d")
                    .append(i)
                    .append(i == 1 ? ", type: pvh" : ", type: pv, vcpus: 2")
                    .append(", guest: {boot: {memory: 345}}}\n");
        }
        yaml.append("actions:\n");
        for (int i = 0; i < 6; i++) {
            // The first two are there together, then each comes at the very time at which the one before it goes.
            yaml.append("  - {at: ").append(100 * Math.max(0, i - 1)).append(" ms, do: create, domain: d" + i + "}\n");
            yaml.append("  - {at: ").append(100 * Math.max(1, i)).append(" ms, do: destroy, domain: d" + i + "}\n");
        }
        Experiment experiment = new Experiment(
                ScenarioReader.parse(yaml.toString(), "s.yaml", folder, new SchedulerCatalog()),
                RunFolder.at(folder.resolve("run")),
                new Experiment.Options(1, 60, false, List.of("test"), "test"));
        experiment.run((done, cellsDone, cells) -> {});
        CellSummary cell = experiment.summary().cells().get(0);
        assertThat(cell.status()).as(cell.error()).isEqualTo(Status.OK);
        long[] instructions = cell.domains().stream()
                .mapToLong(d -> d.counters().get("instructions"))
                .toArray();
        assertThat(instructions).hasSize(6);
        for (long executed : instructions) {
            assertThat(executed).isGreaterThan(20_000_000); // half of what is done in the time
        }
        for (int i = 3; i < 6; i++) {
            // A handful more or fewer, as the clock shows other times.
            assertThat(instructions[i]).as("whatever others left in memory").isCloseTo(instructions[2], within(1000L));
        }
    }
}
