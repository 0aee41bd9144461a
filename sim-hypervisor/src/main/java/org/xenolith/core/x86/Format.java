package org.xenolith.core.x86;

/** A binary interchange format of IEEE 754: binary32 and binary64. Values are bits in the low end of a long. */
enum Format {
    /** Single precision. */
    BINARY32(32, 24),
    /** Double precision. */
    BINARY64(64, 53);

    /** Bits of a value. */
    final int bits;

    /** Significant bits, the hidden one counted. */
    final int precision;

    /** Bits of the fraction. */
    final int fractionBits;

    /** Mask of the fraction. */
    final long fraction;

    /** The sign bit. */
    final long sign;

    /** Exponent field of infinities and NaNs. */
    final int top;

    /** Least exponent of a normal number. */
    final int least;

    /** Greatest exponent. */
    final int most;

    /** The bit of the fraction that makes a NaN quiet. */
    final long quiet;

    /** The NaN that invalid operations yield. */
    final long indefinite;

    Format(int bits, int precision) {
        this.bits = bits;
        this.precision = precision;
        fractionBits = precision - 1;
        fraction = (1L << fractionBits) - 1;
        sign = 1L << bits - 1;
        top = (1 << bits - precision) - 1;
        most = top >> 1;
        least = 1 - most;
        quiet = 1L << fractionBits - 1;
        indefinite = sign | (long) top << fractionBits | quiet;
    }

    /** Exponent field of {@code value}. */
    int exponentField(long value) {
        return (int) (value >>> fractionBits) & top;
    }

    /** Whether {@code value} is a NaN. */
    boolean isNan(long value) {
        return exponentField(value) == top && (value & fraction) != 0;
    }

    /** Whether {@code value} is a signalling NaN. */
    boolean isSignalling(long value) {
        return isNan(value) && (value & quiet) == 0;
    }

    /** Whether {@code value} is denormal. */
    boolean isDenormal(long value) {
        return exponentField(value) == 0 && (value & fraction) != 0;
    }

    /** The value as a Java number: exact, but for a NaN's payload. */
    double toDouble(long value) {
        return this == BINARY64 ? Double.longBitsToDouble(value) : Float.intBitsToFloat((int) value);
    }
}
