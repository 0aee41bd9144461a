package org.xenolith.core.x86;

import org.xenolith.core.x86.FastShapes.MemoryAndRegister;
import org.xenolith.core.x86.FastShapes.RegisterAndConstant;
import org.xenolith.core.x86.FastShapes.TwoRegisters;

/** Frequent shapes of other instructions: products, rotates, sums with carry, and what depends on a condition. */
final class FastExtras {
    private static final long CARRY_AND_OVERFLOW = 1L << 63;

    private FastExtras() {}

    static void define(FastShapes s) {
        s.define("imul r r 64", Multiply64::new);
        s.define("imul r r 32", Multiply32::new);
        s.define("adc r r 64", AddWithCarry64::new);
        s.define("adc r i 64", AddWithCarryConstant64::new);
        s.define("rol r i 32", insn -> RotateLeft32.of(insn));
        s.define("ror r i 32", insn -> RotateRight32.of(insn));
        s.define("cmovcc r r 64", MoveOnCondition64::new);
        s.define("cmovcc r r 32", MoveOnCondition32::new);
        s.define("setcc r 8", SetOnCondition::new);
        s.define("not r 64", insn -> new Not(insn, -1));
        s.define("not r 32", insn -> new Not(insn, 0xffffffffL));
        s.define("cmp m r 8", CompareMemoryRegister8::new);
    }

    private static final class Multiply64 extends TwoRegisters {
        Multiply64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long a = c.r[to];
            long b = c.r[from];
            long product = a * b;
            c.r[to] = product;
            c.setFlags(product, Math.multiplyHigh(a, b) == product >> 63 ? 0 : CARRY_AND_OVERFLOW);
        }
    }

    private static final class Multiply32 extends TwoRegisters {
        Multiply32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long product = (long) (int) c.r[to] * (int) c.r[from];
            int cut = (int) product;
            c.r[to] = product & 0xffffffffL;
            c.setFlags(cut, cut == product ? 0 : CARRY_AND_OVERFLOW);
        }
    }

    private static final class AddWithCarry64 extends TwoRegisters {
        AddWithCarry64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long a = c.r[to];
            long b = c.r[from];
            long sum = a + b + (c.cf() ? 1 : 0);
            c.r[to] = sum;
            c.setSumFlags(a, b, sum);
        }
    }

    private static final class AddWithCarryConstant64 extends RegisterAndConstant {
        AddWithCarryConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long a = c.r[to];
            long sum = a + constant + (c.cf() ? 1 : 0);
            c.r[to] = sum;
            c.setSumFlags(a, constant, sum);
        }
    }

    /** By a constant that is not 0. */
    private static final class RotateLeft32 extends RegisterAndConstant {
        private RotateLeft32(Insn insn) {
            super(insn);
        }

        static Op of(Insn insn) {
            return (insn.operand(1).value() & 31) == 0 ? null : new RotateLeft32(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = Integer.rotateLeft((int) c.r[to], (int) constant);
            c.r[to] = result & 0xffffffffL;
            boolean carry = (result & 1) != 0;
            c.setCarryAndOverflow(carry, carry != result < 0);
        }
    }

    /** By a constant that is not 0. */
    private static final class RotateRight32 extends RegisterAndConstant {
        private RotateRight32(Insn insn) {
            super(insn);
        }

        static Op of(Insn insn) {
            return (insn.operand(1).value() & 31) == 0 ? null : new RotateRight32(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = Integer.rotateRight((int) c.r[to], (int) constant);
            c.r[to] = result & 0xffffffffL;
            c.setCarryAndOverflow(result < 0, (result ^ result << 1) < 0);
        }
    }

    private static final class MoveOnCondition64 extends TwoRegisters {
        private final int condition;

        MoveOnCondition64(Insn insn) {
            super(insn);
            condition = insn.condition();
        }

        @Override
        public void exec(Cpu c) {
            if (c.condition(condition)) {
                c.r[to] = c.r[from];
            }
        }
    }

    private static final class MoveOnCondition32 extends TwoRegisters {
        private final int condition;

        MoveOnCondition32(Insn insn) {
            super(insn);
            condition = insn.condition();
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = c.r[c.condition(condition) ? from : to] & 0xffffffffL;
        }
    }

    private static final class SetOnCondition extends Op {
        private final int to;
        private final int condition;

        SetOnCondition(Insn insn) {
            to = insn.operand(0).register();
            condition = insn.condition();
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = c.r[to] & ~0xffL | (c.condition(condition) ? 1 : 0);
        }
    }

    private static final class Not extends Op {
        private final int to;
        private final long mask;

        Not(Insn insn, long mask) {
            to = insn.operand(0).register();
            this.mask = mask;
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = ~c.r[to] & mask;
        }
    }

    private static final class CompareMemoryRegister8 extends MemoryAndRegister {
        CompareMemoryRegister8(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            ArithmeticOps.compare(c, (long) c.mmu.read8(address.of(c)) << 56, c.r[from] << 56, 56);
        }
    }
}
