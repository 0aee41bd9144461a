package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Holds the order of trace records and the length of what they carry against real Xen's: which record follows which says
 * what path the scheduler took. Pairs seen less than twenty times in four runs, at the toolstack's pauses, are let pass.
 */
class RecordOrderTest {
    private static final int ALL_SCHEDULING = 0x0002f000;

    /** Which record followed which how often, and how many words each carried. */
    private static final class Pairs implements TraceSink {
        private final Map<String, Integer> counts = new TreeMap<>();
        private final Map<String, Integer> words = new TreeMap<>();
        private int last = -1;

        @Override
        public void accept(TraceRecord r) {
            if (r.event >>> 16 != 2) {
                return;
            }
            words.put(Integer.toHexString(r.event), r.words);
            if (last >= 0) {
                counts.merge(Integer.toHexString(last) + " " + Integer.toHexString(r.event), 1, Integer::sum);
            }
            last = r.event;
        }

        private Stream<String> seen(int times) {
            return counts.entrySet().stream().filter(e -> e.getValue() >= times).map(Map.Entry::getKey);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"credit2", "credit"})
    void emitsRealXensRecordsInRealXensOrder(String scheduler) {
        CostProfile costs = CostProfile.load("qemu-icount");
        Pairs real = new Pairs();
        Pairs simulated = new Pairs();
        for (FidelityScenario scenario : FidelityScenario.ALL) {
            if (scenario.name().startsWith(scheduler + " ")) {
                read(scenario.file(), real);
                scenario.simulate(scenario.recording(costs), costs, 1_500_000_000L, ALL_SCHEDULING, simulated);
            }
        }
        check(real, simulated);
    }

    @Test
    void emitsRealXensRecordsInRealXensOrderUnderRtds() {
        CostProfile costs = CostProfile.load("qemu-icount");
        Pairs real = new Pairs();
        Pairs simulated = new Pairs();
        for (RtdsScenario scenario : RtdsScenario.ALL) {
            read(scenario.file(), real);
            scenario.simulate(scenario.recording(costs), costs, ALL_SCHEDULING, simulated);
        }
        check(real, simulated);
    }

    private static void check(Pairs real, Pairs simulated) {
        assertThat(simulated.seen(20)).isSubsetOf(real.counts.keySet());
        assertThat(real.seen(100)).isSubsetOf(simulated.counts.keySet());
        simulated.words.forEach((event, words) ->
                assertThat(words).as("words of event %s", event).isEqualTo(real.words.getOrDefault(event, words)));
    }

    private static void read(Path trace, Pairs into) {
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord r = new TraceRecord();
            while (reader.next(r)) {
                into.accept(r);
            }
        }
    }
}
