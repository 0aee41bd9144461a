package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.VectorOp.Vector;

/** Moves to, from and between SSE and MMX registers. */
final class SseMoveOps {
    private static final long LOW_32 = 0xffffffffL;

    private static final Vector WHOLE = (c, d, low, high) -> {
        c.xmm[d] = low;
        c.xmm[d + 1] = high;
    };
    private static final Vector LOW_ZERO_EXTENDED = (c, d, low, high) -> {
        c.xmm[d] = low;
        c.xmm[d + 1] = 0;
    };
    private static final Vector LOW_MERGED = (c, d, low, high) -> c.xmm[d] = low;
    private static final Vector SINGLE_MERGED = (c, d, low, high) -> c.xmm[d] = c.xmm[d] & ~LOW_32 | low & LOW_32;
    private static final Vector HIGH_FROM_LOW = (c, d, low, high) -> c.xmm[d + 1] = low;
    private static final Vector LOW_FROM_HIGH = (c, d, low, high) -> c.xmm[d] = high;

    private SseMoveOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        for (String aligned : new String[] {"movaps", "movapd", "movdqa", "movntps", "movntpd", "movntdq"}) {
            s.define(
                    aligned,
                    insn -> insn.operand(0).kind() == Kind.MEMORY ? store(insn, true) : VectorOp.sse(insn, WHOLE));
        }
        for (String unaligned : new String[] {"movups", "movupd", "movdqu"}) {
            s.define(
                    unaligned,
                    insn -> insn.operand(0).kind() == Kind.MEMORY
                            ? store(insn, false)
                            : VectorOp.sseUnaligned(insn, WHOLE));
        }
        scalar(s, "movss", SINGLE_MERGED);
        scalar(s, "movsd_xmm", LOW_MERGED);
        for (String low : new String[] {"movlps", "movlpd"}) {
            s.define(low, insn -> half(insn, 0, LOW_MERGED));
        }
        for (String high : new String[] {"movhps", "movhpd"}) {
            s.define(high, insn -> half(insn, 1, HIGH_FROM_LOW));
        }
        s.define("movhlps", insn -> VectorOp.sse(insn, LOW_FROM_HIGH));
        s.define("movlhps", insn -> VectorOp.sse(insn, HIGH_FROM_LOW));
        s.define("movd", SseMoveOps::general);
        s.define("movq", SseMoveOps::general);
        s.define("movntq", SseMoveOps::general);
        s.define(
                "movq2dq",
                insn -> fromMmx(insn.operand(0).register(), insn.operand(1).register()));
        s.define(
                "movdq2q",
                insn -> toMmx(insn.operand(0).register(), insn.operand(1).register()));
        s.define("maskmovq", MaskedStore::new);
        s.define("maskmovdqu", MaskedStore::new);
        masks(s);
        words(s);
    }

    private static Op store(Insn insn, boolean aligned) {
        return new Store(new Address(insn), 2 * insn.operand(1).register(), aligned);
    }

    /** movss and movsd: between registers they merge, from memory they clear what is above. */
    private static void scalar(Semantics s, String name, Vector merge) {
        s.define(name, insn -> {
            if (insn.operand(0).kind() == Kind.MEMORY) {
                return storeHalf(insn, 0);
            }
            return VectorOp.sse(insn, insn.operand(1).kind() == Kind.MEMORY ? LOW_ZERO_EXTENDED : merge);
        });
    }

    private static Op half(Insn insn, int half, Vector load) {
        return insn.operand(0).kind() == Kind.MEMORY ? storeHalf(insn, half) : VectorOp.sse(insn, load);
    }

    private static Op storeHalf(Insn insn, int half) {
        int bits = insn.operand(0).bits();
        return new StoreHalf(new Address(insn), 2 * insn.operand(1).register() + half, bits);
    }

    /** movd and movq of all shapes. */
    private static Op general(Insn insn) {
        Kind to = insn.operand(0).kind();
        Kind from = insn.operand(1).kind();
        int d = insn.operand(0).register();
        int source = insn.operand(1).register();
        if (to == Kind.XMM && (from == Kind.XMM || from == Kind.MEMORY)) {
            return VectorOp.sse(insn, LOW_ZERO_EXTENDED);
        }
        if (to == Kind.MMX && (from == Kind.MMX || from == Kind.MEMORY)) {
            return VectorOp.mmx(insn, (a, b) -> b);
        }
        if (from == Kind.XMM && to == Kind.MEMORY) {
            return storeHalf(insn, 0);
        }
        if (to == Kind.XMM || to == Kind.MMX) {
            Place general = Place.of(insn, 1);
            return sse(to == Kind.MMX, c -> {
                if (to == Kind.MMX) {
                    c.fpu.setMmx(d, general.get(c));
                } else {
                    LOW_ZERO_EXTENDED.apply(c, 2 * d, general.get(c), 0);
                }
            });
        }
        Place general = Place.of(insn, 0);
        return from == Kind.MMX
                ? sse(true, c -> {
                    general.set(c, c.fpu.significand[source]);
                    c.fpu.useMmx();
                })
                : sse(false, c -> general.set(c, c.xmm[2 * source]));
    }

    private static Op fromMmx(int d, int source) {
        return sse(true, c -> {
            SseGuard.sse(c);
            c.fpu.useMmx();
            LOW_ZERO_EXTENDED.apply(c, 2 * d, c.fpu.significand[source], 0);
        });
    }

    private static Op toMmx(int d, int source) {
        return sse(true, c -> {
            SseGuard.sse(c);
            c.fpu.setMmx(d, c.xmm[2 * source]);
        });
    }

    /** What an op does beyond the check whether it may. */
    @FunctionalInterface
    interface Body {
        /** Does it. */
        void exec(Cpu c);
    }

    /** An op that checks for MMX, or else for SSE. */
    static Op sse(boolean mmx, Body body) {
        return new Checked(mmx, body);
    }

    private static final class Checked extends Op {
        private final boolean mmx;
        private final Body body;

        Checked(boolean mmx, Body body) {
            this.mmx = mmx;
            this.body = body;
        }

        @Override
        public void exec(Cpu c) {
            if (mmx) {
                SseGuard.mmx(c);
            } else {
                SseGuard.sse(c);
            }
            body.exec(c);
        }
    }

    private static final class Store extends Op {
        private final Address address;
        private final int s;
        private final boolean aligned;

        Store(Address address, int s, boolean aligned) {
            this.address = address;
            this.s = s;
            this.aligned = aligned;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.sse(c);
            long at = address.of(c);
            if ((at & 15) != 0) {
                if (aligned) {
                    throw c.raise(Fault.GP);
                }
                c.mmu.checkWrite(at, 16);
            }
            c.mmu.write64(at, c.xmm[s]);
            c.mmu.write64(at + 8, c.xmm[s + 1]);
        }
    }

    private static final class StoreHalf extends Op {
        private final Address address;
        private final int s;
        private final int bits;

        StoreHalf(Address address, int s, int bits) {
            this.address = address;
            this.s = s;
            this.bits = bits;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.sse(c);
            if (bits == 64) {
                c.mmu.write64(address.of(c), c.xmm[s]);
            } else {
                c.mmu.write32(address.of(c), (int) c.xmm[s]);
            }
        }
    }

    /** maskmovq and maskmovdqu: store the bytes whose mask byte has its top bit set. */
    private static final class MaskedStore extends Op {
        private final boolean mmx;
        private final int s;
        private final int mask;
        private final Address address;

        MaskedStore(Insn insn) {
            mmx = insn.operand(0).kind() == Kind.MMX;
            s = insn.operand(0).register();
            mask = insn.operand(1).register();
            address = new Address(insn);
        }

        @Override
        public void exec(Cpu c) {
            long at = address.of(c);
            if (mmx) {
                SseGuard.mmx(c);
                c.fpu.useMmx();
                c.mmu.checkWrite(at, 8); // hardware does so for an empty mask too
                store(c, at, c.fpu.significand[s], c.fpu.significand[mask]);
            } else {
                SseGuard.sse(c);
                long[] x = c.xmm;
                c.mmu.checkWrite(at, 16);
                store(c, at, x[2 * s], x[2 * mask]);
                store(c, at + 8, x[2 * s + 1], x[2 * mask + 1]);
            }
        }

        private static void store(Cpu c, long at, long value, long mask) {
            for (int i = 0; i < 8; i++) {
                if ((mask >>> 8 * i & 0x80) != 0) {
                    c.mmu.write8(at + i, (int) (value >>> 8 * i) & 0xff);
                }
            }
        }
    }

    private static void masks(Semantics s) {
        s.define("movmskps", insn -> {
            Place to = Place.of(insn, 0);
            int x = 2 * insn.operand(1).register();
            return sse(false, c -> to.set(c, signs(c.xmm[x]) | signs(c.xmm[x + 1]) << 2));
        });
        s.define("movmskpd", insn -> {
            Place to = Place.of(insn, 0);
            int x = 2 * insn.operand(1).register();
            return sse(false, c -> to.set(c, c.xmm[x] >>> 63 | c.xmm[x + 1] >>> 63 << 1));
        });
        s.define("pmovmskb", insn -> {
            Place to = Place.of(insn, 0);
            int from = insn.operand(1).register();
            if (insn.operand(1).kind() == Kind.MMX) {
                return sse(true, c -> to.set(c, Swar.topsOfBytes(c.fpu.mmx(from))));
            }
            return sse(
                    false,
                    c -> to.set(c, Swar.topsOfBytes(c.xmm[2 * from]) | Swar.topsOfBytes(c.xmm[2 * from + 1]) << 8));
        });
    }

    private static long signs(long half) {
        return half >>> 31 & 1 | half >>> 63 << 1;
    }

    private static void words(Semantics s) {
        s.define("pinsrw", insn -> {
            int d = insn.operand(0).register();
            int i = (int) insn.operand(2).value();
            Place from = Place.of(insn, 1);
            if (insn.operand(0).kind() == Kind.MMX) {
                return sse(true, c -> c.fpu.setMmx(d, insert(c.fpu.significand[d], from.get(c), i & 3)));
            }
            int x = 2 * d + (i >> 2 & 1);
            return sse(false, c -> c.xmm[x] = insert(c.xmm[x], from.get(c), i & 3));
        });
        s.define("pextrw", insn -> {
            int from = insn.operand(1).register();
            int i = (int) insn.operand(2).value();
            Place to = Place.of(insn, 0);
            if (insn.operand(1).kind() == Kind.MMX) {
                return sse(true, c -> to.set(c, c.fpu.mmx(from) >>> 16 * (i & 3) & 0xffff));
            }
            int x = 2 * from + (i >> 2 & 1);
            return sse(false, c -> to.set(c, c.xmm[x] >>> 16 * (i & 3) & 0xffff));
        });
    }

    private static long insert(long half, long word, int i) {
        return half & ~(0xffffL << 16 * i) | (word & 0xffff) << 16 * i;
    }
}
