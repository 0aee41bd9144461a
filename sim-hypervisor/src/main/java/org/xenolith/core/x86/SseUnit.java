package org.xenolith.core.x86;

/**
 * The floating-point unit of SSE: operations on one lane, under mxcsr, bit for bit as hardware. Values are bits of a {@link Format}.
 *
 * <p>Where the rounding mode is to nearest and the inexact flag is set already (it is sticky, so that is soon so), Java's own arithmetic
 * gives the result, if operands and result are far from the edges of the format; everything else goes through {@link SoftFloat}.
 */
final class SseUnit {
    /** mxcsr: denormal operands are zeroes. */
    static final int DENORMALS_ARE_ZERO = 1 << 6;

    /** mxcsr: first bit of the masks. */
    static final int MASKS = 7;

    /** mxcsr: first bit of the rounding mode. */
    static final int MODE = 13;

    /** mxcsr: flush to zero. */
    static final int FLUSH_TO_ZERO = 1 << 15;

    /** mxcsr: all that may be set. */
    static final int MXCSR = 0xffff;

    private static final int EXCEPTIONS = 0x3f;

    private final SoftFloat soft = new SoftFloat();
    private final Unpacked x = new Unpacked();
    private final Unpacked y = new Unpacked();
    private final Unpacked z = new Unpacked();
    private boolean denormalsAreZero;
    private boolean fast;

    /** Begins an instruction. */
    void begin(Cpu c) {
        int mxcsr = c.mxcsr;
        soft.begin(mxcsr >> MODE & 3, mxcsr >> MASKS & EXCEPTIONS, (mxcsr & FLUSH_TO_ZERO) != 0);
        denormalsAreZero = (mxcsr & DENORMALS_ARE_ZERO) != 0;
        int inexact = SoftFloat.INEXACT | SoftFloat.INEXACT << MASKS;
        fast = (mxcsr & (inexact | 3 << MODE)) == inexact;
    }

    /** Ends an instruction before it writes its result: sets the flags, and raises an unmasked exception. */
    void end(Cpu c) {
        if (soft.flags != 0) {
            soft.prevented();
            c.mxcsr |= soft.flags;
            if ((soft.flags & ~soft.masks) != 0) {
                throw c.raise((c.system.cr4 & SseGuard.CR4_OSXMMEXCPT) != 0 ? Fault.XM : Fault.UD);
            }
        }
    }

    private long flush(Format f, long a) {
        return denormalsAreZero && f.isDenormal(a) ? a & f.sign : a;
    }

    /** What an operation on NaNs yields: the first operand if it is one, else the second, made quiet. */
    private long nan(Format f, long a, long b) {
        if (f.isSignalling(a) || f.isSignalling(b)) {
            soft.flags |= SoftFloat.INVALID;
        }
        return (f.isNan(a) ? a : b) | f.quiet;
    }

    /** Whether {@code field}, an exponent field, is so far from the ends that nothing but rounding can have happened. */
    private static boolean ordinary(Format f, long a) {
        int field = f.exponentField(a);
        return field > 1 && field < f.top - 1;
    }

    /** Takes two numbers apart; false if one is a NaN. */
    private boolean operands(Format f, long a, long b) {
        if (f.isNan(a) || f.isNan(b)) {
            return false;
        }
        x.unpack(f, flush(f, a));
        y.unpack(f, flush(f, b));
        return true;
    }

    private long rounded(Format f) {
        soft.round(z, f);
        return z.pack(f);
    }

    long add(Format f, long a, long b) {
        return add(f, a, b, false);
    }

    long subtract(Format f, long a, long b) {
        return add(f, a, b, true);
    }

    private long add(Format f, long a, long b, boolean subtract) {
        if (fast && ordinary(f, a) && ordinary(f, b)) {
            long result;
            if (f == Format.BINARY64) {
                double right = Double.longBitsToDouble(b);
                double left = Double.longBitsToDouble(a);
                result = Double.doubleToRawLongBits(subtract ? left - right : left + right);
            } else {
                float right = Float.intBitsToFloat((int) b);
                float left = Float.intBitsToFloat((int) a);
                result = Float.floatToRawIntBits(subtract ? left - right : left + right);
            }
            if (ordinary(f, result)) {
                return result;
            }
        }
        if (!operands(f, a, b)) {
            return nan(f, a, b);
        }
        soft.add(z, x, y, subtract);
        return rounded(f);
    }

    long multiply(Format f, long a, long b) {
        if (fast && ordinary(f, a) && ordinary(f, b)) {
            long result = f == Format.BINARY64
                    ? Double.doubleToRawLongBits(Double.longBitsToDouble(a) * Double.longBitsToDouble(b))
                    : Float.floatToRawIntBits(Float.intBitsToFloat((int) a) * Float.intBitsToFloat((int) b));
            if (ordinary(f, result)) {
                return result;
            }
        }
        if (!operands(f, a, b)) {
            return nan(f, a, b);
        }
        soft.multiply(z, x, y);
        return rounded(f);
    }

    long divide(Format f, long a, long b) {
        if (fast && ordinary(f, a) && ordinary(f, b)) {
            long result = f == Format.BINARY64
                    ? Double.doubleToRawLongBits(Double.longBitsToDouble(a) / Double.longBitsToDouble(b))
                    : Float.floatToRawIntBits(Float.intBitsToFloat((int) a) / Float.intBitsToFloat((int) b));
            if (ordinary(f, result)) {
                return result;
            }
        }
        if (!operands(f, a, b)) {
            return nan(f, a, b);
        }
        soft.divide(z, x, y);
        return rounded(f);
    }

    /** The square root of {@code b}. */
    long squareRoot(Format f, long a, long b) {
        if (fast && ordinary(f, b) && (b & f.sign) == 0) {
            return f == Format.BINARY64
                    ? Double.doubleToRawLongBits(Math.sqrt(Double.longBitsToDouble(b)))
                    : Float.floatToRawIntBits((float) Math.sqrt(Float.intBitsToFloat((int) b)));
        }
        if (!operands(f, b, b)) {
            return nan(f, b, b);
        }
        soft.squareRoot(z, x);
        return rounded(f);
    }

    /** The lesser; the second if one is a NaN or both are zeroes. */
    long min(Format f, long a, long b) {
        return extreme(f, a, b, true);
    }

    /** The greater; the second if one is a NaN or both are zeroes. */
    long max(Format f, long a, long b) {
        return extreme(f, a, b, false);
    }

    private long extreme(Format f, long a, long b, boolean least) {
        if (f.isNan(a) || f.isNan(b)) {
            soft.flags |= SoftFloat.INVALID;
            return flush(f, b);
        }
        long left = flush(f, a);
        long right = flush(f, b);
        denormals(f, left, right);
        double l = f.toDouble(left);
        double r = f.toDouble(right);
        return (least ? l < r : l > r) ? left : right;
    }

    private void denormals(Format f, long a, long b) {
        if (f.isDenormal(a) || f.isDenormal(b)) {
            soft.flags |= SoftFloat.DENORMAL;
        }
    }

    /** Whether predicate 0 to 7 (eq lt le unord neq nlt nle ord) holds. lt, le and their negations take no quiet NaN. */
    boolean compare(Format f, long a, long b, int predicate) {
        boolean negated = (predicate & 4) != 0;
        int kind = predicate & 3;
        if (f.isNan(a) || f.isNan(b)) {
            if (kind == 1 || kind == 2 || f.isSignalling(a) || f.isSignalling(b)) {
                soft.flags |= SoftFloat.INVALID;
            }
            return (kind == 3) != negated;
        }
        long left = flush(f, a);
        long right = flush(f, b);
        denormals(f, left, right);
        double l = f.toDouble(left);
        double r = f.toDouble(right);
        boolean holds = kind == 0 ? l == r : kind == 1 ? l < r : kind == 2 && l <= r;
        return holds != negated;
    }

    /** Compares for comis and ucomis: the flags ZF, PF and CF of RFLAGS. */
    long order(Format f, long a, long b, boolean ordered) {
        if (f.isNan(a) || f.isNan(b)) {
            if (ordered || f.isSignalling(a) || f.isSignalling(b)) {
                soft.flags |= SoftFloat.INVALID;
            }
            return Cpu.ZF | Cpu.PF | Cpu.CF;
        }
        long left = flush(f, a);
        long right = flush(f, b);
        denormals(f, left, right);
        double l = f.toDouble(left);
        double r = f.toDouble(right);
        return l == r ? Cpu.ZF : l < r ? Cpu.CF : 0;
    }

    /** {@code a} in the other format. */
    long convert(Format from, Format to, long a) {
        x.unpack(from, from.isNan(a) ? a : flush(from, a));
        if (x.isNan()) {
            if (x.kind == Unpacked.SIGNALLING_NAN) {
                soft.flags |= SoftFloat.INVALID;
            }
            x.significand |= Unpacked.QUIET;
            return x.pack(to);
        }
        if (x.denormal) {
            soft.flags |= SoftFloat.DENORMAL;
        }
        soft.round(x, to);
        return x.pack(to);
    }

    /** The integer {@code value} in format {@code to}. */
    long fromInteger(Format to, long value) {
        x.setInteger(value);
        soft.round(x, to);
        return x.pack(to);
    }

    /** {@code a} as an integer of {@code bits} bits, sign-extended; the least one for what does not fit. */
    long toInteger(Format from, long a, int bits, boolean truncate) {
        x.unpack(from, flush(from, a));
        return soft.toInteger(x, bits, truncate ? SoftFloat.CHOP : soft.mode);
    }

    /**
     * An approximation of 1 / b, or of 1 / sqrt(b): within 1.5 * 2^-12 of it, as the manuals promise; the bits are hardware's own
     * choice. Raises no exception, takes denormals as zeroes.
     */
    long reciprocal(long b, boolean ofRoot) {
        Format f = Format.BINARY32;
        if (f.isNan(b)) {
            return b | f.quiet;
        }
        long sign = b & f.sign;
        double value = f.isDenormal(b) ? (sign != 0 ? -0.0 : 0.0) : f.toDouble(b);
        if (ofRoot && value < 0) {
            return f.indefinite;
        }
        double result = 1 / (ofRoot && value != 0 ? Math.sqrt(value) : value);
        if (value != 0 && Math.abs(result) < Float.MIN_NORMAL) {
            return sign;
        }
        int bits = Float.floatToRawIntBits((float) result);
        return f.exponentField(bits & 0xffffffffL) == f.top ? bits & 0xffffffffL : bits & 0xfffff800L;
    }
}
