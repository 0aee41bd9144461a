package org.xenolith.core.x86;

import org.xenolith.core.x86.FastShapes.RegisterAndConstant;

/** Shifts of registers by constants, and steps by one: what {@link ShiftOps} and {@link ArithmeticOps} do for all. */
final class FastShifts {
    private static final long TOP = 1L << 63;

    private FastShifts() {}

    static void define(FastShapes s) {
        s.define("shl r i 64", insn -> count(insn, 63) == 0 ? null : new Left64(insn));
        s.define("shl r i 32", insn -> count(insn, 31) == 0 ? null : new Left32(insn));
        s.define("shr r i 64", insn -> count(insn, 63) == 0 ? null : new Right64(insn));
        s.define("shr r i 32", insn -> count(insn, 31) == 0 ? null : new Right32(insn));
        s.define("sar r i 64", insn -> count(insn, 63) == 0 ? null : new SignedRight64(insn));
        s.define("sar r i 32", insn -> count(insn, 31) == 0 ? null : new SignedRight32(insn));
        s.define("inc r 64", insn -> new Step64(insn, 1));
        s.define("inc r 32", insn -> new Step32(insn, 1));
        s.define("dec r 64", insn -> new Step64(insn, -1));
        s.define("dec r 32", insn -> new Step32(insn, -1));
    }

    private static int count(Insn insn, int mask) {
        return (int) insn.operand(1).value() & mask;
    }

    private abstract static class Shift extends RegisterAndConstant {
        /** All but the last step of the shift, so that the bit shifted out last is at hand. */
        final int before;

        Shift(Insn insn, int mask) {
            super(insn);
            before = count(insn, mask) - 1;
        }
    }

    private static final class Left64 extends Shift {
        Left64(Insn insn) {
            super(insn, 63);
        }

        @Override
        public void exec(Cpu c) {
            long almost = c.r[to] << before;
            long result = almost << 1;
            c.r[to] = result;
            c.setFlags(result, almost & TOP | (result & TOP) >>> 1);
        }
    }

    private static final class Left32 extends Shift {
        Left32(Insn insn) {
            super(insn, 31);
        }

        @Override
        public void exec(Cpu c) {
            long almost = c.r[to] << 32 << before;
            long result = almost << 1;
            c.r[to] = result >>> 32;
            c.setFlags(result >> 32, almost & TOP | (result & TOP) >>> 1);
        }
    }

    private static final class Right64 extends Shift {
        Right64(Insn insn) {
            super(insn, 63);
        }

        @Override
        public void exec(Cpu c) {
            long almost = c.r[to] >>> before;
            long result = almost >>> 1;
            c.r[to] = result;
            // Overflow is the former sign, which almost still has if it was shifted by 1.
            c.setFlags(result, almost << 63 ^ (almost & TOP) >>> 1 ^ almost << 63 >>> 1);
        }
    }

    private static final class Right32 extends Shift {
        Right32(Insn insn) {
            super(insn, 31);
        }

        @Override
        public void exec(Cpu c) {
            long almost = (c.r[to] & 0xffffffffL) >>> before;
            long result = almost >>> 1;
            c.r[to] = result;
            long overflow = almost << 32 & TOP;
            c.setFlags(result, almost << 63 ^ overflow >>> 1 ^ almost << 63 >>> 1);
        }
    }

    private static final class SignedRight64 extends Shift {
        SignedRight64(Insn insn) {
            super(insn, 63);
        }

        @Override
        public void exec(Cpu c) {
            long almost = c.r[to] >> before;
            long result = almost >> 1;
            c.r[to] = result;
            c.setFlags(result, almost << 63 | almost << 63 >>> 1);
        }
    }

    private static final class SignedRight32 extends Shift {
        SignedRight32(Insn insn) {
            super(insn, 31);
        }

        @Override
        public void exec(Cpu c) {
            long almost = (long) (int) c.r[to] >> before;
            long result = almost >> 1;
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, almost << 63 | almost << 63 >>> 1);
        }
    }

    private static final class Step64 extends Op {
        private final int to;
        private final long by;

        Step64(Insn insn, long by) {
            to = insn.operand(0).register();
            this.by = by;
        }

        @Override
        public void exec(Cpu c) {
            long a = c.r[to];
            long result = a + by;
            c.r[to] = result;
            long carries = by > 0 ? a & ~result : ~a & result;
            c.setFlagsButCarry(result, carries & ~7L);
        }
    }

    private static final class Step32 extends Op {
        private final int to;
        private final int by;

        Step32(Insn insn, int by) {
            to = insn.operand(0).register();
            this.by = by;
        }

        @Override
        public void exec(Cpu c) {
            int a = (int) c.r[to];
            int result = a + by;
            c.r[to] = result & 0xffffffffL;
            int carries = by > 0 ? a & ~result : ~a & result;
            c.setFlagsButCarry(result, (long) carries << 32 | carries & 8);
        }
    }
}
