package org.xenolith.guest;

import java.util.Arrays;

/**
 * The window of a given width that holds most of some values.
 *
 * @param low lowest value in it
 * @param high highest value in it
 * @param count how many values are in it
 */
record Cluster(long low, long high, int count) {
    /** Of {@code values} (sorted), the densest window of {@code width} plus one thousandth of the value; the lowest of equals. */
    static Cluster densest(long[] values, long width) {
        Cluster best = new Cluster(0, 0, 0);
        int first = 0;
        for (int last = 0; last < values.length; last++) {
            while (values[last] - values[first] > width + values[last] / 1000) {
                first++;
            }
            if (last - first + 1 > best.count) {
                best = new Cluster(values[first], values[last], last - first + 1);
            }
        }
        return best;
    }

    /** Of {@code times} modulo {@code period}, the densest window of {@code width}; high may exceed the period. */
    static Cluster densestPhase(long[] times, long period, long width) {
        long[] phases = new long[2 * times.length];
        for (int i = 0; i < times.length; i++) {
            phases[i] = Math.floorMod(times[i], period);
        }
        Arrays.sort(phases, 0, times.length);
        for (int i = 0; i < times.length; i++) {
            phases[times.length + i] = phases[i] + period;
        }
        Cluster best = new Cluster(0, 0, 0);
        int first = 0;
        for (int last = 0; last < phases.length; last++) {
            while (phases[last] - phases[first] > width) {
                first++;
            }
            if (last - first + 1 > best.count && last - first < times.length) {
                best = new Cluster(phases[first], phases[last], last - first + 1);
            }
        }
        return best;
    }

    /** Whether {@code value} is in it, or within {@code slack} of it. */
    boolean holds(long value, long slack) {
        return value >= low - slack && value <= high + slack;
    }

    /** Whether {@code time} modulo {@code period} is in it. */
    boolean holdsPhase(long time, long period) {
        long phase = Math.floorMod(time, period);
        return holds(phase, 0) || holds(phase + period, 0);
    }
}
