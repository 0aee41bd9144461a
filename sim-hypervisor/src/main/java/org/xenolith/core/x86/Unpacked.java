package org.xenolith.core.x86;

/**
 * A floating-point number of any format taken apart: (-1)^negative * significand * 2^(exponent - 63). A finite number other than zero
 * has bit 63 of its significand set, unless it was just rounded to a denormal. A NaN's significand is its payload, aligned as in the
 * 80-bit format.
 */
final class Unpacked {
    static final int ZERO = 0;
    static final int FINITE = 1;
    static final int INFINITE = 2;
    static final int QUIET_NAN = 3;
    static final int SIGNALLING_NAN = 4;

    /** An encoding of the 80-bit format that hardware no longer knows: integer bit clear where it must be set. */
    static final int UNSUPPORTED = 5;

    /** Bit of a NaN's significand that makes it quiet. */
    static final long QUIET = 1L << 62;

    /** Exponent bias of the 80-bit format. */
    static final int BIAS = 16383;

    /** The exponent field of infinities and NaNs in the 80-bit format. */
    static final int TOP = 0x7fff;

    int kind;
    boolean negative;
    int exponent;
    long significand;

    /** The 64 bits below the significand; bit 0 stands for all the bits below it that are not zero. */
    long rest;

    /** Whether it was denormal in its format. */
    boolean denormal;

    boolean isNan() {
        return kind >= QUIET_NAN;
    }

    boolean isZero() {
        return kind == ZERO;
    }

    boolean isInfinite() {
        return kind == INFINITE;
    }

    void set(int newKind, boolean newNegative, int newExponent, long newSignificand) {
        kind = newKind;
        negative = newNegative;
        exponent = newExponent;
        significand = newSignificand;
        rest = 0;
        denormal = false;
    }

    void setZero(boolean newNegative) {
        set(ZERO, newNegative, 0, 0);
    }

    void setInfinite(boolean newNegative) {
        set(INFINITE, newNegative, 0, Long.MIN_VALUE);
    }

    /** The NaN that invalid operations yield. */
    void setIndefinite() {
        set(QUIET_NAN, true, 0, Long.MIN_VALUE | QUIET);
    }

    void set(Unpacked other) {
        set(other.kind, other.negative, other.exponent, other.significand);
        denormal = other.denormal;
    }

    /** Takes {@code value} apart. */
    void unpack(Format f, long value) {
        boolean sign = (value & f.sign) != 0;
        long fraction = value & f.fraction;
        int field = f.exponentField(value);
        int up = 64 - f.precision;
        if (field == f.top) {
            if (fraction == 0) {
                setInfinite(sign);
            } else {
                set((fraction & f.quiet) != 0 ? QUIET_NAN : SIGNALLING_NAN, sign, 0, Long.MIN_VALUE | fraction << up);
            }
        } else if (field != 0) {
            set(FINITE, sign, field - f.most, Long.MIN_VALUE | fraction << up);
        } else if (fraction == 0) {
            setZero(sign);
        } else {
            int shift = Long.numberOfLeadingZeros(fraction);
            set(FINITE, sign, f.least + up - shift, fraction << shift);
            denormal = true;
        }
    }

    /** Takes a number of the 80-bit format apart: its significand, and sign and exponent. */
    void unpack80(long bits, int signExponent) {
        boolean sign = (signExponent & 0x8000) != 0;
        int field = signExponent & TOP;
        if (field == 0) {
            if (bits == 0) {
                setZero(sign);
            } else {
                int shift = Long.numberOfLeadingZeros(bits);
                set(FINITE, sign, 1 - BIAS - shift, bits << shift);
                denormal = true;
            }
        } else if (bits >= 0) {
            set(UNSUPPORTED, sign, 0, bits);
        } else if (field != TOP) {
            set(FINITE, sign, field - BIAS, bits);
        } else if (bits == Long.MIN_VALUE) {
            setInfinite(sign);
        } else {
            set((bits & QUIET) != 0 ? QUIET_NAN : SIGNALLING_NAN, sign, 0, bits);
        }
    }

    /** Becomes the integer {@code value}, exactly. */
    void setInteger(long value) {
        if (value == 0) {
            setZero(false);
        } else {
            long magnitude = Math.abs(value);
            int shift = Long.numberOfLeadingZeros(magnitude);
            set(FINITE, value < 0, 63 - shift, magnitude << shift);
        }
    }

    /** Its bits in format {@code f}, for which it has been rounded. */
    long pack(Format f) {
        long sign = negative ? f.sign : 0;
        int down = 64 - f.precision;
        long fraction = significand >>> down & f.fraction;
        return switch (kind) {
            case ZERO -> sign;
            case FINITE -> sign | (significand < 0 ? (long) (exponent + f.most) << f.fractionBits : 0) | fraction;
            default -> sign | (long) f.top << f.fractionBits | fraction; // an infinity's fraction is 0
        };
    }

    /** Its significand in the 80-bit format, for which it has been rounded. */
    long significand80() {
        return kind == ZERO ? 0 : significand;
    }

    /** Its sign and exponent in the 80-bit format. */
    int signExponent80() {
        int sign = negative ? 0x8000 : 0;
        return switch (kind) {
            case ZERO -> sign;
            case FINITE -> sign | (significand < 0 ? exponent + BIAS : 0);
            default -> sign | TOP;
        };
    }
}
