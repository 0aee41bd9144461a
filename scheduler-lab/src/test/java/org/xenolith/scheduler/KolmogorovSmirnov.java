package org.xenolith.scheduler;

/** How far two samples are from one distribution: the statistic of Kolmogorov and Smirnov. */
final class KolmogorovSmirnov {
    private KolmogorovSmirnov() {}

    /**
     * The largest difference between the two empirical distribution functions, 0 to 1.
     *
     * @param a values in ascending order, at least one
     * @param b values in ascending order, at least one
     */
    static double distance(long[] a, long[] b) {
        return distance(a, b, 0);
    }

    /**
     * The same, where values that differ by at most {@code resolution} count as equal: the largest difference that no shift of
     * each value by that much can take away. For samples of a machine on which the same work always takes the same time: their
     * distribution functions are steps, and of two steps a nanosecond apart the plain distance is 1.
     */
    static double distance(long[] a, long[] b, long resolution) {
        return Math.max(excess(a, b, resolution), excess(b, a, resolution));
    }

    /** The most by which the part of {@code a} that is at most x exceeds the part of {@code b} at most x + resolution. */
    private static double excess(long[] a, long[] b, long resolution) {
        double most = 0;
        int j = 0;
        for (int i = 0; i < a.length; i++) {
            while (j < b.length && b[j] - resolution <= a[i]) {
                j++;
            }
            most = Math.max(most, (i + 1.0) / a.length - (double) j / b.length);
        }
        return most;
    }
}
