package org.xenolith.experiment.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceEvent.Credit2;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;

class RecordedDecisionsTest {
    private static final Path TRACES = Path.of("..", "traces", "xen-4.17");
    private static final int A = TraceEvent.packVcpu(1, 0);
    private static final int B = TraceEvent.packVcpu(2, 0);

    private final DecisionLog log = new DecisionLog(1_000_000);
    private final RecordedDecisions decisions = new RecordedDecisions(log);

    private void record(int cpu, long tsc, int event, int... words) {
        TraceRecord r = new TraceRecord();
        r.cpu = cpu;
        r.tsc = tsc;
        r.event = event;
        r.words = words.length;
        System.arraycopy(words, 0, r.word, 0, words.length);
        decisions.accept(r);
    }

    @Test
    void decisionsOfTwoPcpusInterleave() {
        record(0, 10, Credit2.SCHEDULE, 0, 0);
        record(1, 11, Credit2.SCHEDULE, 1, 0);
        record(0, 12, Credit2.CANDIDATE, A, -1, 500);
        record(1, 13, Credit2.CANDIDATE, B, -1, 700);
        record(1, 14, Sched.SWITCH_INFNEXT, 2, 0, 99, 2000);
        record(0, 15, Sched.SWITCH_INFNEXT, 1, 0, 99, 1000);
        assertThat(log.size()).isEqualTo(2);
        assertThat(log.pcpu(0)).isEqualTo(1);
        assertThat(log.tsc(0)).isEqualTo(11);
        assertThat(log.next(0)).isEqualTo(B);
        assertThat(log.sliceNanos(0)).isEqualTo(2000);
        assertThat(log.next(1)).isEqualTo(A);
        assertThat(log.value(log.consideredBegin(1))).isEqualTo(500);
        assertThat(log.verdict(log.consideredBegin(1))).isEqualTo("taken");
    }

    @Test
    void ratelimitIsAReason() {
        record(0, 1, Credit2.SCHEDULE, 0, 0);
        record(0, 2, Sched.SWITCH_INFNEXT, 1, 0, 0, 10_000_000);
        record(0, 3, Credit2.SCHEDULE, 0, 0);
        record(0, 4, Credit2.BURN, A, 9_000_000, 1, 400);
        record(0, 5, Credit2.RATELIMIT, A, 400);
        record(0, 6, Sched.SWITCH_INFCONT, 1, 0, 400, 999_600);
        assertThat(log.current(1)).isEqualTo(A);
        assertThat(log.next(1)).isEqualTo(A);
        assertThat(log.value(log.consideredBegin(1))).isEqualTo(9_000_000);
        assertThat(log.verdict(log.consideredBegin(1))).isEqualTo("goes on");
        assertThat(log.reason(log.reasonsBegin(1))).startsWith("ratelimit");
        assertThat(log.reasonValue(log.reasonsBegin(1))).isEqualTo(400);
    }

    @Test
    void realXenTellsWhyEveryGuestRan() {
        Timeline timeline = new Timeline();
        TraceRecord r = new TraceRecord();
        try (MergedReader reader = MergedReader.open(TRACES.resolve("credit2/s4-all.trc.xz"))) {
            while (reader.next(r)) {
                timeline.accept(r);
                decisions.accept(r);
            }
        }
        Map<Long, Integer> decided = new HashMap<>();
        for (int d = 0; d < log.size(); d++) {
            decided.put(log.tsc(d), log.next(d));
        }
        long[] times =
                decided.keySet().stream().mapToLong(Long::longValue).sorted().toArray();
        long explained = 0;
        long runs = 0;
        for (Timeline.Vcpu v : timeline.vcpus()) {
            for (int i = 1; i < v.size(); i++) {
                if (v.state(i) == TraceEvent.RUNSTATE_RUNNING) {
                    int at = java.util.Arrays.binarySearch(times, v.start(i));
                    int before = at >= 0 ? at : -at - 2;
                    runs++;
                    explained += decided.get(times[before]) == TraceEvent.packVcpu(v.domain(), v.id()) ? 1 : 0;
                }
            }
        }
        assertThat(runs).isGreaterThan(4000);
        assertThat(explained).isEqualTo(runs);
        assertThat(timeline.vcpus()).hasSize(5);
        assertThat(timeline.pcpus()).isEqualTo(1);
    }
}
