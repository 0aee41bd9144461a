package org.xenolith.scheduler;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceRecord;

/**
 * Holds simulated credit2 and credit against recordings of real Xen, and prints the table: shares within
 * {@value #SHARES_WITHIN} points, and the distributions of run lengths and of waits after waking with a Kolmogorov-Smirnov
 * distance below {@value #DISTANCE_BELOW}. What misses that is in {@link #EXCEPTIONS}, with the bound that it keeps.
 *
 * <p>Each recording is simulated from {@value #STARTS} pasts, because credit remembers: the same guests, paused a little
 * later before the recording began, come out up to half a point elsewhere. Shares are the mean of these; run lengths and waits are
 * taken together.
 */
class FidelityTest {
    private static final double SHARES_WITHIN = 0.2;
    private static final double DISTANCE_BELOW = 0.15;

    /** How near the number of runs must come, of the recorded. */
    private static final double NUMBER_WITHIN = 0.125;

    /**
     * Times that differ by less count as equal, ns. Where every instruction takes the same time, most runs and waits have one of a
     * few lengths, and a step that is off by more than nothing counts whole. The cost profile has medians over all wakes and all
     * decisions; one that preempts writes some six trace records more than most, at 0.8 us each, and credit's wakes fewer.
     */
    private static final long RESOLUTION = 10_000;

    /** Fewer than this say nothing of a distribution. */
    private static final int LEAST_SAMPLE = 30;

    private static final int STARTS = 10;
    private static final CostProfile COSTS = CostProfile.load("qemu-icount");

    /** What does not come as close, and how close it comes. */
    private static final Map<String, Double> EXCEPTIONS = Map.of(
            // b's credits are halved whenever it has too many, 15 ms each time: six times in the recording, one to four
            // times here.
            "credit s4 dom1 share", 0.7,
            "credit s4 dom2 share", 0.6,
            "credit s4 dom1 number", 0.14,
            // Three seconds only: the ten pasts lie between 47.1 and 48.7.
            "credit p1 dom2 share", 0.35);

    static Stream<FidelityScenario> scenarios() {
        return FidelityScenario.ALL.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void givesTheRecordedSharesAndDistributions(FidelityScenario scenario) {
        Recording recording = scenario.recording(COSTS);
        WakeLatencies recordedWakes = read(scenario);
        List<Simulated> simulations = LongStream.range(0, STARTS)
                .mapToObj(i -> simulate(scenario, recording, 1_500_000_000L + i * 37_000_000L))
                .toList();
        SoftAssertions checks = new SoftAssertions();
        for (int domain : recording.shares.keySet()) {
            String who = scenario.name() + " dom" + domain;
            checkShare(checks, who, scenario, recording, simulations, domain);
            checkRunLengths(checks, who, scenario, recording, simulations, domain);
            checkWaits(checks, who, scenario, recording, recordedWakes, simulations, domain);
        }
        checks.assertAll();
    }

    /** Who ran when in one simulation, and how long it waited before. */
    private record Simulated(RunIntervals runs, WakeLatencies wakes) {}

    private static Simulated simulate(FidelityScenario scenario, Recording recording, long ranBefore) {
        Simulated simulated = new Simulated(new RunIntervals(), new WakeLatencies());
        scenario.simulate(recording, COSTS, ranBefore, 0x00021000, r -> {
            simulated.runs.accept(r);
            simulated.wakes.accept(r);
        });
        return simulated;
    }

    private static WakeLatencies read(FidelityScenario scenario) {
        WakeLatencies latencies = new WakeLatencies();
        try (MergedReader reader = MergedReader.open(scenario.file())) {
            TraceRecord r = new TraceRecord();
            while (reader.next(r)) {
                latencies.accept(r);
            }
        }
        return latencies;
    }

    private static void checkShare(
            SoftAssertions checks,
            String who,
            FidelityScenario scenario,
            Recording recording,
            List<Simulated> simulations,
            int domain) {
        double[] shares = simulations.stream()
                .map(Simulated::runs)
                .mapToDouble(s -> s.share(
                        domain,
                        scenario.atDom0sPoint(recording.windowFrom, recording, s),
                        scenario.atDom0sPoint(recording.windowTo, recording, s)))
                .sorted()
                .toArray();
        double recorded = recording.shares.get(domain);
        double simulated = Arrays.stream(shares).average().orElseThrow();
        print(
                "%-15s share %% recorded %5.2f simulated %5.2f (%.2f to %.2f)",
                who, recorded, simulated, shares[0], shares[STARTS - 1]);
        checks.assertThat(Math.abs(simulated - recorded))
                .as("%s: share", who)
                .isLessThan(EXCEPTIONS.getOrDefault(who + " share", SHARES_WITHIN));
    }

    private static void checkRunLengths(
            SoftAssertions checks,
            String who,
            FidelityScenario scenario,
            Recording recording,
            List<Simulated> simulations,
            int domain) {
        long shift = scenario.uptimeNanos() - recording.start;
        long[] real = recording.runs.lengths(domain, recording.quietFrom, recording.quietTo);
        long[] simulated =
                all(simulations, s -> s.runs.lengths(domain, recording.quietFrom + shift, recording.quietTo + shift));
        double distance = KolmogorovSmirnov.distance(real, simulated, RESOLUTION);
        print(
                "  run ms, median recorded %7.4f simulated %7.4f; runs %d, %d; distance %.3f",
                real[real.length / 2] / 1e6,
                simulated[simulated.length / 2] / 1e6,
                real.length,
                simulated.length / STARTS,
                distance);
        checks.assertThat(distance)
                .as("%s: distance of run lengths", who)
                .isLessThan(EXCEPTIONS.getOrDefault(who + " runs", DISTANCE_BELOW));
        checks.assertThat(Math.abs((double) simulated.length / STARTS / real.length - 1))
                .as("%s: number of runs", who)
                .isLessThan(EXCEPTIONS.getOrDefault(who + " number", NUMBER_WITHIN));
    }

    private static void checkWaits(
            SoftAssertions checks,
            String who,
            FidelityScenario scenario,
            Recording recording,
            WakeLatencies recordedWakes,
            List<Simulated> simulations,
            int domain) {
        long shift = scenario.uptimeNanos() - recording.start;
        long[] real = recordedWakes.latencies(domain, recording.quietFrom, recording.quietTo);
        if (real.length < LEAST_SAMPLE) {
            print("; waits -%n");
            return;
        }
        long[] simulated = all(
                simulations, s -> s.wakes.latencies(domain, recording.quietFrom + shift, recording.quietTo + shift));
        double distance = KolmogorovSmirnov.distance(real, simulated, RESOLUTION);
        print("; waits %d, %d; distance %.3f%n", real.length, simulated.length / STARTS, distance);
        checks.assertThat(distance)
                .as("%s: distance of waits", who)
                .isLessThan(EXCEPTIONS.getOrDefault(who + " waits", DISTANCE_BELOW));
    }

    private static long[] all(List<Simulated> simulations, Function<Simulated, long[]> values) {
        return simulations.stream()
                .flatMapToLong(s -> Arrays.stream(values.apply(s)))
                .sorted()
                .toArray();
    }

    private static void print(String format, Object... values) {
        System.out.print(String.format(Locale.ROOT, format, values));
    }
}
