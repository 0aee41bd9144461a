package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.xenolith.machine.CostProfile;
import org.xenolith.scheduler.RunIntervals.Run;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;

/**
 * The recording that {@link FidelityTest} meets least, {@code credit s4}, with more taken from the trace: d does what it was
 * recorded doing, and all begin with the credits they had.
 *
 * <p>No record tells credits. Those in the recording's description were found by {@link CreditSearch}: with them every recorded
 * decision comes out when the scheduler is led through the recording. Here it is not led: once begun, it goes its own way.
 */
class FidelityFromTraceTest {
    private static final CostProfile COSTS = CostProfile.load("qemu-icount");
    private static final FidelityScenario SCENARIO = FidelityScenario.ALL.stream()
            .filter(s -> s.name().equals("credit s4"))
            .findFirst()
            .orElseThrow();
    private static final Recording RECORDING = SCENARIO.recording(COSTS);

    /** Runs that begin within this of each other are the same, ns: a tick comes some 50 us late if another timer has just expired. */
    private static final long NEAR = 60_000;

    /**
     * So many of 1361 runs must be the recorded ones. What comes then hangs on a single credit of some hundred: d has one more
     * left here than it had, and is boosted.
     */
    private static final int RUNS = 368;

    private static final double SHARES_WITHIN = 0.2;

    /** Begins with {@code more} credits than the recording for a guest. */
    private static RunIntervals simulate(IntUnaryOperator more) {
        Map<Integer, Integer> credits = TraceDescription.load(SCENARIO.file()).domains().stream()
                .collect(Collectors.toMap(DomainDescription::id, d -> d.credit() + more.applyAsInt(d.id())));
        return SCENARIO.simulateWith(RECORDING, COSTS, credits);
    }

    /** How many runs go the recorded way. */
    private static int same(RunIntervals runs) {
        long shift = SCENARIO.uptimeNanos() - RECORDING.start;
        List<Run> recorded = RECORDING.runs.since(RECORDING.start);
        List<Run> simulated = runs.since(recorded.get(0).from() + shift - NEAR);
        int same = 0;
        while (isSame(recorded.get(same), simulated.get(same), shift)) {
            same++;
        }
        return same;
    }

    @Test
    void goesTheRecordedWayRunByRun() {
        int same = same(simulate(domain -> 0));
        List<Run> recorded = RECORDING.runs.since(RECORDING.start);

        System.out.printf(
                Locale.ROOT,
                "credit s4 from its credits: %d of %d runs as recorded, until %.3f s%n",
                same,
                recorded.size(),
                (recorded.get(same).from() - RECORDING.start) / 1e9);
        assertThat(same).isGreaterThanOrEqualTo(RUNS);
    }

    private static boolean isSame(Run recorded, Run simulated, long shift) {
        return recorded.domain() == simulated.domain() && Math.abs(simulated.from() - shift - recorded.from()) < NEAR;
    }

    @Test
    void threeCreditsMoreOrLessChangeTheWay() {
        for (int i = 0; i < 1 << 4; i++) {
            int guests = i << 1; // not dom0
            RunIntervals runs = simulate(domain -> domain == 0 ? 0 : (guests >> domain & 1) == 0 ? -3 : 3);
            int same = same(runs);
            System.out.printf(
                    Locale.ROOT, "credit s4 from three credits more or less: a %.2f, %d runs%n", share(runs, 1), same);
            assertThat(same).isLessThan(RUNS / 2);
        }
    }

    /** Percent of the steady window. */
    private static double share(RunIntervals runs, int domain) {
        return runs.share(
                domain,
                SCENARIO.atDom0sPoint(RECORDING.windowFrom, RECORDING, runs),
                SCENARIO.atDom0sPoint(RECORDING.windowTo, RECORDING, runs));
    }

    @Test
    void sharesComeOut() {
        RunIntervals runs = simulate(domain -> 0);
        RECORDING.shares.forEach((domain, share) -> {
            double simulated = share(runs, domain);
            System.out.printf(
                    Locale.ROOT, "credit s4 from its credits: dom%d %.2f, recorded %.2f%n", domain, simulated, share);
            assertThat(Math.abs(simulated - share)).as("dom%d", domain).isLessThan(SHARES_WITHIN);
        });
    }
}
