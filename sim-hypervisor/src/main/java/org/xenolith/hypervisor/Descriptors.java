package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;

/**
 * Segment descriptors that a 64-bit PV guest may have: data and code segments, which are made those of level 3, and such as are not present. No
 * gates and no system segments.
 */
final class Descriptors {
    private static final long PRESENT = 1L << 47;
    private static final long CODE_OR_DATA = 1L << 44;
    private static final long CODE = 1L << 43;
    private static final long LONG_MODE = 1L << 53;
    private static final long SIZE_32 = 1L << 54;
    private static final long LEVEL_3 = 3L << 45;
    private static final long TYPE = 0xfL << 40;

    private Descriptors() {}

    /** Whether {@code descriptor} may be had. */
    static boolean allowed(long descriptor) {
        if ((descriptor & PRESENT) == 0) {
            return true;
        }
        if ((descriptor & CODE_OR_DATA) == 0) {
            return (descriptor & TYPE) == 0;
        }
        return (descriptor & (CODE | LONG_MODE | SIZE_32)) != (CODE | LONG_MODE | SIZE_32);
    }

    /** What an allowed {@code descriptor} becomes. */
    static long adjusted(long descriptor) {
        return (descriptor & PRESENT) == 0 ? descriptor : descriptor | LEVEL_3;
    }

    /** Adjusts the descriptors of the page at machine address {@code base}; false if one of them may not be had. */
    static boolean validatePage(MachineMemory memory, int base) {
        for (int at = base; at < base + MachineMemory.PAGE_SIZE; at += 8) {
            long descriptor = memory.get64(at);
            if (!allowed(descriptor)) {
                return false;
            }
            if (adjusted(descriptor) != descriptor) {
                memory.put64(at, adjusted(descriptor));
            }
        }
        return true;
    }
}
