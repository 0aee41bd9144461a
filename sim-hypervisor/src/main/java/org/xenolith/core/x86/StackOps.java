package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;

/** The stack. Its address size is 64 bits in 64-bit mode and else that of the stack segment. */
final class StackOps {
    /** Segment attribute: 32-bit stack. */
    private static final int BIG = 1 << 14;

    private StackOps() {}

    static void define(Semantics s) {
        s.define("push", Push::new);
        s.define("pop", insn -> insn.operand(0).kind() == Kind.SEGMENT ? s.named("pop_segment", insn) : new Pop(insn));
        s.define("pusha", PushAll::new);
        s.define("popa", PopAll::new);
        s.define("enter", Enter::new);
        s.define("leave", LeaveFrame::new);
    }

    /** Bits of rsp that count. */
    static long mask(Cpu c) {
        if (c.mode == Insn.Mode.BITS_64) {
            return -1;
        }
        return (c.system.segmentAttributes[Cpu.SS] & BIG) != 0 ? 0xffffffffL : 0xffff;
    }

    /** Linear address of stack offset {@code rsp}. */
    static long linear(Cpu c, long rsp, long mask) {
        return mask == -1 ? rsp : c.segmentBase[Cpu.SS] + (rsp & mask) & 0xffffffffL;
    }

    /** Sets the bits of rsp that count. */
    static void setRsp(Cpu c, long rsp, long mask) {
        c.r[Cpu.RSP] = mask == 0xffff ? c.r[Cpu.RSP] & ~mask | rsp & mask : rsp & mask;
    }

    /** Pushes the low {@code bits} of {@code value}. */
    static void push(Cpu c, int bits, long value) {
        long mask = mask(c);
        long rsp = c.r[Cpu.RSP] - bits / 8;
        Place.write(c, linear(c, rsp, mask), bits, value);
        setRsp(c, rsp, mask);
    }

    /** Pops {@code bits}, zero-extended. */
    static long pop(Cpu c, int bits) {
        long mask = mask(c);
        long value = Place.read(c, linear(c, c.r[Cpu.RSP], mask), bits);
        setRsp(c, c.r[Cpu.RSP] + bits / 8, mask);
        return value;
    }

    /** Pushes a register, memory, an immediate or a selector. */
    private static final class Push extends Op {
        private final Place from;
        private final int segment;
        private final int bits;

        Push(Insn insn) {
            Operand o = insn.operand(0);
            segment = o.kind() == Kind.SEGMENT ? o.register() : -1;
            from = segment < 0 ? Place.of(insn, 0) : null;
            bits = insn.operandBits();
        }

        @Override
        public void exec(Cpu c) {
            push(c, bits, segment < 0 ? from.get(c) : c.selector[segment]);
        }
    }

    /** Pops to a register or to memory, whose address is computed with rsp as it is afterwards. */
    private static final class Pop extends Op {
        private final Place to;
        private final int bits;

        Pop(Insn insn) {
            to = Place.of(insn, 0);
            bits = insn.operandBits();
        }

        @Override
        public void exec(Cpu c) {
            long rsp = c.r[Cpu.RSP];
            long value = pop(c, bits);
            try {
                to.set(c, value);
            } catch (Fault f) {
                c.r[Cpu.RSP] = rsp;
                throw f;
            }
        }
    }

    private static final class PushAll extends Op {
        private final int bits;

        PushAll(Insn insn) {
            bits = insn.operandBits();
        }

        @Override
        public void exec(Cpu c) {
            long mask = mask(c);
            long rsp = c.r[Cpu.RSP];
            long bytes = bits / 8;
            for (int i = 1; i <= 8; i++) {
                c.mmu.checkWrite(linear(c, rsp - i * bytes, mask), bits / 8);
            }
            for (int i = 0; i < 8; i++) {
                Place.write(c, linear(c, rsp - (i + 1) * bytes, mask), bits, i == Cpu.RSP ? rsp : c.r[i]);
            }
            setRsp(c, rsp - 8 * bytes, mask);
        }
    }

    /** Pops all but rsp. */
    private static final class PopAll extends Op {
        private final int bits;

        PopAll(Insn insn) {
            bits = insn.operandBits();
        }

        @Override
        public void exec(Cpu c) {
            long mask = mask(c);
            long rsp = c.r[Cpu.RSP];
            long bytes = bits / 8;
            for (int i = 0; i < 8; i++) {
                Place.read(c, linear(c, rsp + i * bytes, mask), bits);
            }
            for (int i = 0; i < 8; i++) {
                if (i != Cpu.RSP) {
                    long value = Place.read(c, linear(c, rsp + (7 - i) * bytes, mask), bits);
                    Place.register(i, bits).set(c, value);
                }
            }
            setRsp(c, rsp + 8 * bytes, mask);
        }
    }

    /** Makes a stack frame, with display pointers if it is nested. */
    private static final class Enter extends Op {
        private final int size;
        private final int level;
        private final int bits;

        Enter(Insn insn) {
            size = (int) insn.operand(0).value() & 0xffff;
            level = (int) insn.operand(1).value() & 31;
            bits = insn.operandBits();
        }

        @Override
        public void exec(Cpu c) {
            long mask = mask(c);
            long bytes = bits / 8;
            long rsp = c.r[Cpu.RSP];
            long rbp = c.r[Cpu.RBP];
            for (int i = 1; i <= level + 1; i++) {
                c.mmu.checkWrite(linear(c, rsp - i * bytes, mask), bits / 8);
            }
            c.mmu.checkWrite(linear(c, rsp - (level + 1) * bytes - size, mask), bits / 8);
            rsp -= bytes;
            Place.write(c, linear(c, rsp, mask), bits, rbp);
            long frame = rsp;
            for (int i = 1; i < level; i++) {
                long pointer = Place.read(c, linear(c, rbp - i * bytes, mask), bits);
                rsp -= bytes;
                Place.write(c, linear(c, rsp, mask), bits, pointer);
            }
            if (level > 0) {
                rsp -= bytes;
                Place.write(c, linear(c, rsp, mask), bits, frame);
            }
            Place.register(Cpu.RBP, bits).set(c, frame);
            setRsp(c, rsp - size, mask);
        }
    }

    private static final class LeaveFrame extends Op {
        private final Place to;

        LeaveFrame(Insn insn) {
            to = Place.register(Cpu.RBP, insn.operandBits());
        }

        @Override
        public void exec(Cpu c) {
            long mask = mask(c);
            long rbp = c.r[Cpu.RBP];
            long value = Place.read(c, linear(c, rbp, mask), to.bits);
            setRsp(c, rbp + to.bits / 8, mask);
            to.set(c, value);
        }
    }
}
