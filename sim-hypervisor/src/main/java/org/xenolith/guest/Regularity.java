package org.xenolith.guest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds timers by the regularity of waits: sleeps of one length, periods, the kernel's tick. Whole numbers of ns only, so
 * the same trace gives the same demand on every machine.
 */
final class Regularity {
    /** How many waits before its own a timer may have been set. */
    static final int MOST_BACK = 7;

    /** Wakes by one timer differ by its slop (Xen's timer_slop: up to 50 us) and what Xen is doing when it fires. */
    private static final long JITTER_NANOS = 60_000;

    /** Fewest waits from which a regularity is concluded. */
    private static final int FEWEST = 8;

    /** Waits looked at to find the lengths of sleeps. */
    private static final int SAMPLE = 4096;

    private static final int MOST_LENGTHS = 4;
    private static final long SECOND = 1_000_000_000L;

    /** Rates of Linux's tick, Hz. */
    private static final int[] TICK_HERTZ = {100, 250, 300, 1000};

    private final Waits waits;

    private Regularity(Waits waits) {
        this.waits = waits;
    }

    /**
     * Decides those of {@code waits} that are regular. First what nearly all have in common, a period or a length. Then the
     * tick, because a task that works and sleeps in step with the tick makes tick waits look like long sleeps. Then what
     * is left.
     */
    static void decide(Waits waits) {
        Regularity r = new Regularity(waits);
        int[] open = waits.undecided();
        List<Cluster> own = r.lengths(open, 0);
        int ofALength =
                (int) Arrays.stream(open).filter(i -> r.backOf(i, 0, own) == 0).count();
        if (!r.decideByPeriod(open, ofALength) && 4 * ofALength >= 3 * open.length) {
            r.decideByLength(own, 0);
        }
        r.decideByTick();
        r.decideByLength(r.lengths(waits.undecided(), MOST_BACK), MOST_BACK);
    }

    /** Which of all waits end as those of {@code control} do: by their period, on their tick, or after their lengths. */
    static boolean[] like(Waits waits, int[] control) {
        Regularity r = new Regularity(waits);
        List<Cluster> own = r.lengths(control, 0);
        int ofALength = (int)
                Arrays.stream(control).filter(i -> r.backOf(i, 0, own) == 0).count();
        Grid period = r.period(control, ofALength);
        Grid tick = r.tick(control);
        int[] rest = Arrays.stream(control)
                .filter(i -> !period.holds(waits.wake(i)) && !tick.holds(waits.wake(i)))
                .toArray();
        List<Cluster> lengths = r.lengths(rest, MOST_BACK);
        boolean[] like = new boolean[waits.size];
        for (int i = 0; i < waits.size; i++) {
            like[i] = period.holds(waits.wake(i))
                    || tick.holds(waits.wake(i))
                    || 4 * ofALength >= 3 * control.length && r.backOf(i, 0, own) == 0
                    || r.backOf(i, MOST_BACK, lengths) >= 0;
        }
        return like;
    }

    private void decideByLength(List<Cluster> lengths, int mostBack) {
        for (int i = 0; i < waits.size; i++) {
            // A sleep may end on the tick by chance.
            if (!waits.decided(i) || waits.evidence(i) == WakeEvidence.TICK) {
                int back = backOf(i, mostBack, lengths);
                if (back >= 0) {
                    waits.decideSleep(i, back, WakeEvidence.SAME_LENGTH);
                }
            }
        }
    }

    /** The lengths that sleeps have: from a block, or one up to {@code mostBack} waits before it, to the wake. */
    private List<Cluster> lengths(int[] open, int mostBack) {
        int[] sample = Arrays.copyOf(open, Math.min(open.length, SAMPLE));
        List<Cluster> lengths = new ArrayList<>();
        while (lengths.size() < MOST_LENGTHS) {
            Cluster best = new Cluster(0, 0, 0);
            for (int back = 0; back <= mostBack; back++) {
                Cluster densest = Cluster.densest(unexplained(sample, back, mostBack, lengths), JITTER_NANOS);
                // A sleep and the burst before it may be regular too; the later block is the likelier one.
                if (densest.count() > best.count() + best.count() / 10) {
                    best = densest;
                }
            }
            if (best.count() < FEWEST || 8 * best.count() < sample.length) {
                return lengths;
            }
            lengths.add(best);
        }
        return lengths;
    }

    /** Sorted lengths from {@code back} waits before to the wake, of those waits that {@code lengths} do not explain. */
    private long[] unexplained(int[] sample, int back, int mostBack, List<Cluster> lengths) {
        long[] values = new long[sample.length];
        int n = 0;
        for (int i : sample) {
            if (i >= back && backOf(i, mostBack, lengths) < 0) {
                values[n++] = waits.wake(i) - waits.block(i - back);
            }
        }
        values = Arrays.copyOf(values, n);
        Arrays.sort(values);
        return values;
    }

    /** How many waits before {@code i} the timer was set if one of {@code lengths} explains it, else -1. */
    private int backOf(int i, int mostBack, List<Cluster> lengths) {
        for (int back = 0; back <= Math.min(i, mostBack); back++) {
            long length = waits.wake(i) - waits.block(i - back);
            for (Cluster c : lengths) {
                if (c.holds(length, JITTER_NANOS / 2)) {
                    return back;
                }
            }
        }
        return -1;
    }

    /** Takes wakes for absolute timers if a period explains clearly more of them than lengths do. */
    private boolean decideByPeriod(int[] open, int ofALength) {
        Grid grid = period(open, ofALength);
        for (int i : open) {
            if (grid.holds(waits.wake(i))) {
                waits.decide(i, DemandStep.SLEEP_UNTIL, WakeEvidence.SAME_PERIOD);
            }
        }
        return grid.period > 0;
    }

    /** A period that explains most of the wakes of {@code open} and clearly more than the {@code ofALength} lengths do. */
    private Grid period(int[] open, int ofALength) {
        if (open.length < FEWEST) {
            return Grid.NONE;
        }
        long[] intervals = new long[open.length - 1];
        for (int k = 1; k < open.length; k++) {
            intervals[k - 1] = waits.wake(open[k]) - waits.wake(open[k - 1]);
        }
        Arrays.sort(intervals);
        long guess = intervals[intervals.length / 2];
        long span = waits.wake(open[open.length - 1]) - waits.wake(open[0]);
        if (guess <= 4 * JITTER_NANOS || span < guess || isTick(guess)) {
            return Grid.NONE;
        }
        // The median interval is off by jitter; over the whole span that does not matter.
        long period = span / ((span + guess / 2) / guess);
        Cluster phase = Cluster.densestPhase(wakes(open), period, JITTER_NANOS);
        if (4 * phase.count() < 3 * open.length || phase.count() <= ofALength + ofALength / 10) {
            return Grid.NONE;
        }
        return new Grid(phase, period);
    }

    private static boolean isTick(long interval) {
        return Arrays.stream(TICK_HERTZ).anyMatch(hertz -> Math.abs(interval - SECOND / hertz) <= JITTER_NANOS);
    }

    private void decideByTick() {
        int[] open = waits.undecided();
        Grid tick = tick(open);
        if (tick.period > 0) {
            waits.setTick(tick.phase.low(), tick.period);
            for (int i : open) {
                if (tick.holds(waits.wake(i))) {
                    waits.decide(i, DemandStep.SLEEP_TO_TICK, WakeEvidence.TICK);
                }
            }
        }
    }

    /** The kernel's tick, by the wakes of {@code open}. */
    private Grid tick(int[] open) {
        long[] wakes = wakes(open);
        Grid best = Grid.NONE;
        long bestScore = 0;
        for (int hertz : TICK_HERTZ) {
            long period = SECOND / hertz;
            Cluster phase = Cluster.densestPhase(wakes, period, JITTER_NANOS);
            long byChance = open.length * JITTER_NANOS / period;
            long score = phase.count() - 4 * byChance;
            if (phase.count() >= FEWEST && score > bestScore) {
                best = new Grid(phase, period);
                bestScore = score;
            }
        }
        return 8 * best.phase.count() >= open.length ? best : Grid.NONE;
    }

    /** Times at one phase of a period; a period of 0 holds none. */
    private record Grid(Cluster phase, long period) {
        static final Grid NONE = new Grid(new Cluster(0, 0, 0), 0);

        boolean holds(long time) {
            return period > 0 && phase.holdsPhase(time, period);
        }
    }

    private long[] wakes(int[] which) {
        long[] times = new long[which.length];
        for (int k = 0; k < which.length; k++) {
            times[k] = waits.wake(which[k]);
        }
        return times;
    }
}
