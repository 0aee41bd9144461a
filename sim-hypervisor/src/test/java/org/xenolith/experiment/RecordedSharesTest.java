package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;

/** What {@link RunMetrics} finds in the recorded traces agrees with the hypervisor's own account of CPU time. */
class RecordedSharesTest {
    private static final Path TRACES = Path.of("../traces");

    private static CellSummary measure(Path trace) {
        return Recording.open(trace, -1, -1, null).measure(new Cell(0, Cell.RECORDED, Cell.RECORDED, null, 0), null);
    }

    @TestFactory
    List<DynamicTest> sharesAgreeWithTheHypervisorsOwnAccount() throws IOException {
        try (Stream<Path> files = Files.walk(TRACES)) {
            List<DynamicTest> tests = files.filter(f -> f.toString().endsWith(".trc.xz"))
                    .filter(f -> TraceDescription.load(f).domains().stream().anyMatch(d -> d.measuredPercent() != null))
                    .sorted()
                    .map(f -> DynamicTest.dynamicTest(TRACES.relativize(f).toString(), () -> agrees(f)))
                    .toList();
            assertThat(tests).hasSizeGreaterThanOrEqualTo(12);
            return tests;
        }
    }

    private static void agrees(Path trace) {
        CellSummary recorded = measure(trace);
        // Two pCPUs of the recordings take turns on one clock, and Xen's account and its records then differ by a
        // little more.
        double points = TraceDescription.load(trace).pcpus() == 1 ? 0.1 : 0.15;
        for (DomainDescription described : TraceDescription.load(trace).domains()) {
            if (described.measuredPercent() != null) {
                double measured = recorded.domains().stream()
                        .filter(d -> d.id() == described.id())
                        .mapToDouble(DomainSummary::cpuPercent)
                        .sum();
                assertThat(measured).as(described.name()).isCloseTo(described.measuredPercent(), within(points));
            }
        }
    }

    @Test
    void findsWhatIsKnownOfCredit2sFourGuests() {
        CellSummary recorded = measure(TRACES.resolve("xen-4.17/credit2/s4-all.trc.xz"));

        assertThat(recorded.scheduler()).isEqualTo("credit2");
        assertThat(recorded.jainFairness()).isCloseTo(1.0, within(0.001));
        DomainSummary b = recorded.domains().get(2);
        assertThat(b.backlogged()).isTrue();
        assertThat(b.wakeLatencyNanos().count()).isZero();
        DomainSummary d = recorded.domains().get(4);
        assertThat(d.backlogged()).isFalse();
        // 20.09 % of 5.57 s in bursts of 5 ms, with a wake before each, and others for its kernel's timer ticks
        assertThat(d.wakeups()).isGreaterThanOrEqualTo(224);
        assertThat(recorded.pcpus().get(0).idlePercent()).isLessThan(0.01);
    }
}
