package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;

/** Near branches. Far ones are the system's. */
final class BranchOps {
    private BranchOps() {}

    static void define(Semantics s) {
        s.define("jmp", insn -> isTarget(insn) ? new Jump(insn) : new JumpIndirect(insn));
        s.define("jcc", JumpOnCondition::new);
        s.define("call", insn -> isTarget(insn) ? new Call(insn) : new CallIndirect(insn));
        s.define("ret", Return::new);
        s.define("loop", insn -> new Loop(insn, false, false));
        s.define("loope", insn -> new Loop(insn, true, true));
        s.define("loopne", insn -> new Loop(insn, true, false));
        s.define("jcxz", JumpOnZeroCount::new);
    }

    private static boolean isTarget(Insn insn) {
        return insn.operand(0).kind() == Kind.TARGET;
    }

    /** Sets rip behind the instruction or to its target. */
    private abstract static class Branch extends Op {
        /** Offset in cs behind the instruction. */
        final long next;

        Branch(Insn insn) {
            long mask = insn.mode() == Insn.Mode.BITS_64 ? -1 : insn.mode() == Insn.Mode.BITS_32 ? 0xffffffffL : 0xffff;
            next = insn.next() & mask;
        }

        @Override
        public final boolean ends() {
            return true;
        }

        @Override
        public final boolean near() {
            return true;
        }
    }

    private abstract static class Direct extends Branch {
        final long target;

        Direct(Insn insn) {
            super(insn);
            target = insn.operand(0).value();
        }
    }

    /** A branch to where a register or memory says: #GP if that is no address. */
    private abstract static class Indirect extends Branch {
        final Place to;
        final int bits;

        Indirect(Insn insn) {
            super(insn);
            to = Place.of(insn, 0);
            bits = to.bits;
        }

        final long target(Cpu c) {
            return canonical(c, to.get(c));
        }
    }

    /** {@code target}, if it is canonical. */
    static long canonical(Cpu c, long target) {
        if (target << 16 >> 16 != target) {
            throw c.raise(Fault.GP);
        }
        return target;
    }

    private static final class Jump extends Direct {
        Jump(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.rip = target;
        }
    }

    private static final class JumpIndirect extends Indirect {
        JumpIndirect(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.rip = target(c);
        }
    }

    private static final class JumpOnCondition extends Direct {
        private final int condition;

        JumpOnCondition(Insn insn) {
            super(insn);
            condition = insn.condition();
        }

        @Override
        public void exec(Cpu c) {
            c.rip = c.condition(condition) ? target : next;
        }
    }

    private static final class Call extends Direct {
        private final int bits;

        Call(Insn insn) {
            super(insn);
            bits = insn.operandBits();
        }

        @Override
        public void exec(Cpu c) {
            StackOps.push(c, bits, next);
            c.rip = target;
        }
    }

    private static final class CallIndirect extends Indirect {
        CallIndirect(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long target = target(c);
            StackOps.push(c, bits, next);
            c.rip = target;
        }
    }

    /** ret, and ret that drops bytes of arguments. */
    private static final class Return extends Branch {
        private final int bits;
        private final int drop;

        Return(Insn insn) {
            super(insn);
            bits = insn.operandBits();
            drop = insn.operands().isEmpty() ? 0 : (int) insn.operand(0).value() & 0xffff;
        }

        @Override
        public void exec(Cpu c) {
            long mask = StackOps.mask(c);
            long target = canonical(c, Place.read(c, StackOps.linear(c, c.r[Cpu.RSP], mask), bits));
            StackOps.setRsp(c, c.r[Cpu.RSP] + bits / 8 + drop, mask);
            c.rip = target;
        }
    }

    /** Counts rcx down and branches unless it is zero; loope and loopne ask for ZF too. */
    private static final class Loop extends Direct {
        private final Place counter;
        private final boolean asksZero;
        private final boolean zero;

        Loop(Insn insn, boolean asksZero, boolean zero) {
            super(insn);
            counter = Place.register(Cpu.RCX, insn.addressBits());
            this.asksZero = asksZero;
            this.zero = zero;
        }

        @Override
        public void exec(Cpu c) {
            counter.set(c, counter.get(c) - 1);
            c.rip = counter.get(c) != 0 && (!asksZero || c.zf() == zero) ? target : next;
        }
    }

    private static final class JumpOnZeroCount extends Direct {
        private final Place counter;

        JumpOnZeroCount(Insn insn) {
            super(insn);
            counter = Place.register(Cpu.RCX, insn.addressBits());
        }

        @Override
        public void exec(Cpu c) {
            c.rip = counter.get(c) == 0 ? target : next;
        }
    }
}
