package org.xenolith.core.x86;

/** State of the x87 unit, with registers of 80 bits; MMX registers are their significands. */
public final class Fpu {
    /** Significands of the physical registers 0 to 7. */
    final long[] significand = new long[8];

    /** Sign (bit 15) and exponent of the physical registers. */
    final int[] signExponent = new int[8];

    /** Control word. */
    int control = 0x37f;

    /** Status word without the top-of-stack field. */
    int status;

    /** Top of stack, 0 to 7. */
    int top;

    /** Which physical registers are in use, a bit each. */
    int valid;
}
