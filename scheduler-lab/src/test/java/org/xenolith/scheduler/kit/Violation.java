package org.xenolith.scheduler.kit;

import java.math.BigDecimal;

/**
 * A promise that was broken.
 *
 * @param what what happened and to whom, in a line
 * @param fromNanos when it began, ns from the start of the run
 * @param atNanos when it was broken for certain, ns
 */
record Violation(String what, long fromNanos, long atNanos) {
    private static final int NANOS_DIGITS = 6;

    @Override
    public String toString() {
        return "at " + ms(atNanos) + ": " + what;
    }

    /** A time as it is told: milliseconds, with as many digits as it takes to be exact. */
    static String ms(long nanos) {
        return BigDecimal.valueOf(nanos, NANOS_DIGITS).stripTrailingZeros().toPlainString() + " ms";
    }
}
