package org.xenolith.core.x86;

/** x87 functions that are exact by definition: rounding, scaling, taking apart, remainders. */
final class X87FunctionOps {
    private static final int QUOTIENT = Fpu.C0 | Fpu.C3 | Fpu.C1;

    private X87FunctionOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        s.define("frndint", insn -> new X87Op(true, (c, f) -> unary(f, X87FunctionOps::roundToInteger)));
        s.define("fscale", insn -> new X87Op(true, (c, f) -> binary(f, X87FunctionOps::scale)));
        s.define("fxtract", insn -> new X87Op(true, (c, f) -> extract(f)));
        s.define("fprem", insn -> new X87Op(true, (c, f) -> remainderOp(f, false)));
        s.define("fprem1", insn -> new X87Op(true, (c, f) -> remainderOp(f, true)));
    }

    /** Makes f.z, rounded, of f.x and f.y, which are no NaNs. */
    @FunctionalInterface
    interface Function {
        /** Makes it. */
        void apply(Fpu f);
    }

    /** st0 = function of st0. True if that was done. */
    static boolean unary(Fpu f, Function function) {
        f.begin();
        boolean done;
        if (f.empty(0)) {
            done = f.stackFault(false);
        } else {
            f.get(0, f.x);
            if (f.x.isNan()) {
                f.nan(f.x, f.x);
            } else {
                function.apply(f);
            }
            done = f.end();
        }
        if (done) {
            f.set(0, f.z);
        }
        return done;
    }

    /** st0 = function of st0, in f.x, and st1, in f.y. */
    static boolean binary(Fpu f, Function function) {
        return binary(f, function, false);
    }

    /** The same; with {@code pop}, st1 gets the result and the stack is popped. */
    static boolean binary(Fpu f, Function function, boolean pop) {
        f.begin();
        boolean done;
        if (f.empty(0) || f.empty(1)) {
            done = f.stackFault(false);
        } else {
            f.get(0, f.x);
            f.get(1, f.y);
            if (f.x.isNan() || f.y.isNan()) {
                f.nan(f.x, f.y);
            } else {
                function.apply(f);
            }
            done = f.end();
        }
        if (done) {
            if (pop) {
                f.pop();
            }
            f.set(0, f.z);
        }
        return done;
    }

    private static void roundToInteger(Fpu f) {
        f.soft.flags |= f.x.denormal ? SoftFloat.DENORMAL : 0;
        f.z.set(f.x);
        f.soft.roundToInteger(f.z);
    }

    /** z = x * 2^(y without its fraction). */
    private static void scale(Fpu f) {
        Unpacked x = f.x;
        Unpacked y = f.y;
        if (y.isInfinite()) {
            if (y.negative ? x.isInfinite() : x.isZero()) {
                f.soft.invalid(f.z);
                return;
            }
            f.soft.flags |= x.denormal ? SoftFloat.DENORMAL : 0;
            if (y.negative) {
                f.z.setZero(x.negative);
            } else {
                f.z.setInfinite(x.negative);
            }
            return;
        }
        f.soft.flags |= x.denormal || y.denormal ? SoftFloat.DENORMAL : 0;
        f.z.set(x);
        if (x.kind == Unpacked.FINITE && !y.isZero() && y.exponent >= 0) {
            int magnitude = y.exponent > 16 ? 1 << 17 : (int) (y.significand >>> 63 - y.exponent);
            f.z.exponent += y.negative ? -magnitude : magnitude;
        }
        f.round(64);
    }

    /** st0 becomes its exponent, and its significand is pushed. */
    private static void extract(Fpu f) {
        f.begin();
        if (f.empty(0) || !f.empty(-1)) {
            if (f.stackFault(!f.empty(0))) {
                f.set(0, f.z);
                f.push();
                f.set(0, f.z);
            }
            return;
        }
        Unpacked x = f.x;
        f.get(0, x);
        if (x.isNan()) {
            f.nan(x, x);
            x.set(f.z);
        } else if (x.isZero()) {
            f.soft.flags |= SoftFloat.ZERO_DIVIDE;
            f.z.setInfinite(true);
        } else if (x.isInfinite()) {
            f.z.setInfinite(false);
        } else {
            f.soft.flags |= x.denormal ? SoftFloat.DENORMAL : 0;
            f.z.setInteger(x.exponent);
            x.exponent = 0;
        }
        if (f.end()) {
            f.set(0, f.z);
            f.push();
            f.set(0, x);
        }
    }

    private static void remainderOp(Fpu f, boolean nearest) {
        f.status &= ~Fpu.C2;
        int codes = f.status & (Fpu.C0 | Fpu.C3);
        if (!binary(f, nearest ? X87FunctionOps::nearestRemainder : X87FunctionOps::cutRemainder)) {
            f.status = f.status & ~(QUOTIENT | Fpu.C2) | codes;
        }
    }

    private static void cutRemainder(Fpu f) {
        remainder(f, false);
    }

    private static void nearestRemainder(Fpu f) {
        remainder(f, true);
    }

    /**
     * z = x minus y times the quotient, which is cut, or rounded to the nearest integer, ties to even. Where the exponents differ by 64 or
     * more it reduces x by a part of the quotient only and sets C2: the program goes on.
     */
    private static void remainder(Fpu f, boolean nearest) {
        Unpacked x = f.x;
        Unpacked y = f.y;
        if (x.isInfinite() || y.isZero()) {
            f.soft.invalid(f.z);
            return;
        }
        f.status &= ~QUOTIENT;
        f.soft.flags |= x.denormal || y.denormal ? SoftFloat.DENORMAL : 0;
        f.z.set(x);
        int difference = x.exponent - y.exponent;
        if (x.isZero() || y.isInfinite() || difference < -1) {
            f.round(64);
            return;
        }
        long divisor = y.significand;
        if (difference < 0) {
            // x is less than y, so the quotient is 0, or 1 if x is more than half of y.
            if (nearest && Long.compareUnsigned(x.significand, divisor) > 0) {
                normalised(f, 2 * divisor - x.significand, x.exponent, !x.negative);
                setQuotient(f, 1);
            }
            f.round(64);
            return;
        }
        boolean complete = difference < 64;
        int steps = complete ? difference : difference % 32 + 32;
        long left = x.significand;
        long quotient = 0;
        boolean carry = false;
        for (int i = steps; ; i--) {
            quotient <<= 1;
            if (carry || Long.compareUnsigned(left, divisor) >= 0) {
                left -= divisor;
                quotient |= 1;
            }
            if (i == 0) {
                break;
            }
            carry = left < 0;
            left <<= 1;
        }
        boolean negative = x.negative;
        if (complete && nearest) {
            int half = left < 0 ? 1 : Long.compareUnsigned(2 * left, divisor);
            if (half > 0 || half == 0 && (quotient & 1) != 0) {
                left = divisor - left;
                negative = !negative;
                quotient++;
            }
        }
        normalised(f, left, y.exponent + difference - steps, left == 0 ? x.negative : negative);
        f.round(64);
        if (complete) {
            setQuotient(f, quotient);
        } else {
            f.status |= Fpu.C2;
        }
    }

    /** z = significand * 2^(exponent - 63). */
    private static void normalised(Fpu f, long significand, int exponent, boolean negative) {
        if (significand == 0) {
            f.z.setZero(negative);
        } else {
            int shift = Long.numberOfLeadingZeros(significand);
            f.z.set(Unpacked.FINITE, negative, exponent - shift, significand << shift);
        }
    }

    /** The low three bits of the quotient, from bit 2 down, go to C0, C3, C1. */
    private static void setQuotient(Fpu f, long quotient) {
        f.status |= ((quotient & 4) != 0 ? Fpu.C0 : 0)
                | ((quotient & 2) != 0 ? Fpu.C3 : 0)
                | ((quotient & 1) != 0 ? Fpu.C1 : 0);
    }
}
