package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceDescription;

/**
 * The recording that {@link FidelityTest} meets least, {@code credit s4}, with more taken from the trace: d does what it was
 * recorded doing, and the guests begin with the credits they had.
 *
 * <p>No record tells credits. Those in the recording's description were found by {@link CreditSearch}: with them every recorded
 * decision comes out. Others do, too, so all of them are varied by {@value #OPEN}.
 */
class FidelityFromTraceTest {
    private static final int OPEN = 3;
    private static final CostProfile COSTS = CostProfile.load("qemu-icount");

    @Test
    void sharesComeOutWhenCreditsAreThoseOfTheRecording() {
        FidelityScenario scenario = FidelityScenario.ALL.stream()
                .filter(s -> s.name().equals("credit s4"))
                .findFirst()
                .orElseThrow();
        Recording recording = scenario.recording(COSTS);
        TraceDescription description = TraceDescription.load(scenario.file());
        int variants = 1 << 4;
        double[] mean = new double[5];
        for (int i = 0; i < variants; i++) {
            RunIntervals runs = scenario.simulateWith(
                    recording,
                    COSTS,
                    Map.of(
                            1, credit(description, 1) + open(i, 0),
                            2, credit(description, 2) + open(i, 1),
                            3, credit(description, 3) + open(i, 2),
                            4, credit(description, 4) + open(i, 3)));
            long from = scenario.atDom0sPoint(recording.windowFrom, recording, runs);
            long to = scenario.atDom0sPoint(recording.windowTo, recording, runs);
            IntStream.range(0, mean.length).forEach(d -> mean[d] += runs.share(d, from, to) / variants);
        }
        recording.shares.forEach((domain, share) -> {
            System.out.print(String.format(
                    Locale.ROOT,
                    "credit s4 from its credits: dom%d %.2f, recorded %.2f%n",
                    domain,
                    mean[domain],
                    share));
            assertThat(Math.abs(mean[domain] - share)).as("dom%d", domain).isLessThan(0.3);
        });
    }

    private static int credit(TraceDescription description, int domain) {
        return description.domain(domain).credit();
    }

    private static int open(int variant, int bit) {
        return (variant >> bit & 1) == 0 ? -OPEN : OPEN;
    }
}
