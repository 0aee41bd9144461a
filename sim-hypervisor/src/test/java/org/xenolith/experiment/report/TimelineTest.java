package org.xenolith.experiment.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

class TimelineTest {
    private static final int RUNNING = TraceEvent.RUNSTATE_RUNNING;
    private static final int RUNNABLE = TraceEvent.RUNSTATE_RUNNABLE;
    private static final int BLOCKED = TraceEvent.RUNSTATE_BLOCKED;

    private final Timeline timeline = new Timeline();

    private void change(long tsc, int cpu, int domain, int vcpu, int from, int to) {
        TraceRecord r = new TraceRecord();
        r.tsc = tsc;
        r.cpu = cpu;
        r.event = TraceEvent.runstateChange(from, to);
        r.words = 1;
        r.word[0] = TraceEvent.packVcpu(domain, vcpu);
        timeline.accept(r);
    }

    @Test
    void firstRecordTellsWhatWasBefore() {
        change(100, 0, 1, 0, RUNNING, BLOCKED);
        change(250, 1, 2, 3, RUNNABLE, RUNNING);
        timeline.finish(400);
        assertThat(timeline.vcpus()).hasSize(2);
        assertThat(timeline.pcpus()).isEqualTo(2);
        Timeline.Vcpu second = timeline.vcpus().get(1);
        assertThat(second.domain()).isEqualTo(2);
        assertThat(second.id()).isEqualTo(3);
        assertThat(second.size()).isEqualTo(2);
        assertThat(second.start(0)).isEqualTo(100);
        assertThat(second.state(0)).isEqualTo(RUNNABLE);
        assertThat(second.start(1)).isEqualTo(second.end(0)).isEqualTo(250);
        assertThat(second.state(1)).isEqualTo(RUNNING);
        assertThat(second.pcpu(1)).isEqualTo(1);
        assertThat(second.end(1)).isEqualTo(400);
    }

    @Test
    void contradictionIsUnknownAndNotInvented() {
        change(100, 0, 1, 0, BLOCKED, RUNNABLE);
        change(200, 0, 1, 0, RUNNABLE, RUNNING);
        change(300, 0, 1, 0, BLOCKED, RUNNABLE);
        Timeline.Vcpu v = timeline.vcpus().get(0);
        assertThat(v.state(2)).isEqualTo(Timeline.UNKNOWN);
        assertThat(v.state(1)).isEqualTo(RUNNABLE);
        assertThat(v.state(3)).isEqualTo(RUNNABLE);
    }

    @Test
    void timeThatGoesBackIsHeld() {
        change(100, 0, 1, 0, BLOCKED, RUNNABLE);
        change(500, 0, 1, 0, RUNNABLE, RUNNING);
        change(400, 1, 1, 0, RUNNING, BLOCKED);
        Timeline.Vcpu v = timeline.vcpus().get(0);
        assertThat(v.start(3)).isEqualTo(500);
        assertThat(timeline.endTsc()).isEqualTo(500);
    }

    @Test
    void idleVcpusAndOtherRecordsAreNoVcpus() {
        change(100, 3, TraceEvent.IDLE_DOMAIN, 3, RUNNABLE, RUNNING);
        TraceRecord lost = new TraceRecord();
        lost.event = TraceEvent.Gen.LOST_RECORDS;
        lost.tsc = 150;
        lost.words = 4;
        lost.word[0] = 17;
        timeline.accept(lost);
        assertThat(timeline.vcpus()).isEmpty();
        assertThat(timeline.pcpus()).isEqualTo(4);
        assertThat(timeline.lostRecords()).isEqualTo(17);
    }

    @Test
    void anEmptyTraceHasNoTime() {
        timeline.finish(0);
        assertThat(timeline.startTsc()).isZero();
        assertThat(timeline.endTsc()).isZero();
        assertThat(timeline.vcpus()).isEmpty();
        assertThat(timeline.intervals()).isZero();
    }

    @Property(tries = 100)
    void intervalsFillTheWholeTrace(@ForAll @Size(min = 1, max = 80) List<@IntRange(max = 1000) Integer> steps) {
        Timeline walked = new Timeline();
        TraceRecord r = new TraceRecord();
        r.words = 1;
        int[] state = {3, 2, 1};
        for (int step : steps) {
            r.tsc += step;
            int who = step % 3;
            r.word[0] = TraceEvent.packVcpu(5 + who, who * 40);
            int next = (state[who] + 1 + step % 2) % 4;
            r.event = TraceEvent.runstateChange(state[who], next);
            state[who] = next;
            walked.accept(r);
        }
        walked.finish(r.tsc + 10);
        for (Timeline.Vcpu v : walked.vcpus()) {
            assertThat(v.start(0)).isEqualTo(walked.startTsc());
            assertThat(v.end(v.size() - 1)).isEqualTo(walked.endTsc());
            assertThat(v.state(v.size() - 1)).isEqualTo(state[v.domain() - 5]);
            for (int i = 1; i < v.size(); i++) {
                assertThat(v.start(i)).isEqualTo(v.end(i - 1)).isGreaterThanOrEqualTo(v.start(i - 1));
                assertThat(v.state(i)).isNotEqualTo(Timeline.UNKNOWN);
            }
        }
    }
}
