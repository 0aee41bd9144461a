package org.xenolith.experiment.report;

import java.util.Locale;

/** Figures as the table prints them. */
final class Figures {
    private static final String[] UNITS = {"ns", "µs", "ms", "s"};
    static final String NONE = "–";

    private Figures() {}

    /** A duration with three significant digits and a fitting unit, such as {@code 3.41 ms}. */
    static String duration(Long nanos) {
        if (nanos == null) {
            return NONE;
        }
        double value = nanos;
        int unit = 0;
        while (unit < 3 && Math.abs(value) >= 999.5) {
            value /= 1000;
            unit++;
        }
        int places = unit == 0 || Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
        return String.format(Locale.ROOT, "%,." + places + "f ", value) + UNITS[unit];
    }

    /** A percentage with two decimals, without the sign. */
    static String percent(Double percent) {
        return percent == null ? NONE : String.format(Locale.ROOT, "%.2f", percent);
    }

    /** A difference in percentage points with its sign and two decimals. */
    static String points(double points) {
        return String.format(Locale.ROOT, "%+.2f", points);
    }

    /** A count, its thousands set apart. */
    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** A fraction of one with four decimals. */
    static String fraction(Double fraction) {
        return fraction == null ? NONE : String.format(Locale.ROOT, "%.4f", fraction);
    }
}
