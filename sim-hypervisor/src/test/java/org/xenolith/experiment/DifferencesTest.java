package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.Latency;
import org.xenolith.experiment.CellSummary.RunLength;
import org.xenolith.experiment.CellSummary.Status;

class DifferencesTest {
    private static DomainSummary domain(String name, int id, double cpu, long wakes, long p99, long run) {
        Latency latency =
                wakes == 0 ? new Latency(0, null, null, null, null) : new Latency(wakes, p99 / 2, p99 / 2, p99, p99);
        return new DomainSummary(
                name,
                id,
                256,
                0,
                cpu,
                null,
                null,
                null,
                0,
                0,
                0,
                wakes,
                wakes == 0,
                null,
                Map.of(),
                latency,
                new RunLength(100, run, run),
                List.of());
    }

    private static CellSummary cell(String name, long seed, Status status, DomainSummary... domains) {
        return new CellSummary(name, name, Map.of(), seed, status, null, 0, 1, List.of(domains), List.of(), null);
    }

    @Test
    void namesTheDomainThatMovedFarthest() {
        CellSummary base = cell(
                "credit2", 1, Status.OK, domain("a", 1, 50, 0, 0, 1_000_000), domain("b", 2, 20, 50, 100_000, 500_000));
        CellSummary other = cell(
                "rr", 1, Status.OK, domain("a", 1, 40, 0, 0, 1_100_000), domain("b", 2, 22, 50, 20_000_000, 250_000));

        assertThat(Differences.of(List.of(base, other)))
                .containsExactly("rr against credit2: a gets 40.0 % CPU, not 50.0 %; b's p99 wake-to-run latency is"
                        + " 20.0 ms, not 100 us (200.0 times longer); b's median run is 250 us, not 500 us (2.0 times"
                        + " shorter)");
    }

    @Test
    void leavesOutWhatDoesNotMatter() {
        CellSummary base = cell("credit2", 1, Status.OK, domain("a", 1, 50, 5, 100_000, 1_000_000));
        CellSummary few = cell("rr", 1, Status.OK, domain("a", 1, 50.2, 5, 900_000, 1_100_000));

        assertThat(Differences.of(List.of(base, few)))
                .containsExactly("rr against credit2: no difference that matters");
    }

    @Test
    void comparesWithWhatWasRecordedOrElseWithTheSameSeed() {
        CellSummary one = cell("x seed 1", 1, Status.OK, domain("a", 1, 50, 0, 0, 1));
        CellSummary two = cell("x seed 2", 2, Status.OK, domain("a", 1, 50, 0, 0, 1));
        CellSummary other = cell("y seed 2", 2, Status.OK, domain("a", 1, 60, 0, 0, 1));
        CellSummary failed = cell("z seed 2", 2, Status.FAILED);
        CellSummary recorded = cell("recorded", 0, Status.RECORDED, domain("a", 1, 30, 0, 0, 1));

        assertThat(Differences.of(List.of(one, two, failed, other)))
                .containsExactly("y seed 2 against x seed 2: a gets 60.0 % CPU, not 50.0 %");
        assertThat(Differences.of(List.of(recorded, one, failed)))
                .containsExactly("x seed 1 against recorded: a gets 50.0 % CPU, not 30.0 %");
    }
}
