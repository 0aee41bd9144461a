package org.xenolith.machine;

/**
 * Turns cycles of the invariant TSC into nanoseconds and back, in whole numbers.
 *
 * @param hertz TSC rate, 1 MHz to 9 GHz
 */
public record TscClock(long hertz) {
    private static final long NANOS = 1_000_000_000L;

    /** Checks the rate. */
    public TscClock {
        if (hertz < 1_000_000L || hertz > 9_000_000_000L) {
            throw new IllegalArgumentException("TSC rate must be 1 MHz to 9 GHz: " + hertz);
        }
    }

    /** Nanoseconds in {@code cycles}, rounded down; {@code cycles} is not negative. */
    public long toNanos(long cycles) {
        if (hertz == NANOS) {
            return cycles;
        }
        long seconds = cycles / hertz;
        return seconds * NANOS + (cycles - seconds * hertz) * NANOS / hertz;
    }

    /** The fewest cycles that last at least {@code nanos}, so that a timer never fires early; not negative. */
    public long toCycles(long nanos) {
        if (hertz == NANOS) {
            return nanos;
        }
        long seconds = nanos / NANOS;
        long rest = nanos - seconds * NANOS;
        return seconds * hertz + (rest * hertz + NANOS - 1) / NANOS;
    }
}
