package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.VectorOp.Vector;

/** Floating point in SSE registers: arithmetic, comparison and conversion, scalar and packed; what a lane does is {@link SseUnit}'s. */
final class SseFloatOps {
    private static final long LOW_32 = 0xffffffffL;
    private static final Format SINGLE = Format.BINARY32;
    private static final Format DOUBLE = Format.BINARY64;

    /** An operation on a lane. */
    @FunctionalInterface
    private interface Lane {
        /** Its result in the low bits. */
        long of(SseUnit u, Format f, long a, long b);
    }

    private SseFloatOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        lanes(s, "add", SseUnit::add);
        lanes(s, "sub", SseUnit::subtract);
        lanes(s, "mul", SseUnit::multiply);
        lanes(s, "div", SseUnit::divide);
        lanes(s, "min", SseUnit::min);
        lanes(s, "max", SseUnit::max);
        lanes(s, "sqrt", SseUnit::squareRoot);
        singles(s, "rcp", (u, f, a, b) -> u.reciprocal(b, false));
        singles(s, "rsqrt", (u, f, a, b) -> u.reciprocal(b, true));
        s.define("cmpps", insn -> VectorOp.sse(insn, packedSingle(predicate(insn))));
        s.define("cmppd", insn -> VectorOp.sse(insn, packedDouble(predicate(insn))));
        s.define("cmpss", insn -> VectorOp.sse(insn, scalarSingle(predicate(insn))));
        s.define("cmpsd_xmm", insn -> VectorOp.sse(insn, scalarDouble(predicate(insn))));
        order(s, "comiss", SINGLE, true);
        order(s, "comisd", DOUBLE, true);
        order(s, "ucomiss", SINGLE, false);
        order(s, "ucomisd", DOUBLE, false);
        betweenFormats(s);
        packedIntegers(s);
        generalIntegers(s);
        mmxIntegers(s);
        control(s);
    }

    private static void lanes(Semantics s, String name, Lane lane) {
        singles(s, name, lane);
        Vector packed = packedDouble(lane);
        Vector scalar = scalarDouble(lane);
        s.define(name + "pd", insn -> VectorOp.sse(insn, packed));
        s.define(name + "sd", insn -> VectorOp.sse(insn, scalar));
    }

    private static void singles(Semantics s, String name, Lane lane) {
        Vector packed = packedSingle(lane);
        Vector scalar = scalarSingle(lane);
        s.define(name + "ps", insn -> VectorOp.sse(insn, packed));
        s.define(name + "ss", insn -> VectorOp.sse(insn, scalar));
    }

    /** Two singles in 64 bits. */
    private static long pair(SseUnit u, Lane lane, long a, long b) {
        return lane.of(u, SINGLE, a & LOW_32, b & LOW_32) & LOW_32 | lane.of(u, SINGLE, a >>> 32, b >>> 32) << 32;
    }

    private static Vector packedSingle(Lane lane) {
        return (c, d, low, high) -> {
            SseUnit u = c.fpu.sse;
            u.begin(c);
            long l = pair(u, lane, c.xmm[d], low);
            long h = pair(u, lane, c.xmm[d + 1], high);
            u.end(c);
            c.xmm[d] = l;
            c.xmm[d + 1] = h;
        };
    }

    private static Vector packedDouble(Lane lane) {
        return (c, d, low, high) -> {
            SseUnit u = c.fpu.sse;
            u.begin(c);
            long l = lane.of(u, DOUBLE, c.xmm[d], low);
            long h = lane.of(u, DOUBLE, c.xmm[d + 1], high);
            u.end(c);
            c.xmm[d] = l;
            c.xmm[d + 1] = h;
        };
    }

    private static Vector scalarSingle(Lane lane) {
        return (c, d, low, high) -> {
            SseUnit u = c.fpu.sse;
            u.begin(c);
            long result = lane.of(u, SINGLE, c.xmm[d] & LOW_32, low & LOW_32);
            u.end(c);
            c.xmm[d] = c.xmm[d] & ~LOW_32 | result & LOW_32;
        };
    }

    private static Vector scalarDouble(Lane lane) {
        return (c, d, low, high) -> {
            SseUnit u = c.fpu.sse;
            u.begin(c);
            long result = lane.of(u, DOUBLE, c.xmm[d], low);
            u.end(c);
            c.xmm[d] = result;
        };
    }

    private static Lane predicate(Insn insn) {
        int predicate = (int) insn.operand(2).value() & 7;
        return (u, f, a, b) -> u.compare(f, a, b, predicate) ? -1 : 0;
    }

    private static void order(Semantics s, String name, Format f, boolean signalling) {
        long mask = f == SINGLE ? LOW_32 : -1;
        s.define(
                name,
                insn -> VectorOp.sse(insn, (c, d, low, high) -> {
                    SseUnit u = c.fpu.sse;
                    u.begin(c);
                    long flags = u.order(f, c.xmm[d] & mask, low & mask, signalling);
                    u.end(c);
                    c.setStatus(flags);
                }));
    }

    /** Computes both halves of a register from the source's. */
    @FunctionalInterface
    private interface Convert {
        /** One half. */
        long half(SseUnit u, long low, long high);
    }

    /** A conversion of a register as a whole. */
    private static void whole(Semantics s, String name, Convert toLow, Convert toHigh) {
        s.define(
                name,
                insn -> VectorOp.sse(insn, (c, d, low, high) -> {
                    SseUnit u = c.fpu.sse;
                    u.begin(c);
                    long l = toLow.half(u, low, high);
                    long h = toHigh.half(u, low, high);
                    u.end(c);
                    c.xmm[d] = l;
                    c.xmm[d + 1] = h;
                }));
    }

    private static long singleToDouble(SseUnit u, long a) {
        return u.convert(SINGLE, DOUBLE, a & LOW_32);
    }

    private static long doubleToSingle(SseUnit u, long a) {
        return u.convert(DOUBLE, SINGLE, a) & LOW_32;
    }

    private static void betweenFormats(Semantics s) {
        whole(s, "cvtps2pd", (u, l, h) -> singleToDouble(u, l), (u, l, h) -> singleToDouble(u, l >>> 32));
        whole(s, "cvtpd2ps", (u, l, h) -> doubleToSingle(u, l) | doubleToSingle(u, h) << 32, (u, l, h) -> 0);
        Vector toDouble = scalarDouble((u, f, a, b) -> singleToDouble(u, b));
        Vector toSingle = (c, d, low, high) -> {
            SseUnit u = c.fpu.sse;
            u.begin(c);
            long result = doubleToSingle(u, low);
            u.end(c);
            c.xmm[d] = c.xmm[d] & ~LOW_32 | result;
        };
        s.define("cvtss2sd", insn -> VectorOp.sse(insn, toDouble));
        s.define("cvtsd2ss", insn -> VectorOp.sse(insn, toSingle));
    }

    /** Two integers of 32 bits to singles. */
    private static long integersToSingles(SseUnit u, long a) {
        return u.fromInteger(SINGLE, a << 32 >> 32) & LOW_32 | u.fromInteger(SINGLE, a >> 32) << 32;
    }

    private static long singlesToIntegers(SseUnit u, long a, boolean truncate) {
        return u.toInteger(SINGLE, a & LOW_32, 32, truncate) & LOW_32
                | u.toInteger(SINGLE, a >>> 32, 32, truncate) << 32;
    }

    private static long doublesToIntegers(SseUnit u, long low, long high, boolean truncate) {
        return u.toInteger(DOUBLE, low, 32, truncate) & LOW_32 | u.toInteger(DOUBLE, high, 32, truncate) << 32;
    }

    private static void packedIntegers(Semantics s) {
        whole(s, "cvtdq2ps", (u, l, h) -> integersToSingles(u, l), (u, l, h) -> integersToSingles(u, h));
        whole(
                s,
                "cvtdq2pd",
                (u, l, h) -> u.fromInteger(DOUBLE, l << 32 >> 32),
                (u, l, h) -> u.fromInteger(DOUBLE, l >> 32));
        for (boolean truncate : new boolean[] {false, true}) {
            String name = truncate ? "cvtt" : "cvt";
            whole(
                    s,
                    name + "ps2dq",
                    (u, l, h) -> singlesToIntegers(u, l, truncate),
                    (u, l, h) -> singlesToIntegers(u, h, truncate));
            whole(s, name + "pd2dq", (u, l, h) -> doublesToIntegers(u, l, h, truncate), (u, l, h) -> 0);
        }
    }

    private static void generalIntegers(Semantics s) {
        for (Format f : Format.values()) {
            String letter = f == SINGLE ? "s" : "d";
            long mask = f == SINGLE ? LOW_32 : -1;
            s.define("cvtsi2s" + letter, insn -> {
                int d = 2 * insn.operand(0).register();
                Place from = Place.of(insn, 1);
                return SseMoveOps.sse(false, c -> {
                    SseUnit u = c.fpu.sse;
                    u.begin(c);
                    long result = u.fromInteger(f, from.signed(c)) & mask;
                    u.end(c);
                    c.xmm[d] = c.xmm[d] & ~mask | result;
                });
            });
            for (boolean truncate : new boolean[] {false, true}) {
                s.define((truncate ? "cvtts" : "cvts") + letter + "2si", insn -> {
                    Place to = Place.of(insn, 0);
                    return VectorOp.sse(insn, (c, d, low, high) -> {
                        SseUnit u = c.fpu.sse;
                        u.begin(c);
                        long result = u.toInteger(f, low & mask, to.bits, truncate);
                        u.end(c);
                        to.set(c, result);
                    });
                });
            }
        }
    }

    private static void mmxIntegers(Semantics s) {
        s.define("cvtpi2ps", insn -> fromMmx(insn, (u, l, h) -> integersToSingles(u, l), null));
        s.define(
                "cvtpi2pd",
                insn -> fromMmx(
                        insn,
                        (u, l, h) -> u.fromInteger(DOUBLE, l << 32 >> 32),
                        (u, l, h) -> u.fromInteger(DOUBLE, l >> 32)));
        for (boolean truncate : new boolean[] {false, true}) {
            String name = truncate ? "cvtt" : "cvt";
            s.define(name + "ps2pi", insn -> toMmx(insn, (u, l, h) -> singlesToIntegers(u, l, truncate)));
            s.define(name + "pd2pi", insn -> toMmx(insn, (u, l, h) -> doublesToIntegers(u, l, h, truncate)));
        }
    }

    private static Op fromMmx(Insn insn, Convert toLow, Convert toHigh) {
        int d = 2 * insn.operand(0).register();
        boolean register = insn.operand(1).kind() == Kind.MMX;
        int from = insn.operand(1).register();
        Address address = register ? null : new Address(insn);
        return SseMoveOps.sse(false, c -> {
            SseGuard.x87(c);
            long source = register ? c.fpu.significand[from] : c.mmu.read64(address.of(c));
            SseUnit u = c.fpu.sse;
            u.begin(c);
            long low = toLow.half(u, source, 0);
            long high = toHigh == null ? c.xmm[d + 1] : toHigh.half(u, source, 0);
            if (register) {
                c.fpu.useMmx();
            }
            u.end(c);
            c.xmm[d] = low;
            c.xmm[d + 1] = high;
        });
    }

    private static Op toMmx(Insn insn, Convert convert) {
        return VectorOp.sse(insn, (c, d, low, high) -> {
            SseGuard.x87(c);
            SseUnit u = c.fpu.sse;
            u.begin(c);
            long result = convert.half(u, low, high);
            c.fpu.useMmx(); // even if it raises #XM
            u.end(c);
            c.fpu.setMmx(d / 2, result);
        });
    }

    private static void control(Semantics s) {
        s.define("ldmxcsr", insn -> {
            Address address = new Address(insn);
            return SseMoveOps.sse(false, c -> {
                int value = c.mmu.read32(address.of(c));
                if ((value & ~SseUnit.MXCSR) != 0) {
                    throw c.raise(Fault.GP);
                }
                c.mxcsr = value;
            });
        });
        s.define("stmxcsr", insn -> {
            Address address = new Address(insn);
            return SseMoveOps.sse(false, c -> c.mmu.write32(address.of(c), c.mxcsr));
        });
    }
}
