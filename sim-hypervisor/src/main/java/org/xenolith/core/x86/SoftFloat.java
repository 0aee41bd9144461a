package org.xenolith.core.x86;

/**
 * Arithmetic on floating-point numbers by integers, exact and then rounded once, as IEEE 754 says and x86 does it: it collects the
 * exceptions, and finds tininess after rounding. Both SSE and x87 compute with it. NaNs are the callers' affair: which operand's payload
 * survives differs between the two.
 *
 * <p>Results are exact in 128 bits plus a sticky bit until {@link #round}. Division is Knuth's algorithm D, the square root goes digit by
 * digit.
 */
final class SoftFloat {
    /** Exception: invalid operation. */
    static final int INVALID = 1;

    /** Exception: denormal operand. */
    static final int DENORMAL = 2;

    /** Exception: division by zero. */
    static final int ZERO_DIVIDE = 4;

    /** Exception: overflow. */
    static final int OVERFLOW = 8;

    /** Exception: underflow. */
    static final int UNDERFLOW = 16;

    /** Exception: inexact. */
    static final int INEXACT = 32;

    /** The exceptions that are found before anything is computed: unmasked, they keep the instruction from it. */
    static final int EARLY = INVALID | DENORMAL | ZERO_DIVIDE;

    /** Rounding mode: to nearest, ties to even. The modes are numbered as in mxcsr and the x87 control word. */
    static final int NEAREST = 0;

    /** Rounding mode: to minus infinity. */
    static final int DOWN = 1;

    /** Rounding mode: to plus infinity. */
    static final int UP = 2;

    /** Rounding mode: to zero. */
    static final int CHOP = 3;

    /** What an x87 result's exponent is turned by when overflow or underflow is unmasked. */
    private static final int WRAP = 24576;

    /** Rounding mode in effect. */
    int mode;

    /** Masked exceptions. */
    int masks;

    /** Whether tiny results become zero, underflow being masked. */
    boolean flushToZero;

    /** Exceptions so far. */
    int flags;

    /** Whether the last rounding went away from zero. */
    boolean roundedUp;

    private long remainder;

    /** Begins an operation under this rounding mode and these masks. */
    void begin(int newMode, int newMasks, boolean newFlushToZero) {
        mode = newMode;
        masks = newMasks;
        flushToZero = newFlushToZero;
        flags = 0;
        roundedUp = false;
    }

    /** Whether an exception is unmasked that keeps the operation from being done; if so, those that rounding raised are forgotten. */
    boolean prevented() {
        if ((flags & EARLY & ~masks) == 0) {
            return false;
        }
        flags &= EARLY;
        return true;
    }

    void invalid(Unpacked z) {
        flags |= INVALID;
        z.setIndefinite();
    }

    private void denormal(Unpacked x, Unpacked y) {
        if (x.denormal || y.denormal) {
            flags |= DENORMAL;
        }
    }

    /** z = x + y, or x - y. No NaNs. */
    void add(Unpacked z, Unpacked x, Unpacked y, boolean subtract) {
        boolean sign = y.negative != subtract;
        denormal(x, y);
        if (x.isInfinite() || y.isInfinite()) {
            if (x.isInfinite() && y.isInfinite() && x.negative != sign) {
                invalid(z);
            } else {
                z.setInfinite(x.isInfinite() ? x.negative : sign);
            }
        } else if (y.isZero()) {
            if (x.isZero()) {
                z.setZero(x.negative == sign ? sign : mode == DOWN);
            } else {
                z.set(x);
            }
        } else if (x.isZero()) {
            z.set(y);
            z.negative = sign;
        } else if (x.exponent > y.exponent
                || x.exponent == y.exponent && Long.compareUnsigned(x.significand, y.significand) >= 0) {
            addOrdered(z, x, x.negative, y, x.negative != sign);
        } else {
            addOrdered(z, y, sign, x, x.negative != sign);
        }
    }

    /** z = big +- small, with the sign given. */
    private void addOrdered(Unpacked z, Unpacked big, boolean sign, Unpacked small, boolean subtract) {
        int exponent = big.exponent;
        long bigHigh = big.significand;
        z.set(Unpacked.FINITE, sign, big.exponent - small.exponent, small.significand);
        shiftRight(z, z.exponent);
        long high = z.significand;
        long low = z.rest;
        if (subtract) {
            high = bigHigh - high - (low != 0 ? 1 : 0);
            low = -low;
            if ((high | low) == 0) {
                z.setZero(mode == DOWN);
                return;
            }
            if (high == 0) {
                high = low;
                low = 0;
                exponent -= 64;
            }
            int shift = Long.numberOfLeadingZeros(high);
            if (shift > 0) {
                high = high << shift | low >>> 64 - shift;
                low <<= shift;
            }
            exponent -= shift;
        } else {
            high += bigHigh;
            if (Long.compareUnsigned(high, bigHigh) < 0) {
                low = high << 63 | low >>> 1 | low & 1;
                high = high >>> 1 | Long.MIN_VALUE;
                exponent++;
            }
        }
        z.exponent = exponent;
        z.significand = high;
        z.rest = low;
    }

    /** Shifts significand and rest to the right by {@code n >= 0}, keeping bit 0 sticky. */
    private static void shiftRight(Unpacked z, int n) {
        long high = z.significand;
        long low = z.rest;
        if (n == 0) {
            return;
        }
        if (n < 64) {
            z.rest = high << 64 - n | low >>> n | (low << 64 - n != 0 ? 1 : 0);
            z.significand = high >>> n;
        } else if (n < 128) {
            boolean lost = low != 0 || n > 64 && high << 128 - n != 0;
            z.rest = high >>> n - 64 | (lost ? 1 : 0);
            z.significand = 0;
        } else {
            z.rest = (high | low) != 0 ? 1 : 0;
            z.significand = 0;
        }
    }

    /** z = x * y. No NaNs. */
    void multiply(Unpacked z, Unpacked x, Unpacked y) {
        boolean sign = x.negative != y.negative;
        denormal(x, y);
        if (x.isInfinite() || y.isInfinite()) {
            if (x.isZero() || y.isZero()) {
                invalid(z);
            } else {
                z.setInfinite(sign);
            }
        } else if (x.isZero() || y.isZero()) {
            z.setZero(sign);
        } else {
            long a = x.significand;
            long b = y.significand;
            long high = Math.multiplyHigh(a, b) + a + b; // both have their sign bit set, which stands for 2^63
            long low = a * b;
            int exponent = x.exponent + y.exponent + 1;
            if (high >= 0) {
                high = high << 1 | low >>> 63;
                low <<= 1;
                exponent--;
            }
            z.set(Unpacked.FINITE, sign, exponent, high);
            z.rest = low;
        }
    }

    /** z = x / y. No NaNs. */
    void divide(Unpacked z, Unpacked x, Unpacked y) {
        boolean sign = x.negative != y.negative;
        if (x.isInfinite() && y.isInfinite() || x.isZero() && y.isZero()) {
            invalid(z);
            return;
        }
        if (y.isZero() && !x.isInfinite()) {
            flags |= ZERO_DIVIDE;
            z.setInfinite(sign);
            return;
        }
        denormal(x, y);
        if (x.isInfinite()) {
            z.setInfinite(sign);
        } else if (y.isInfinite() || x.isZero()) {
            z.setZero(sign);
        } else {
            long divisor = y.significand;
            boolean half = Long.compareUnsigned(x.significand, divisor) >= 0; // the quotient is in [1, 2)
            long quotient = half
                    ? divideLong(x.significand >>> 1, x.significand << 63, divisor)
                    : divideLong(x.significand, 0, divisor);
            z.set(Unpacked.FINITE, sign, x.exponent - y.exponent - (half ? 0 : 1), quotient);
            z.rest = below(remainder, divisor);
        }
    }

    /** What follows a quotient's bits, given the remainder. */
    private static long below(long remainder, long divisor) {
        long twice = remainder << 1;
        if (remainder >= 0 && Long.compareUnsigned(twice, divisor) < 0) {
            return remainder != 0 ? 1 : 0;
        }
        return Long.MIN_VALUE | (twice != divisor ? 1 : 0);
    }

    /** (high:low) / divisor for high < divisor, divisor's top bit set; leaves the remainder. */
    private long divideLong(long high, long low, long divisor) {
        long first = digit(high, low >>> 32, divisor);
        long second = digit(remainder, low & 0xffffffffL, divisor);
        return first << 32 | second;
    }

    /** One quotient digit of 32 bits: (high * 2^32 + next) / divisor for high < divisor; leaves the remainder. */
    private long digit(long high, long next, long divisor) {
        long top = divisor >>> 32;
        long bottom = divisor & 0xffffffffL;
        long q = Long.divideUnsigned(high, top);
        long r = high - q * top;
        while (q >>> 32 != 0 || Long.compareUnsigned(q * bottom, r << 32 | next) > 0) {
            q--;
            r += top;
            if (r >>> 32 != 0) {
                break;
            }
        }
        remainder = (high << 32 | next) - q * divisor;
        return q;
    }

    /** z = square root of x. No NaN. */
    void squareRoot(Unpacked z, Unpacked x) {
        if (x.isZero()) {
            z.set(x);
            return;
        }
        if (x.negative) {
            invalid(z);
            return;
        }
        denormal(x, x);
        if (x.isInfinite()) {
            z.set(x);
            return;
        }
        boolean odd = (x.exponent & 1) != 0;
        long high = odd ? x.significand : x.significand >>> 1;
        long low = odd ? 0 : x.significand << 63;
        long root = 0;
        long left = 0; // what is left, less than 2 * root + 1: 66 bits, of which the top ones are in leftHigh
        long leftHigh = 0;
        for (int i = 0; i < 64; i++) {
            leftHigh = leftHigh << 2 | left >>> 62;
            left = left << 2 | high >>> 62;
            high = high << 2 | low >>> 62;
            low <<= 2;
            long trial = root << 2 | 1;
            long trialHigh = root >>> 62;
            boolean fits = leftHigh > trialHigh || leftHigh == trialHigh && Long.compareUnsigned(left, trial) >= 0;
            root <<= 1;
            if (fits) {
                leftHigh -= trialHigh + (Long.compareUnsigned(left, trial) < 0 ? 1 : 0);
                left -= trial;
                root |= 1;
            }
        }
        z.set(Unpacked.FINITE, false, x.exponent >> 1, root);
        boolean above = leftHigh != 0 || Long.compareUnsigned(left, root) > 0;
        z.rest = (above ? Long.MIN_VALUE : 0) | ((left | leftHigh) != 0 ? 1 : 0);
    }

    /** Rounds to format {@code f}. */
    void round(Unpacked z, Format f) {
        round(z, f.precision, f.least, f.most);
    }

    /**
     * Rounds a finite z to a precision of 1 to 64 bits and to exponents from least to most; other numbers stay. Raises overflow,
     * underflow and inexact.
     */
    void round(Unpacked z, int precision, int least, int most) {
        roundedUp = false;
        if (z.kind != Unpacked.FINITE) {
            return;
        }
        int drop = 64 - precision;
        if (z.exponent < least && isTiny(z, drop, least)) {
            if ((masks & UNDERFLOW) == 0) {
                flags |= UNDERFLOW | (cut(z, drop) ? INEXACT : 0);
                z.exponent += WRAP;
                if (z.exponent < least) {
                    flags |= INEXACT;
                    z.setZero(z.negative);
                }
                return;
            } else if (flushToZero) {
                flags |= UNDERFLOW | INEXACT;
                z.setZero(z.negative);
                return;
            } else {
                shiftRight(z, least - z.exponent);
                z.exponent = least;
                if (cut(z, drop)) {
                    flags |= UNDERFLOW | INEXACT;
                }
                if (z.significand == 0) {
                    z.setZero(z.negative);
                }
                return;
            }
        }
        boolean inexact = cut(z, drop);
        if (z.exponent > most) {
            flags |= OVERFLOW;
            if ((masks & OVERFLOW) != 0) {
                inexact = true;
                roundedUp = mode == NEAREST || mode == (z.negative ? DOWN : UP);
                if (roundedUp) {
                    z.setInfinite(z.negative);
                } else {
                    z.set(Unpacked.FINITE, z.negative, most, -1L << drop);
                }
            } else {
                z.exponent -= WRAP;
                if (z.exponent > most) {
                    inexact = true;
                    roundedUp = true;
                    z.setInfinite(z.negative);
                }
            }
        }
        if (inexact) {
            flags |= INEXACT;
        }
    }

    /** Whether z, below the least exponent, is so after rounding to unbounded exponents too. */
    private boolean isTiny(Unpacked z, int drop, int least) {
        long kept = -1L << drop;
        return z.exponent < least - 1 || (z.significand & kept) != kept || !goesUp(z, drop);
    }

    /** Whether cutting off the lowest {@code drop} bits of the significand rounds the magnitude up. */
    private boolean goesUp(Unpacked z, int drop) {
        boolean half;
        boolean more;
        if (drop == 0) {
            half = z.rest < 0;
            more = z.rest << 1 != 0;
        } else {
            half = (z.significand >>> drop - 1 & 1) != 0;
            more = (z.significand << 1 << 64 - drop | z.rest) != 0;
        }
        return switch (mode) {
            case NEAREST -> half && (more || (z.significand >>> drop & 1) != 0);
            case DOWN -> z.negative && (half || more);
            case UP -> !z.negative && (half || more);
            default -> false;
        };
    }

    /** Cuts off the lowest {@code drop} bits (0 to 63) and the rest, rounding. True if that was not exact. */
    private boolean cut(Unpacked z, int drop) {
        long low = z.significand & (1L << drop) - 1;
        boolean inexact = (low | z.rest) != 0;
        roundedUp = goesUp(z, drop);
        z.significand -= low;
        z.rest = 0;
        if (roundedUp) {
            boolean normal = z.significand < 0;
            z.significand += 1L << drop;
            if (normal && z.significand >= 0) {
                z.significand = Long.MIN_VALUE;
                z.exponent++;
            }
        }
        return inexact;
    }

    /**
     * x as a signed integer of {@code bits} bits, rounded in {@code roundingMode}. Raises inexact, or invalid for what does not fit, which
     * yields the least integer.
     */
    long toInteger(Unpacked x, int bits, int roundingMode) {
        long indefinite = -1L << bits - 1;
        roundedUp = false;
        if (x.isZero()) {
            return 0;
        }
        if (x.kind != Unpacked.FINITE || x.exponent > 63) {
            flags |= INVALID;
            return indefinite;
        }
        int savedMode = mode;
        mode = roundingMode;
        long high = x.significand;
        long low = x.rest;
        shiftRight(x, 63 - x.exponent);
        boolean inexact = x.rest != 0;
        boolean up = goesUp(x, 0);
        long magnitude = x.significand + (up ? 1 : 0);
        boolean overflow = up && magnitude == 0;
        x.significand = high;
        x.rest = low;
        mode = savedMode;
        long limit = x.negative ? -indefinite : -indefinite - 1;
        if (overflow || Long.compareUnsigned(magnitude, limit) > 0) {
            flags |= INVALID;
            return indefinite;
        }
        if (inexact) {
            flags |= INEXACT;
            roundedUp = up;
        }
        return x.negative ? -magnitude : magnitude;
    }

    /** Rounds z to an integer in the mode in effect, raising inexact. No NaN. */
    void roundToInteger(Unpacked z) {
        roundedUp = false;
        if (z.kind != Unpacked.FINITE || z.exponent >= 63) {
            return;
        }
        boolean sign = z.negative;
        shiftRight(z, 63 - z.exponent);
        boolean inexact = z.rest != 0;
        roundedUp = goesUp(z, 0);
        long magnitude = z.significand + (roundedUp ? 1 : 0);
        z.setInteger(magnitude); // exponents below 63, so magnitude is at most 2^63
        if (magnitude == Long.MIN_VALUE) {
            z.set(Unpacked.FINITE, sign, 63, magnitude);
        }
        z.negative = sign;
        if (inexact) {
            flags |= INEXACT;
        }
    }
}
