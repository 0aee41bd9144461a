package org.xenolith.engine;

import java.util.Map;
import org.HdrHistogram.Histogram;

/** How long something took, many times: exact count, mean, deviation and maximum, percentiles to three significant digits. In ns. */
public final class Latencies {
    private static final int SIGNIFICANT_DIGITS = 3;

    private final Histogram histogram = new Histogram(SIGNIFICANT_DIGITS);
    private long count;
    private long max;
    private double sum;
    private double sumOfSquares;

    /** One more, of {@code nanos} ns, not negative. */
    public void record(long nanos) {
        histogram.recordValue(nanos);
        count++;
        max = Math.max(max, nanos);
        sum += nanos;
        sumOfSquares += (double) nanos * nanos;
    }

    /** Forgets all. */
    public void clear() {
        histogram.reset();
        count = 0;
        max = 0;
        sum = 0;
        sumOfSquares = 0;
    }

    /** How many. */
    public long count() {
        return count;
    }

    /** Their mean, rounded down; 0 of none. */
    public long mean() {
        return count == 0 ? 0 : (long) (sum / count);
    }

    /** Their standard deviation (of the sample), rounded down; 0 of fewer than two. */
    public long deviation() {
        return count < 2 ? 0 : (long) Math.sqrt(Math.max(0, sumOfSquares - sum / count * sum) / (count - 1));
    }

    /** The lowest value that the histogram cannot tell from the percentile; 0 of none. */
    public long percentile(double percent) {
        return count == 0 ? 0 : histogram.lowestEquivalentValue(histogram.getValueAtPercentile(percent));
    }

    /** The longest; 0 of none. */
    public long max() {
        return max;
    }

    /** Adds mean, deviation, median, 99th percentile and maximum to {@code counters}, each named by {@code what} and its unit. */
    public void count(String what, Map<String, Long> counters) {
        counters.put(what + "MeanNanos", mean());
        counters.put(what + "DeviationNanos", deviation());
        counters.put(what + "P50Nanos", percentile(50));
        counters.put(what + "P99Nanos", percentile(99));
        counters.put(what + "MaxNanos", max());
    }
}
