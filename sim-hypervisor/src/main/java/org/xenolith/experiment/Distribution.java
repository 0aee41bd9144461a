package org.xenolith.experiment;

import org.HdrHistogram.Histogram;
import org.xenolith.experiment.CellSummary.Latency;
import org.xenolith.experiment.CellSummary.RunLength;

/** How long something lasted, many times: exact count and maximum, percentiles to three significant digits, in ns. */
final class Distribution {
    private static final int SIGNIFICANT_DIGITS = 3;

    private final Histogram histogram = new Histogram(SIGNIFICANT_DIGITS);
    private long count;
    private long max;

    void record(long nanos) {
        histogram.recordValue(nanos);
        count++;
        max = Math.max(max, nanos);
    }

    void addAll(Distribution other) {
        histogram.add(other.histogram);
        count += other.count;
        max = Math.max(max, other.max);
    }

    long count() {
        return count;
    }

    Latency asLatency() {
        return count == 0
                ? new Latency(0, null, null, null, null)
                : new Latency(count, percentile(50), percentile(90), percentile(99), max);
    }

    RunLength asRunLength() {
        return count == 0 ? new RunLength(0, null, null) : new RunLength(count, percentile(50), max);
    }

    /** The lowest value that the histogram cannot tell from the percentile. */
    private long percentile(double percent) {
        return histogram.lowestEquivalentValue(histogram.getValueAtPercentile(percent));
    }
}
