package org.xenolith.core.x86;

import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.VectorOp.Halves;

/** Integer arithmetic, logic, comparison, shift, packing and shuffling of lanes, in MMX and SSE registers alike: a line each. */
final class LaneOps {
    private LaneOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        arithmetic(s);
        logic(s);
        comparison(s);
        shifts(s);
        packing(s);
        shuffles(s);
    }

    private static void halves(Semantics s, String name, Halves f) {
        s.define(name, insn -> VectorOp.halves(insn, f));
    }

    private static void arithmetic(Semantics s) {
        halves(s, "paddb", (a, b) -> Swar.add(a, b, Swar.TOP_8));
        halves(s, "paddw", (a, b) -> Swar.add(a, b, Swar.TOP_16));
        halves(s, "paddd", (a, b) -> Swar.add(a, b, Swar.TOP_32));
        halves(s, "paddq", (a, b) -> a + b);
        halves(s, "psubb", (a, b) -> Swar.subtract(a, b, Swar.TOP_8));
        halves(s, "psubw", (a, b) -> Swar.subtract(a, b, Swar.TOP_16));
        halves(s, "psubd", (a, b) -> Swar.subtract(a, b, Swar.TOP_32));
        halves(s, "psubq", (a, b) -> a - b);
        halves(s, "paddsb", (a, b) -> Swar.bytes(a, b, (x, y) -> signedByte(x + y)));
        halves(s, "psubsb", (a, b) -> Swar.bytes(a, b, (x, y) -> signedByte(x - y)));
        halves(s, "paddsw", (a, b) -> Swar.words(a, b, (x, y) -> signedWord(x + y)));
        halves(s, "psubsw", (a, b) -> Swar.words(a, b, (x, y) -> signedWord(x - y)));
        halves(s, "paddusb", (a, b) -> Swar.bytes(a, b, (x, y) -> Math.min(255, (x & 255) + (y & 255))));
        halves(s, "psubusb", (a, b) -> Swar.bytes(a, b, (x, y) -> Math.max(0, (x & 255) - (y & 255))));
        halves(s, "paddusw", (a, b) -> Swar.words(a, b, (x, y) -> Math.min(0xffff, (x & 0xffff) + (y & 0xffff))));
        halves(s, "psubusw", (a, b) -> Swar.words(a, b, (x, y) -> Math.max(0, (x & 0xffff) - (y & 0xffff))));
        halves(s, "pmullw", (a, b) -> Swar.words(a, b, (x, y) -> x * y));
        halves(s, "pmulhw", (a, b) -> Swar.words(a, b, (x, y) -> x * y >> 16));
        halves(s, "pmulhuw", (a, b) -> Swar.words(a, b, (x, y) -> (x & 0xffff) * (y & 0xffff) >>> 16));
        halves(s, "pmuludq", (a, b) -> (a & 0xffffffffL) * (b & 0xffffffffL));
        halves(s, "pmaddwd", (a, b) -> Swar.doublewords(a, b, LaneOps::sumOfProducts));
        halves(s, "pavgb", (a, b) -> Swar.bytes(a, b, (x, y) -> (x & 255) + (y & 255) + 1 >> 1));
        halves(s, "pavgw", (a, b) -> Swar.words(a, b, (x, y) -> (x & 0xffff) + (y & 0xffff) + 1 >> 1));
        halves(s, "psadbw", Swar::sumOfDifferences);
        halves(s, "pminub", Swar::minBytes);
        halves(s, "pmaxub", Swar::maxBytes);
        halves(s, "pminsw", (a, b) -> Swar.words(a, b, Math::min));
        halves(s, "pmaxsw", (a, b) -> Swar.words(a, b, Math::max));
    }

    private static int signedByte(int x) {
        return Swar.clamp(x, Byte.MIN_VALUE, Byte.MAX_VALUE);
    }

    private static int signedWord(int x) {
        return Swar.clamp(x, Short.MIN_VALUE, Short.MAX_VALUE);
    }

    private static int sumOfProducts(int a, int b) {
        return (short) a * (short) b + (a >> 16) * (b >> 16);
    }

    private static void logic(Semantics s) {
        for (String and : new String[] {"pand", "andps", "andpd"}) {
            halves(s, and, (a, b) -> a & b);
        }
        for (String andNot : new String[] {"pandn", "andnps", "andnpd"}) {
            halves(s, andNot, (a, b) -> ~a & b);
        }
        for (String or : new String[] {"por", "orps", "orpd"}) {
            halves(s, or, (a, b) -> a | b);
        }
        for (String xor : new String[] {"pxor", "xorps", "xorpd"}) {
            halves(s, xor, (a, b) -> a ^ b);
        }
    }

    private static void comparison(Semantics s) {
        halves(s, "pcmpeqb", (a, b) -> Swar.equal(a, b, 8, Swar.TOP_8));
        halves(s, "pcmpeqw", (a, b) -> Swar.equal(a, b, 16, Swar.TOP_16));
        halves(s, "pcmpeqd", (a, b) -> Swar.equal(a, b, 32, Swar.TOP_32));
        // Signed a > b is unsigned b < a with the top bits turned.
        halves(s, "pcmpgtb", (a, b) -> greater(a, b, 8, Swar.TOP_8));
        halves(s, "pcmpgtw", (a, b) -> greater(a, b, 16, Swar.TOP_16));
        halves(s, "pcmpgtd", (a, b) -> greater(a, b, 32, Swar.TOP_32));
    }

    private static long greater(long a, long b, int bits, long top) {
        return Swar.spread(Swar.below(b ^ top, a ^ top, top), bits);
    }

    /** Shifts 64 bits of lanes by a count below the lanes' width, or by all of it. */
    @FunctionalInterface
    private interface Shift {
        long of(long a, int count);
    }

    private static void shifts(Semantics s) {
        shift(s, "psllw", 16, (a, n) -> Swar.words(a, x -> x << n));
        shift(s, "pslld", 32, (a, n) -> n == 32 ? 0 : Swar.doublewords(a, x -> x << n));
        shift(s, "psllq", 64, (a, n) -> n == 64 ? 0 : a << n);
        shift(s, "psrlw", 16, (a, n) -> Swar.words(a, x -> (x & 0xffff) >>> n));
        shift(s, "psrld", 32, (a, n) -> n == 32 ? 0 : Swar.doublewords(a, x -> x >>> n));
        shift(s, "psrlq", 64, (a, n) -> n == 64 ? 0 : a >>> n);
        shift(s, "psraw", 16, (a, n) -> Swar.words(a, x -> x >> n));
        shift(s, "psrad", 32, (a, n) -> Swar.doublewords(a, x -> x >> Math.min(n, 31)));
        wholeShift(s, "pslldq", (low, n) -> low << n, true);
        wholeShift(s, "psrldq", (low, n) -> low >>> n, false);
    }

    private static void shift(Semantics s, String name, int width, Shift shift) {
        Halves byRegister = (a, b) -> shift.of(a, Long.compareUnsigned(b, width) < 0 ? (int) b : width);
        s.define(name, insn -> {
            boolean mmx = insn.operand(0).kind() == Kind.MMX;
            if (insn.operand(1).kind() == Kind.IMMEDIATE) {
                int count = (int) Math.min(insn.operand(1).value() & 0xff, width);
                int d = insn.operand(0).register();
                return mmx
                        ? new MmxImmediate(d, a -> shift.of(a, count))
                        : new SseImmediate(2 * d, (c, i, low, high) -> {
                            c.xmm[i] = shift.of(low, count);
                            c.xmm[i + 1] = shift.of(high, count);
                        });
            }
            return mmx
                    ? VectorOp.mmx(insn, byRegister)
                    : VectorOp.sse(insn, (c, d, low, high) -> {
                        c.xmm[d] = byRegister.of(c.xmm[d], low);
                        c.xmm[d + 1] = byRegister.of(c.xmm[d + 1], low);
                    });
        });
    }

    /** Shifts 128 bits by bytes; {@code part} shifts 64 bits by less than 64. */
    private static void wholeShift(Semantics s, String name, LongBinaryOperator part, boolean left) {
        s.define(name, insn -> {
            int bits = 8 * (int) Math.min(insn.operand(1).value() & 0xff, 16);
            return new SseImmediate(2 * insn.operand(0).register(), (c, d, low, high) -> {
                long from = left ? low : high;
                long to = left ? high : low;
                long near = bits < 64 ? part.applyAsLong(from, bits) : 0;
                long far;
                if (bits == 0) {
                    far = to;
                } else if (bits < 64) {
                    far = part.applyAsLong(to, bits) | (left ? from >>> 64 - bits : from << 64 - bits);
                } else {
                    far = bits < 128 ? part.applyAsLong(from, bits - 64) : 0;
                }
                c.xmm[d] = left ? near : far;
                c.xmm[d + 1] = left ? far : near;
            });
        });
    }

    private static final class SseImmediate extends Op {
        private final int d;
        private final VectorOp.Vector f;

        SseImmediate(int d, VectorOp.Vector f) {
            this.d = d;
            this.f = f;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.sse(c);
            f.apply(c, d, c.xmm[d], c.xmm[d + 1]);
        }
    }

    private static final class MmxImmediate extends Op {
        private final int d;
        private final LongUnaryOperator f;

        MmxImmediate(int d, LongUnaryOperator f) {
            this.d = d;
            this.f = f;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.mmx(c);
            c.fpu.setMmx(d, f.applyAsLong(c.fpu.significand[d]));
        }
    }

    private static void packing(Semantics s) {
        pack(s, "packsswb", a -> Swar.narrowWords(a, LaneOps::signedByte));
        pack(s, "packuswb", a -> Swar.narrowWords(a, x -> Swar.clamp(x, 0, 255)));
        pack(s, "packssdw", a -> Swar.narrowDoublewords(a, LaneOps::signedWord));
        interleave(s, "bw", Swar::interleaveBytes);
        interleave(s, "wd", Swar::interleaveWords);
        interleave(s, "dq", (a, b) -> a & 0xffffffffL | b << 32);
        s.define("punpcklqdq", insn -> VectorOp.sse(insn, LaneOps::lowQuadwords));
        s.define("punpckhqdq", insn -> VectorOp.sse(insn, LaneOps::highQuadwords));
        s.define("unpcklpd", insn -> VectorOp.sse(insn, LaneOps::lowQuadwords));
        s.define("unpckhpd", insn -> VectorOp.sse(insn, LaneOps::highQuadwords));
    }

    private static void lowQuadwords(Cpu c, int d, long low, long high) {
        c.xmm[d + 1] = low;
    }

    private static void highQuadwords(Cpu c, int d, long low, long high) {
        c.xmm[d] = c.xmm[d + 1];
        c.xmm[d + 1] = high;
    }

    /** Narrows destination and source into one register; {@code narrow} makes 32 bits of 64. */
    private static void pack(Semantics s, String name, LongUnaryOperator narrow) {
        Halves both = (a, b) -> narrow.applyAsLong(a) | narrow.applyAsLong(b) << 32;
        s.define(
                name,
                insn -> insn.operand(0).kind() == Kind.MMX
                        ? VectorOp.mmx(insn, both)
                        : VectorOp.sse(insn, (c, d, low, high) -> {
                            c.xmm[d] = both.of(c.xmm[d], c.xmm[d + 1]);
                            c.xmm[d + 1] = both.of(low, high);
                        }));
    }

    /** The four unpacking instructions of a lane's width; {@code merge} interleaves the low 32 bits of its operands. */
    private static void interleave(Semantics s, String width, Halves merge) {
        Halves mergeHigh = (a, b) -> merge.of(a >>> 32, b >>> 32);
        VectorOp.Vector low = (c, d, l, h) -> {
            long a = c.xmm[d];
            c.xmm[d] = merge.of(a, l);
            c.xmm[d + 1] = mergeHigh.of(a, l);
        };
        VectorOp.Vector high = (c, d, l, h) -> {
            long a = c.xmm[d + 1];
            c.xmm[d] = merge.of(a, h);
            c.xmm[d + 1] = mergeHigh.of(a, h);
        };
        s.define("punpckl" + width, insn -> mmxOrSse(insn, merge, low));
        s.define("punpckh" + width, insn -> mmxOrSse(insn, mergeHigh, high));
        if ("dq".equals(width)) {
            s.define("unpcklps", insn -> VectorOp.sse(insn, low));
            s.define("unpckhps", insn -> VectorOp.sse(insn, high));
        }
    }

    private static Op mmxOrSse(Insn insn, Halves mmx, VectorOp.Vector sse) {
        return insn.operand(0).kind() == Kind.MMX ? VectorOp.mmx(insn, mmx) : VectorOp.sse(insn, sse);
    }

    private static int order(Insn insn) {
        return (int) insn.operand(2).value() & 0xff;
    }

    /** Doubleword {@code i & 3} of a pair of halves. */
    private static long doubleword(long low, long high, int i) {
        return ((i & 2) == 0 ? low : high) >>> 32 * (i & 1) & 0xffffffffL;
    }

    private static void shuffles(Semantics s) {
        s.define("pshufw", insn -> {
            int order = order(insn);
            return VectorOp.mmx(insn, (a, b) -> Swar.shuffleWords(b, order));
        });
        s.define("pshuflw", insn -> {
            int order = order(insn);
            return VectorOp.sse(insn, (c, d, low, high) -> {
                c.xmm[d] = Swar.shuffleWords(low, order);
                c.xmm[d + 1] = high;
            });
        });
        s.define("pshufhw", insn -> {
            int order = order(insn);
            return VectorOp.sse(insn, (c, d, low, high) -> {
                c.xmm[d] = low;
                c.xmm[d + 1] = Swar.shuffleWords(high, order);
            });
        });
        s.define("pshufd", insn -> {
            int order = order(insn);
            return VectorOp.sse(insn, (c, d, low, high) -> {
                c.xmm[d] = doubleword(low, high, order) | doubleword(low, high, order >> 2) << 32;
                c.xmm[d + 1] = doubleword(low, high, order >> 4) | doubleword(low, high, order >> 6) << 32;
            });
        });
        s.define("shufps", insn -> {
            int order = order(insn);
            return VectorOp.sse(insn, (c, d, low, high) -> {
                long l = c.xmm[d];
                long h = c.xmm[d + 1];
                c.xmm[d] = doubleword(l, h, order) | doubleword(l, h, order >> 2) << 32;
                c.xmm[d + 1] = doubleword(low, high, order >> 4) | doubleword(low, high, order >> 6) << 32;
            });
        });
        s.define("shufpd", insn -> {
            int order = order(insn);
            return VectorOp.sse(insn, (c, d, low, high) -> {
                c.xmm[d] = c.xmm[d + (order & 1)];
                c.xmm[d + 1] = (order & 2) == 0 ? low : high;
            });
        });
    }
}
