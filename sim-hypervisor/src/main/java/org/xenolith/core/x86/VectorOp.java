package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;

/** Ops of the form {@code register = f(register, register or memory)} on SSE and MMX registers; what they do is a function. */
final class VectorOp {
    /** What an SSE instruction does to register {@code xmm[d], xmm[d + 1]}, given its source. */
    @FunctionalInterface
    interface Vector {
        /** Does it. {@code high} is 0 if the source is narrower than 128 bits. */
        void apply(Cpu c, int d, long low, long high);
    }

    /** What is done to 64 bits: to an MMX register, or to each half of an SSE register. */
    @FunctionalInterface
    interface Halves {
        /** The new value of destination {@code a}, given source {@code b}. */
        long of(long a, long b);
    }

    private VectorOp() {}

    /** The same for both halves. */
    static Vector each(Halves f) {
        return (c, d, low, high) -> {
            long[] x = c.xmm;
            x[d] = f.of(x[d], low);
            x[d + 1] = f.of(x[d + 1], high);
        };
    }

    /** An SSE op with its source as last operand but for an immediate, aligned if it is 128 bits of memory. */
    static Op sse(Insn insn, Vector f) {
        return sse(insn, f, true);
    }

    /** An SSE op whose source need not be aligned. */
    static Op sseUnaligned(Insn insn, Vector f) {
        return sse(insn, f, false);
    }

    private static Op sse(Insn insn, Vector f, boolean aligned) {
        int d = 2 * insn.operand(0).register();
        Operand source = insn.operand(1);
        if (source.kind() == Kind.XMM) {
            return new SseFromRegister(d, 2 * source.register(), f);
        }
        Address address = new Address(insn);
        return source.bits() == 128
                ? new SseFromMemory(d, address, aligned, f)
                : new SseFromNarrow(d, address, source.bits(), f);
    }

    /** An MMX or an SSE op, as the first operand says. */
    static Op halves(Insn insn, Halves f) {
        return insn.operand(0).kind() == Kind.MMX ? mmx(insn, f) : sse(insn, each(f));
    }

    /** An MMX op. */
    static Op mmx(Insn insn, Halves f) {
        int d = insn.operand(0).register();
        Operand source = insn.operand(1);
        return source.kind() == Kind.MMX
                ? new MmxFromRegister(d, source.register(), f)
                : new MmxFromMemory(d, new Address(insn), source.bits(), f);
    }

    private static final class SseFromRegister extends Op {
        private final int d;
        private final int s;
        private final Vector f;

        SseFromRegister(int d, int s, Vector f) {
            this.d = d;
            this.s = s;
            this.f = f;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.sse(c);
            f.apply(c, d, c.xmm[s], c.xmm[s + 1]);
        }
    }

    private static final class SseFromMemory extends Op {
        private final int d;
        private final Address address;
        private final boolean aligned;
        private final Vector f;

        SseFromMemory(int d, Address address, boolean aligned, Vector f) {
            this.d = d;
            this.address = address;
            this.aligned = aligned;
            this.f = f;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.sse(c);
            long at = address.of(c);
            if (aligned) {
                SseGuard.aligned(c, at);
            }
            long low = c.mmu.read64(at);
            f.apply(c, d, low, c.mmu.read64(at + 8));
        }
    }

    private static final class SseFromNarrow extends Op {
        private final int d;
        private final Address address;
        private final int bits;
        private final Vector f;

        SseFromNarrow(int d, Address address, int bits, Vector f) {
            this.d = d;
            this.address = address;
            this.bits = bits;
            this.f = f;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.sse(c);
            f.apply(c, d, narrow(c, address.of(c), bits), 0);
        }
    }

    /** Reads 16, 32 or 64 bits, zero-extended. */
    static long narrow(Cpu c, long at, int bits) {
        return switch (bits) {
            case 64 -> c.mmu.read64(at);
            case 32 -> c.mmu.read32(at) & 0xffffffffL;
            default -> c.mmu.read16(at);
        };
    }

    private static final class MmxFromRegister extends Op {
        private final int d;
        private final int s;
        private final Halves f;

        MmxFromRegister(int d, int s, Halves f) {
            this.d = d;
            this.s = s;
            this.f = f;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.mmx(c);
            c.fpu.setMmx(d, f.of(c.fpu.significand[d], c.fpu.significand[s]));
        }
    }

    private static final class MmxFromMemory extends Op {
        private final int d;
        private final Address address;
        private final int bits;
        private final Halves f;

        MmxFromMemory(int d, Address address, int bits, Halves f) {
            this.d = d;
            this.address = address;
            this.bits = bits;
            this.f = f;
        }

        @Override
        public void exec(Cpu c) {
            SseGuard.mmx(c);
            long b = narrow(c, address.of(c), bits);
            c.fpu.setMmx(d, f.of(c.fpu.significand[d], b));
        }
    }
}
