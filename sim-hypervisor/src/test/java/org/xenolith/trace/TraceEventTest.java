package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TraceEventTest {
    @Test
    void everyNumberIsDescribedOnceAndFound() {
        Set<Integer> seen = new HashSet<>();
        for (TraceEvent event : TraceEvent.all()) {
            assertThat(seen.add(event.id())).as(event.toString()).isTrue();
            assertThat(TraceEvent.of(event.id())).isSameAs(event);
        }
        assertThat(TraceEvent.of(0x22212)).as("unused number of credit2").isNull();
        assertThat(TraceEvent.of(0x0fffffff)).isNull();
    }

    @Test
    void fieldsFitInARecordAndDoNotOverlap() {
        for (TraceEvent event : TraceEvent.all()) {
            long[] taken = new long[TraceRecord.MAX_WORDS];
            for (TraceField field : event.fields()) {
                assertThat(field.wordsNeeded()).as(event.toString()).isLessThanOrEqualTo(TraceRecord.MAX_WORDS);
                for (int w = field.word(); w < field.wordsNeeded(); w++) {
                    long mask = ((1L << field.bits()) - 1) << field.shift();
                    assertThat(taken[w] & mask).as(event + " word " + w).isZero();
                    taken[w] |= mask;
                }
            }
        }
    }

    @Test
    void runstateChangesCarryTheirStates() {
        assertThat(TraceEvent.runstateChange(TraceEvent.RUNSTATE_RUNNING, TraceEvent.RUNSTATE_BLOCKED))
                .isEqualTo(0x21021);
        for (int from = 0; from < 4; from++) {
            for (int to = 0; to < 4; to++) {
                int event = TraceEvent.runstateChange(from, to);
                assertThat(TraceEvent.isRunstateChange(event)).isTrue();
                assertThat(TraceEvent.oldRunstate(event)).isEqualTo(from);
                assertThat(TraceEvent.newRunstate(event)).isEqualTo(to);
            }
        }
        assertThat(TraceEvent.isRunstateChange(TraceEvent.Sched.CONTINUE_RUNNING))
                .isFalse();
        assertThat(TraceEvent.isRunstateChange(TraceEvent.Sched.DOM_ADD)).isFalse();
    }

    @Test
    void fieldsReadTheirBits() {
        TraceRecord record = new TraceRecord();
        record.event = TraceEvent.Credit2.SCHEDULE;
        record.words = 2;
        record.word[0] = 0x0002_0001;
        record.word[1] = 0x01020304;
        assertThat(valuesOf(record)).containsExactly(1, 2, 4, 3, 2, 1);

        record.event = TraceEvent.Credit2.BURN;
        record.words = 4;
        record.word[0] = TraceEvent.packVcpu(3, 1);
        record.word[1] = -5;
        record.word[2] = Integer.MIN_VALUE;
        record.word[3] = 7;
        assertThat(valuesOf(record)).containsExactly(0x30001, -5, Integer.MIN_VALUE, 7);

        record.event = TraceEvent.Rtds.REPLENISH;
        record.words = 6;
        record.word[2] = 0xffffffff;
        record.word[3] = 1;
        record.word[4] = 0;
        record.word[5] = 0x80000000;
        assertThat(valuesOf(record)).containsExactly(0x30001, 0x1_ffff_ffffL, Long.MIN_VALUE);

        record.event = TraceEvent.Sched.SWITCH;
        record.words = 4;
        record.word[0] = 0x7fff;
        record.word[1] = 2;
        record.word[2] = 0;
        record.word[3] = 3;
        assertThat(valuesOf(record)).containsExactly(0x7fff0002, 3);
    }

    @Test
    void aMaskSelectsByClassAndSubclass() {
        assertThat(TraceEvent.isSelected(TraceEvent.Sched.WAKE, TraceEvent.Sched.CLASS))
                .isTrue();
        assertThat(TraceEvent.isSelected(TraceEvent.Sched.WAKE, TraceEvent.Sched.MINIMAL_CLASS))
                .isFalse();
        assertThat(TraceEvent.isSelected(TraceEvent.Pv.TRAP, TraceEvent.Sched.CLASS))
                .isFalse();
        assertThat(TraceEvent.isSelected(TraceEvent.Pv.TRAP, TraceEvent.ALL_CLASSES))
                .isTrue();
    }

    private static long[] valuesOf(TraceRecord record) {
        return TraceEvent.of(record.event).fields().stream()
                .mapToLong(field -> field.value(record))
                .toArray();
    }
}
