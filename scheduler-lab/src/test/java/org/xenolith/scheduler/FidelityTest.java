package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.machine.CostProfile;

/**
 * Holds simulated credit2 and credit against recordings of real Xen, and prints the table.
 *
 * <p>Each recording is simulated from {@value #STARTS} pasts, because credit remembers: the same guests, paused a little
 * later before the recording began, come out up to half a point elsewhere. Shares are the mean of these; run lengths are
 * taken together.
 *
 * <p>Many of these run lengths come in two kinds (1 ms and 3 ms, a tick and 5 ms of work), so that a median falls into the gap
 * between them and jumps from one side to the other at a touch. So it is also said where the recorded median stands among
 * the simulated run lengths: a perfect model has it at 50 %.
 */
class FidelityTest {
    private static final int STARTS = 10;
    private static final CostProfile COSTS = CostProfile.load("qemu-icount");

    static Stream<FidelityScenario> scenarios() {
        return FidelityScenario.ALL.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void givesTheRecordedSharesAndRunLengths(FidelityScenario scenario) {
        Recording recording = scenario.recording(COSTS);
        List<RunIntervals> simulations = LongStream.range(0, STARTS)
                .mapToObj(i -> scenario.simulate(recording, COSTS, 1_500_000_000L + i * 37_000_000L))
                .toList();
        for (int domain : recording.shares.keySet()) {
            checkShare(scenario, recording, simulations, domain);
            checkRunLengths(scenario, recording, simulations, domain);
        }
    }

    private static void checkShare(
            FidelityScenario scenario, Recording recording, List<RunIntervals> simulations, int domain) {
        double[] shares = simulations.stream()
                .mapToDouble(s -> s.share(
                        domain,
                        scenario.atDom0sPoint(recording.windowFrom, recording, s),
                        scenario.atDom0sPoint(recording.windowTo, recording, s)))
                .sorted()
                .toArray();
        double recorded = recording.shares.get(domain);
        double simulated = Arrays.stream(shares).average().orElseThrow();
        print(
                "%-10s dom%d  share %% recorded %5.2f simulated %5.2f (%.2f to %.2f)",
                scenario.name(), domain, recorded, simulated, shares[0], shares[STARTS - 1]);
        assertThat(Math.abs(simulated - recorded))
                .as("%s dom%d share", scenario.name(), domain)
                .isLessThan(scenario.sharesWithin());
    }

    private static void checkRunLengths(
            FidelityScenario scenario, Recording recording, List<RunIntervals> simulations, int domain) {
        long shift = scenario.uptimeNanos() - recording.start;
        long[] real = recording.runs.lengths(domain, recording.quietFrom, recording.quietTo);
        long[] simulated = simulations.stream()
                .flatMapToLong(
                        s -> Arrays.stream(s.lengths(domain, recording.quietFrom + shift, recording.quietTo + shift)))
                .sorted()
                .toArray();
        long median = real[real.length / 2];
        long simulatedMedian = simulated[simulated.length / 2];
        double place = place(median, simulated);
        boolean close = Math.abs(simulatedMedian - median) <= median / 10;
        print(
                "  median run ms recorded %7.4f simulated %7.4f, recorded one at %2.0f %%; runs %d, %d%n",
                median / 1e6, simulatedMedian / 1e6, place, real.length, simulated.length / STARTS);
        assertThat(close || Math.abs(place - 50) <= 10)
                .as("%s dom%d: median %d cycles, simulated %d", scenario.name(), domain, median, simulatedMedian)
                .isTrue();
        assertThat(Math.abs(simulated.length / STARTS - real.length))
                .as("%s dom%d: number of runs", scenario.name(), domain)
                .isLessThanOrEqualTo(real.length / 8);
    }

    /** Percent of {@code lengths} below {@code length}, and half of those that are the same but for 0.2 %. */
    private static double place(long length, long[] lengths) {
        long below =
                Arrays.stream(lengths).filter(l -> l < length - length / 500).count();
        long notAbove =
                Arrays.stream(lengths).filter(l -> l <= length + length / 500).count();
        return 50.0 * (below + notAbove) / lengths.length;
    }

    private static void print(String format, Object... values) {
        System.out.print(String.format(Locale.ROOT, format, values));
    }
}
