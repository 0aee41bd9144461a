package org.xenolith.core.x86;

import java.math.BigInteger;
import org.xenolith.core.x86.X87FunctionOps.Function;

/**
 * x87 functions that no finite computation gets right. They are computed in double precision by Java's strict library, so they are the
 * same on every machine and good to some 52 bits, of the 64 that hardware gives; arguments and results beyond the range of doubles are
 * seen to.
 */
final class X87TranscendentalOps {
    private static final double LN_2 = 0.6931471805599453;

    /** Exponents below this: the first term of the series is the function. */
    private static final int TINY = -64;

    /** Bits of {@link #RIGHT_ANGLE} behind the point. */
    private static final int RIGHT_ANGLE_FRACTION = 67;

    /** Half of pi, in the 66 bits that x87 has of it. */
    private static final BigInteger RIGHT_ANGLE = new BigInteger("c90fdaa22168c234c", 16);

    private X87TranscendentalOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        s.define("fsin", insn -> new X87Op(true, (c, f) -> circular(f, X87TranscendentalOps::sine, null)));
        s.define("fcos", insn -> new X87Op(true, (c, f) -> circular(f, X87TranscendentalOps::cosine, null)));
        s.define(
                "fptan",
                insn -> new X87Op(true, (c, f) -> circular(f, X87TranscendentalOps::tangent, g -> g.z.setInteger(1))));
        s.define(
                "fsincos",
                insn -> new X87Op(
                        true, (c, f) -> circular(f, X87TranscendentalOps::sine, X87TranscendentalOps::cosine)));
        s.define("f2xm1", insn -> new X87Op(true, (c, f) -> X87FunctionOps.unary(f, X87TranscendentalOps::powerOfTwo)));
        binary(s, "fpatan", X87TranscendentalOps::arcTangent);
        binary(s, "fyl2x", X87TranscendentalOps::logarithm);
        binary(s, "fyl2xp1", X87TranscendentalOps::logarithmOfMore);
    }

    private static void binary(Semantics s, String name, Function function) {
        s.define(name, insn -> new X87Op(true, (c, f) -> X87FunctionOps.binary(f, function, true)));
    }

    /** A finite number or zero as a double, times 2^scale: in the range of doubles. */
    private static double toDouble(Unpacked a, int scale) {
        if (a.isZero()) {
            return a.negative ? -0.0 : 0.0;
        }
        double magnitude = Math.scalb((double) (a.significand >>> 1), a.exponent + scale - 62);
        return a.negative ? -magnitude : magnitude;
    }

    /** z = value, which is inexact. */
    private static void inexact(Fpu f, double value) {
        f.z.unpack(Format.BINARY64, Double.doubleToRawLongBits(value));
        f.z.denormal = false;
        f.soft.flags |= SoftFloat.INEXACT;
    }

    /** z = a number a trifle below a in magnitude, rounded: a is the first term of a series whose others are too small to see. */
    private static void below(Fpu f, Unpacked a) {
        boolean lowest = a.significand == Long.MIN_VALUE;
        f.z.set(Unpacked.FINITE, a.negative, a.exponent - (lowest ? 1 : 0), lowest ? -1 : a.significand - 1);
        f.z.rest = -1;
        f.round(64);
    }

    private static void denormals(Fpu f, boolean both) {
        if (f.x.denormal || both && f.y.denormal) {
            f.soft.flags |= SoftFloat.DENORMAL;
        }
    }

    // --------------------------------------------------------------------------------------- sine and its kin

    /** fsin, fcos, fptan, fsincos; {@code pushed} is what is pushed besides, or null. Numbers from 2^63 on are refused by C2. */
    private static void circular(Fpu f, Function function, Function pushed) {
        f.begin();
        f.status &= ~Fpu.C2;
        boolean done;
        boolean number = false;
        if (f.empty(0) || pushed != null && !f.empty(-1)) {
            done = f.stackFault(!f.empty(0));
        } else {
            f.get(0, f.x);
            number = !f.x.isNan() && !f.x.isInfinite();
            if (number && f.x.exponent >= 63) {
                f.status |= Fpu.C2;
                return;
            }
            if (f.x.isNan()) {
                f.nan(f.x, f.x);
            } else if (number) {
                denormals(f, false);
                function.apply(f);
            } else {
                f.soft.invalid(f.z);
            }
            done = f.end();
        }
        if (done) {
            f.set(0, f.z);
            if (pushed != null) {
                if (number) {
                    pushed.apply(f);
                }
                f.push();
                f.set(0, f.z);
            }
        }
    }

    private static void sine(Fpu f) {
        if (f.x.isZero()) {
            f.z.set(f.x);
        } else if (f.x.exponent < TINY) {
            below(f, f.x);
        } else {
            inexact(f, shifted(f.x, 0));
        }
    }

    private static void tangent(Fpu f) {
        if (f.x.isZero() || f.x.exponent < TINY) {
            f.z.set(f.x);
            f.round(64);
            f.soft.flags |= f.x.isZero() ? 0 : SoftFloat.INEXACT;
        } else {
            inexact(f, shifted(f.x, 0) / shifted(f.x, 1));
        }
    }

    private static void cosine(Fpu f) {
        if (f.x.isZero()) {
            f.z.setInteger(1);
        } else {
            inexact(f, f.x.exponent < TINY ? 1 : shifted(f.x, 1));
        }
    }

    /** The sine of x and {@code quarters} right angles. */
    private static double shifted(Unpacked x, int quarters) {
        double rest = toDouble(x, 0);
        int quadrant = quarters;
        if (x.exponent >= 0) {
            BigInteger magnitude = new BigInteger(Long.toUnsignedString(x.significand))
                    .shiftLeft(x.exponent + RIGHT_ANGLE_FRACTION - 63);
            BigInteger[] parts = magnitude.add(RIGHT_ANGLE.shiftRight(1)).divideAndRemainder(RIGHT_ANGLE);
            double part =
                    Math.scalb(parts[1].subtract(RIGHT_ANGLE.shiftRight(1)).doubleValue(), -RIGHT_ANGLE_FRACTION);
            int turns = parts[0].intValue() & 3;
            rest = x.negative ? -part : part;
            quadrant += x.negative ? -turns : turns;
        }
        double value = (quadrant & 1) == 0 ? StrictMath.sin(rest) : StrictMath.cos(rest);
        return (quadrant & 2) == 0 ? value : -value;
    }

    /** st0 = atan(st1 / st0), in the quadrant that both signs say. */
    private static void arcTangent(Fpu f) {
        Unpacked x = f.x;
        Unpacked y = f.y;
        boolean negative = y.negative;
        denormals(f, true);
        if (x.isInfinite() && y.isInfinite()) {
            partOfPi(f, x.negative ? 3 : 1);
        } else if (x.isInfinite() || y.isZero()) {
            if (x.negative) {
                partOfPi(f, 4);
            } else {
                f.z.setZero(negative);
            }
        } else if (y.isInfinite() || x.isZero() || y.exponent - x.exponent > -TINY) {
            partOfPi(f, 2);
        } else if (y.exponent - x.exponent < TINY) {
            if (x.negative) {
                partOfPi(f, 4);
            } else {
                f.soft.divide(f.z, y, x);
                f.round(64);
                f.soft.flags |= SoftFloat.INEXACT;
            }
        } else {
            inexact(f, StrictMath.atan2(toDouble(y, -x.exponent), toDouble(x, -x.exponent)));
        }
        f.z.negative = negative;
    }

    /** z = pi * quarters / 4. */
    private static void partOfPi(Fpu f, int quarters) {
        if (quarters == 3) {
            f.z.set(Unpacked.FINITE, f.y.negative, 1, 0x96cbe3f9990e91a7L);
            f.z.rest = 0x9394c9e8a0a5159dL;
        } else {
            int exponent = Integer.numberOfTrailingZeros(quarters) - 1;
            f.z.set(Unpacked.FINITE, f.y.negative, exponent, 0xc90fdaa22168c234L);
            f.z.rest = 0xc4c6628b80dc1cd1L;
        }
        f.round(64);
    }

    // ------------------------------------------------------------------------------------ powers and logarithms

    /** st0 = 2^st0 - 1, for -1 to 1; other numbers stay as they are. */
    private static void powerOfTwo(Fpu f) {
        Unpacked x = f.x;
        denormals(f, false);
        if (x.isZero()) {
            f.z.set(x);
        } else if (x.isInfinite()) {
            if (x.negative) {
                f.z.setInteger(-1);
            } else {
                f.z.set(x);
            }
        } else if (x.exponent >= 0) {
            f.z.set(x);
            if (x.negative && x.exponent == 0 && x.significand == Long.MIN_VALUE) {
                f.z.exponent = -1;
            }
        } else if (x.exponent < TINY) {
            times(f, x, -1, 0xb17217f7d1cf79acL);
        } else {
            inexact(f, StrictMath.expm1(toDouble(x, 0) * LN_2));
        }
    }

    /** z = a times a constant. */
    private static void times(Fpu f, Unpacked a, int exponent, long significand) {
        f.y.set(Unpacked.FINITE, false, exponent, significand);
        f.soft.multiply(f.z, a, f.y);
        f.round(64);
        f.soft.flags |= SoftFloat.INEXACT;
    }

    private static boolean isOne(Unpacked a) {
        return a.kind == Unpacked.FINITE && a.exponent == 0 && a.significand == Long.MIN_VALUE && !a.negative;
    }

    /** st0 = st1 * log2(st0). */
    private static void logarithm(Fpu f) {
        Unpacked x = f.x;
        if (x.negative && !x.isZero()) {
            f.soft.invalid(f.z);
        } else if (x.isZero()) {
            product(f, true, Unpacked.INFINITE, f.y.kind == Unpacked.FINITE);
        } else if (x.isInfinite()) {
            product(f, false, Unpacked.INFINITE, false);
        } else if (isOne(x)) {
            product(f, false, Unpacked.ZERO, false);
        } else if (f.y.kind != Unpacked.FINITE) {
            product(f, x.exponent < 0, Unpacked.FINITE, false);
        } else {
            denormals(f, true);
            // x = 2^exponent * (1 + fraction), with the fraction from -1/4 to 1/2: near 1, no digits are lost.
            long bits = x.significand;
            boolean upper = (bits & Unpacked.QUIET) != 0;
            double fraction = upper ? (double) bits * 0x1p-64 : (double) (bits & Long.MAX_VALUE) * 0x1p-63;
            multiplyBy(f, x.exponent + (upper ? 1 : 0), StrictMath.log1p(fraction) / LN_2);
        }
    }

    /** z = y * (whole + fraction). */
    private static void multiplyBy(Fpu f, int whole, double fraction) {
        boolean exact = fraction == 0;
        int flags = f.soft.flags;
        f.x.setInteger(whole);
        if (!exact) {
            f.part.unpack(Format.BINARY64, Double.doubleToRawLongBits(fraction));
            f.soft.add(f.z, f.x, f.part, false);
            f.round(64);
            f.x.set(f.z);
        }
        f.soft.flags = flags;
        f.soft.multiply(f.z, f.x, f.y);
        f.round(64);
        if (!exact) {
            f.soft.flags |= SoftFloat.INEXACT;
        }
    }

    /**
     * z = y times a logarithm that is zero, infinite, or, where y is zero or infinite, any other number. {@code divides}: tells a division by
     * zero.
     */
    private static void product(Fpu f, boolean negative, int kind, boolean divides) {
        denormals(f, true);
        f.x.set(kind, negative, 0, Long.MIN_VALUE);
        f.soft.multiply(f.z, f.x, f.y);
        if (divides) {
            f.soft.flags = SoftFloat.ZERO_DIVIDE;
        }
    }

    /** st0 = st1 * log2(st0 + 1). */
    private static void logarithmOfMore(Fpu f) {
        Unpacked x = f.x;
        if (x.isZero() || x.isInfinite() && !x.negative) {
            product(f, x.negative, x.kind, false);
        } else if (x.negative && (x.isInfinite() || x.exponent >= 0)) {
            f.soft.invalid(f.z);
        } else if (f.y.kind != Unpacked.FINITE) {
            product(f, x.negative, Unpacked.FINITE, false);
        } else if (x.exponent < TINY) {
            denormals(f, true);
            f.soft.multiply(f.z, x, f.y);
            x.set(f.z);
            x.rest = 0;
            times(f, x, 0, 0xb8aa3b295c17f0bcL);
        } else if (x.exponent > -TINY) {
            logarithm(f);
        } else {
            denormals(f, true);
            multiplyBy(f, 0, StrictMath.log1p(toDouble(x, 0)) / LN_2);
        }
    }
}
