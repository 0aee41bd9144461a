package org.xenolith.hypervisor;

/**
 * How a guest computes system time from the TSC: the scale of Xen's {@code vcpu_time_info}. From the TSC's rate as Xen's
 * {@code set_time_scale} has it: system time = stamp + ((cycles since the stamp, shifted) * multiplier) >> 32, in ns.
 *
 * <p>The multiplier is rounded down, so a guest's clock never runs ahead of the hypervisor's and no new stamp sets it back.
 */
final class PvClock {
    /** Bytes of a {@code vcpu_time_info}. */
    static final int TIME_INFO = 32;

    private static final long NANOS = 1_000_000_000L;

    private final int multiplier;
    private final int shift;

    /** For a TSC of {@code hertz}. */
    PvClock(long hertz) {
        int left = 0;
        while (hertz >> -left > 2 * NANOS) {
            left--;
        }
        while (left >= 0 && hertz << left <= NANOS) {
            left++;
        }
        shift = left;
        long scaled = NANOS << 32;
        // Where Xen halves the rate first, and so may round up: what is left over is halved with it.
        multiplier = (int)
                (left < 0 ? (scaled / hertz << -left) + (scaled % hertz << -left) / hertz : scaled / (hertz << left));
    }

    /** Unsigned 32 bits: nanoseconds of a shifted cycle, times 2^32. */
    int multiplier() {
        return multiplier;
    }

    /** By how many bits cycles are shifted left first; right if negative. */
    int shift() {
        return shift;
    }

    /** What a guest computes {@code cycles} behind a stamp, ns. */
    long nanos(long cycles) {
        long shifted = shift < 0 ? cycles >> -shift : cycles << shift;
        long factor = multiplier & 0xffffffffL;
        return Math.multiplyHigh(shifted, factor) << 32 | shifted * factor >>> 32;
    }

    /** Fills a {@code vcpu_time_info} but for its version: {@code nanos} of system time at {@code tsc}. */
    void fill(GuestStruct time, long tsc, long nanos) {
        time.put32(4, 0);
        time.put64(8, tsc);
        time.put64(16, nanos);
        time.put32(24, multiplier);
        // No flag: like a Xen whose platform timer is another than the TSC, ours does not promise that vCPUs agree.
        time.put32(28, shift & 0xff);
    }
}
