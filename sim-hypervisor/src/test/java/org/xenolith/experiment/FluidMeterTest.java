package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** Lags worked out by hand; a cycle is a nanosecond. */
class FluidMeterTest {
    private static final int RUNNING = TraceEvent.RUNSTATE_RUNNING;
    private static final int RUNNABLE = TraceEvent.RUNSTATE_RUNNABLE;
    private static final int BLOCKED = TraceEvent.RUNSTATE_BLOCKED;
    private static final int OFFLINE = TraceEvent.RUNSTATE_OFFLINE;

    private final Map<Integer, FluidMeter.Claim> claims = new HashMap<>();
    private final FluidMeter meter = new FluidMeter(claims::get, 0, 1000);

    private void change(long at, int domain, int from, int to) {
        TraceRecord r = new TraceRecord();
        r.event = TraceEvent.Sched.RUNSTATE_CHANGE | from << 8 | to << 4;
        r.hasTsc = true;
        r.tsc = at;
        r.words = 1;
        r.word[0] = domain << 16;
        meter.accept(r);
    }

    private void promise(int domain, int weight, int cap) {
        claims.put(domain, new FluidMeter.FixedClaim(weight, cap, 1));
    }

    @Test
    void twoThatTakeTurnsAreFarthestAtTheEndOfATurn() {
        promise(1, 256, 0);
        promise(2, 768, 0);
        change(0, 1, BLOCKED, RUNNABLE);
        change(0, 2, BLOCKED, RUNNABLE);
        for (int t = 0; t < 1000; t += 400) {
            change(t, 1, RUNNABLE, RUNNING);
            change(t + 100, 1, RUNNING, RUNNABLE);
            change(t + 100, 2, RUNNABLE, RUNNING);
            change(t + 400, 2, RUNNING, RUNNABLE);
        }
        assertThat(meter.duePercent(1)).isCloseTo(25, within(0.01));
        assertThat(meter.duePercent(2)).isCloseTo(75, within(0.01));
        // At 100 the first has got 100 and was due 25.
        assertThat(meter.farthestCycles(1)).isEqualTo(75);
        assertThat(meter.farthestCycles(2)).isEqualTo(75);
    }

    @Test
    void whoSleepsIsDueNothingAndLeavesItToTheOthers() {
        promise(1, 256, 0);
        promise(2, 256, 0);
        change(0, 1, RUNNABLE, RUNNING);
        change(0, 2, RUNNABLE, BLOCKED);
        change(600, 2, BLOCKED, RUNNABLE);
        assertThat(meter.duePercent(1)).isCloseTo(80, within(0.01));
        assertThat(meter.duePercent(2)).isCloseTo(20, within(0.01));
        assertThat(meter.farthestCycles(2)).isEqualTo(200);
    }

    @Test
    void whoIsParkedStillWants() {
        promise(1, 256, 30);
        promise(2, 256, 0);
        change(0, 1, BLOCKED, RUNNABLE);
        change(0, 2, BLOCKED, RUNNABLE);
        change(0, 1, RUNNABLE, RUNNING);
        change(300, 1, RUNNING, OFFLINE);
        change(300, 2, RUNNABLE, RUNNING);
        assertThat(meter.duePercent(1)).isCloseTo(30, within(0.01));
        assertThat(meter.duePercent(2)).isCloseTo(70, within(0.01));
        assertThat(meter.farthestCycles(1)).isEqualTo(210);
    }

    @Test
    void aNewWeightCountsFromTheNextChangeOn() {
        int[] weight = {256};
        claims.put(1, new FluidMeter.Claim() {
            @Override
            public int weight() {
                return weight[0];
            }

            @Override
            public int cap() {
                return 0;
            }

            @Override
            public Object pool() {
                return "";
            }

            @Override
            public int pcpus() {
                return 1;
            }
        });
        promise(2, 256, 0);
        change(0, 1, BLOCKED, RUNNABLE);
        change(0, 2, BLOCKED, RUNNABLE);
        change(0, 1, RUNNABLE, RUNNING);
        weight[0] = 768;
        change(500, 1, RUNNING, RUNNABLE);
        assertThat(meter.duePercent(1)).isCloseTo(25 + 37.5, within(0.01));
    }

    @Test
    void ofADomainThatNobodyKnowsNothingIsSaid() {
        change(0, 5, BLOCKED, RUNNABLE);
        assertThat(meter.duePercent(5)).isNull();
        assertThat(meter.farthestCycles(5)).isNull();
    }
}
