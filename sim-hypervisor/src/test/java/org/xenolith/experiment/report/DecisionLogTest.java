package org.xenolith.experiment.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DecisionLogTest {
    @Test
    void keepsTheFirstAndCountsTheRest() {
        DecisionLog log = new DecisionLog(2);
        for (int i = 0; i < 5; i++) {
            log.begin(i, 100L * i, DecisionLog.IDLE);
            log.consider(i, "credit", 7, "best");
            log.because("reason", i);
            log.end(i, 1000);
        }
        assertThat(log.size()).isEqualTo(2);
        assertThat(log.dropped()).isEqualTo(3);
        assertThat(log.pcpu(1)).isEqualTo(1);
        assertThat(log.consideredBegin(2)).isEqualTo(2);
        assertThat(log.reasonsBegin(2)).isEqualTo(2);
        assertThat(log.texts()).containsExactly("credit", "best", "reason");
    }

    @Test
    void aDecisionThatNeverEndedIsForgotten() {
        DecisionLog log = new DecisionLog(10);
        log.begin(0, 1, 11);
        log.consider(11, "credit", 1, "goes on");
        log.end(11, -1);
        log.begin(1, 2, 12);
        log.consider(12, "credit", 2, "best");
        log.because("the scheduler threw", 0);
        log.begin(2, 3, 13);
        log.consider(13, "credit", 3, "best");
        log.end(13, 5);
        assertThat(log.size()).isEqualTo(2);
        assertThat(log.tsc(1)).isEqualTo(3);
        assertThat(log.pcpu(1)).isEqualTo(2);
        assertThat(log.current(1)).isEqualTo(13);
        assertThat(log.next(1)).isEqualTo(13);
        assertThat(log.sliceNanos(1)).isEqualTo(5);
        assertThat(log.reasonsBegin(2)).isZero();
        assertThat(log.unit(log.consideredBegin(1))).isEqualTo(13);
        assertThat(log.value(log.consideredBegin(1))).isEqualTo(3);
        assertThat(log.consideredBegin(2)).isEqualTo(2);
    }
}
