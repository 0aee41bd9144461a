package org.xenolith.scheduler;

import java.util.List;
import java.util.Locale;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceRecord;

/**
 * Holds simulated RTDS against the three recordings of real Xen, and prints the table: shares of every vCPU within
 * {@value #SHARES_WITHIN} points, and the distributions of its run lengths and of how long it waits when it wakes with a
 * Kolmogorov-Smirnov distance below {@value #DISTANCE_BELOW}.
 */
class RtdsFidelityTest {
    private static final double SHARES_WITHIN = 0.3;
    private static final double DISTANCE_BELOW = 0.15;

    /**
     * Times that differ by less count as equal, ns. Where every instruction takes the same time, most runs and waits have one
     * of a few lengths, to some hundred nanoseconds; the cost profile was fitted to credit2, which writes more trace records
     * than RTDS at each decision, so that its times are some 1 to 4 us longer.
     */
    private static final long RESOLUTION = 5_000;

    /** Fewer than this say nothing of a distribution. */
    private static final int LEAST_SAMPLE = 30;

    private static final CostProfile COSTS = CostProfile.load("qemu-icount");

    static List<RtdsScenario> scenarios() {
        return RtdsScenario.ALL;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void givesTheRecordedSharesAndDistributions(RtdsScenario scenario) {
        Recording recording = scenario.recording(COSTS);
        WakeLatencies recordedWakes = read(scenario);
        RunIntervals runs = new RunIntervals();
        WakeLatencies wakes = new WakeLatencies();
        scenario.simulate(recording, COSTS, 0x00021000, r -> {
            runs.accept(r);
            wakes.accept(r);
        });
        long shift = scenario.uptimeNanos() - recording.start;
        long from = recording.windowFrom;
        long to = recording.windowTo;
        SoftAssertions checks = new SoftAssertions();
        recording.shares.forEach((domain, recorded) -> {
            double simulated = runs.share(domain, from + shift, to + shift);
            Compared lengths = new Compared(
                    recording.runs.lengths(domain, from, to), runs.lengths(domain, from + shift, to + shift));
            Compared waits = new Compared(
                    recordedWakes.latencies(domain, from, to), wakes.latencies(domain, from + shift, to + shift));
            System.out.print(String.format(
                    Locale.ROOT,
                    "%s dom%d  share %% recorded %5.2f simulated %5.2f  runs %s  waits %s%n",
                    scenario,
                    domain,
                    recorded,
                    simulated,
                    lengths,
                    waits));
            checks.assertThat(Math.abs(simulated - recorded))
                    .as("share of dom%d", domain)
                    .isLessThan(SHARES_WITHIN);
            checks.assertThat(lengths.distance()).as("runs of dom%d", domain).isLessThan(DISTANCE_BELOW);
            checks.assertThat(waits.distance()).as("waits of dom%d", domain).isLessThan(DISTANCE_BELOW);
        });
        checks.assertAll();
    }

    /** Two samples, cycles of 1 ns, ascending. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Compared(long[] recorded, long[] simulated) {
        /** 0 if too few were recorded to tell. */
        private double distance() {
            return recorded.length < LEAST_SAMPLE ? 0 : KolmogorovSmirnov.distance(recorded, simulated, RESOLUTION);
        }

        @Override
        public String toString() {
            return recorded.length < LEAST_SAMPLE
                    ? "-"
                    : String.format(
                            Locale.ROOT,
                            "%d %d distance %.3f (to the ns %.3f)",
                            recorded.length,
                            simulated.length,
                            distance(),
                            KolmogorovSmirnov.distance(recorded, simulated));
        }
    }

    private static WakeLatencies read(RtdsScenario scenario) {
        WakeLatencies latencies = new WakeLatencies();
        try (MergedReader reader = MergedReader.open(scenario.file())) {
            TraceRecord r = new TraceRecord();
            while (reader.next(r)) {
                latencies.accept(r);
            }
        }
        return latencies;
    }
}
