package org.xenolith.guest;

import java.util.Arrays;

/**
 * Finds sleeps that a slow scheduler hid. A task sleeps; the tick wakes its kernel; before the vCPU runs, the task's own
 * timer expires too. So one wait is seen, with the tick's length, and then the task works at once. Served at once, the
 * kernel would have handled its tick and gone back to sleep.
 *
 * <p>Where a vCPU's sleeps have a known length, and it is seen to handle ticks in between, such a wait is told by its dates:
 * it ended before the sleep was over, and the vCPU ran only after, and did more than ticks take or as much as after a sleep.
 */
final class HiddenSleeps {
    private static final int FEWEST = 8;

    /** A kernel that is awake takes a timer that is due within this as expired; asleep it has it end later, with others. */
    private static final long SLACK_NANOS = 60_000;

    private final Waits waits;
    private final long length;
    private final long tickWork;
    private final long sleepWork;

    private HiddenSleeps(Waits waits, long length, long tickWork, long sleepWork) {
        this.waits = waits;
        this.length = length;
        this.tickWork = tickWork;
        this.sleepWork = sleepWork;
    }

    /** Marks them in {@code waits}. */
    static void find(Waits waits) {
        long[] lengths = new long[waits.size];
        long[] bursts = new long[waits.size];
        long[] tickWork = new long[waits.size];
        int n = 0;
        int ticks = 0;
        for (int i = 0; i < waits.size; i++) {
            if (waits.evidence(i) == WakeEvidence.SAME_LENGTH) {
                bursts[n] = waits.burst(i);
                lengths[n++] = waits.wake(i) - waits.block(i - waits.back(i));
                if (waits.back(i) > 0 && waits.evidence(i - 1) == WakeEvidence.TICK && !waits.sent(i - 1)) {
                    tickWork[ticks++] = waits.burst(i - 1);
                }
            }
        }
        if (n < FEWEST || (ticks < FEWEST && waits.tickPeriod() == 0)) {
            return;
        }
        long sleepWork = median(bursts, n);
        waits.setSleepWork(sleepWork);
        // A scheduler may be so slow that it serves no sleep's tick in time; then what other ticks take must do.
        long work = ticks >= FEWEST ? median(tickWork, ticks) : waits.tickWork();
        new HiddenSleeps(waits, median(lengths, n), Math.max(1, work), sleepWork).mark();
    }

    private static long median(long[] values, int n) {
        Arrays.sort(values, 0, n);
        return values[n / 2];
    }

    private void mark() {
        for (int i = 0; i < waits.size; i++) {
            boolean tick = waits.evidence(i) == WakeEvidence.TICK || waits.evidence(i) == WakeEvidence.ASSUMED;
            if (tick && (!isTickWork(waits.burst(i)) || waits.sent(i)) && !isAnchor(i)) {
                long over = waits.block(i - back(i)) + length;
                if (over > waits.wake(i) && over <= waits.started(i) + tickWork + SLACK_NANOS) {
                    waits.hide(i, tickWork, back(i), length);
                }
            }
        }
    }

    /** How many waits before {@code i} the sleep began: at the last block that was not one after a tick. */
    private int back(int i) {
        int back = 0;
        while (back < i && back < Regularity.MOST_BACK - 1 && isTickWork(waits.burst(i - back - 1))) {
            back++;
        }
        return back;
    }

    private boolean isTickWork(long burst) {
        return burst <= 3 * tickWork && 2 * burst < sleepWork;
    }

    /** Whether a later timer was set at wait {@code i} or before, so that nothing may be put in between. */
    private boolean isAnchor(int i) {
        for (int later = i + 1; later < waits.size && later <= i + Regularity.MOST_BACK; later++) {
            if (later - waits.back(later) <= i) {
                return true;
            }
        }
        return false;
    }
}
