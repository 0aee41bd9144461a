package org.xenolith.experiment;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 5 s}, {@code 1.5ms}, {@code 200 us}. */
public final class Durations {
    private static final Pattern WRITTEN = Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,9})?)\\s*(ns|us|ms|s)");
    private static final String[] UNITS = {"ns", "us", "ms", "s"};
    private static final long[] NANOS = {1L, 1_000L, 1_000_000L, 1_000_000_000L};
    private static final int DIGITS = 3;
    private static final BigDecimal LONGEST = BigDecimal.valueOf(1_000_000_000_000_000L);

    private Durations() {}

    /**
     * Reads a duration.
     *
     * @return nanoseconds
     * @throws IllegalArgumentException if it is none, lasts longer than 10^6 s or is no whole number of nanoseconds
     */
    public static long parseNanos(String text) {
        Matcher m = WRITTEN.matcher(text.strip());
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text.strip() + "' is no duration; write a number and ns, us, ms or s, such as 5 s");
        }
        BigDecimal nanos = new BigDecimal(m.group(1)).multiply(BigDecimal.valueOf(NANOS[indexOf(m.group(2))]));
        if (nanos.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("'" + text.strip() + "' is longer than 1000000 s");
        }
        try {
            return nanos.longValueExact();
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("'" + text.strip() + "' is no whole number of nanoseconds", e);
        }
    }

    private static int indexOf(String unit) {
        for (int i = 0; i < UNITS.length; i++) {
            if (UNITS[i].equals(unit)) {
                return i;
            }
        }
        throw new IllegalArgumentException(unit);
    }

    /** A duration of {@code nanos} ns with three significant digits and the unit that suits it, such as {@code 1.03 ms}. */
    public static String format(long nanos) {
        BigDecimal rounded = BigDecimal.valueOf(nanos).round(new MathContext(DIGITS, RoundingMode.HALF_EVEN));
        int unit = UNITS.length - 1;
        while (unit > 0 && nanos != 0 && rounded.compareTo(BigDecimal.valueOf(NANOS[unit])) < 0) {
            unit--;
        }
        BigDecimal value = rounded.divide(BigDecimal.valueOf(NANOS[unit]));
        int wholeDigits = Math.max(1, value.precision() - value.scale());
        int decimals = unit == 0 || nanos == 0 ? 0 : Math.max(0, DIGITS - wholeDigits);
        return value.setScale(decimals, RoundingMode.HALF_EVEN).toPlainString() + " " + UNITS[unit];
    }
}
