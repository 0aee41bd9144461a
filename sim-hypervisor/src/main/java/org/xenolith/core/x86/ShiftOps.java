package org.xenolith.core.x86;

/**
 * Shifts and rotates. The count is cut to 5 bits, 6 for 64-bit operands; a count of 0 leaves the flags. Where the manuals leave overflow
 * undefined, for counts above 1, it is what the same formula gives.
 */
final class ShiftOps {
    private static final long TOP = 1L << 63;

    private ShiftOps() {}

    static void define(Semantics s) {
        s.define("shl", Left::new);
        s.define("shr", insn -> new Right(insn, false));
        s.define("sar", insn -> new Right(insn, true));
        s.define("rol", insn -> new Rotate(insn, true));
        s.define("ror", insn -> new Rotate(insn, false));
        s.define("rcl", insn -> new RotateThroughCarry(insn, true));
        s.define("rcr", insn -> new RotateThroughCarry(insn, false));
        s.define("shld", insn -> new ShiftIn(insn, true));
        s.define("shrd", insn -> new ShiftIn(insn, false));
    }

    private abstract static class Shift extends Op {
        final Place to;
        final Place count;
        final int bits;
        final int shift;
        private final int mask;

        Shift(Insn insn, int countOperand) {
            to = Place.of(insn, 0);
            count = Place.of(insn, countOperand);
            bits = to.bits;
            shift = 64 - bits;
            mask = bits == 64 ? 63 : 31;
        }

        /** Shifts {@code value} by {@code n}, which is not 0, and sets the flags once the result is written. */
        abstract void shift(Cpu c, long value, int n);

        @Override
        public final void exec(Cpu c) {
            int n = (int) count.get(c) & mask;
            long value = to.update(c);
            if (n == 0) {
                to.set(c, value);
            } else {
                shift(c, value, n);
            }
        }
    }

    private static final class Left extends Shift {
        Left(Insn insn) {
            super(insn, 1);
        }

        @Override
        void shift(Cpu c, long value, int n) {
            long before = value << shift << n - 1;
            long result = before << 1;
            to.set(c, result >>> shift);
            c.setFlags(result >> shift, before & TOP | (result & TOP) >>> 1);
        }
    }

    private static final class Right extends Shift {
        private final boolean arithmetic;

        Right(Insn insn, boolean arithmetic) {
            super(insn, 1);
            this.arithmetic = arithmetic;
        }

        @Override
        void shift(Cpu c, long value, int n) {
            long before = arithmetic ? value << shift >> shift >> n - 1 : value >>> n - 1;
            long result = arithmetic ? before >> 1 : before >>> 1;
            to.set(c, result);
            boolean carry = (before & 1) != 0;
            boolean overflow = !arithmetic && n == 1 && value << shift < 0;
            c.setFlags(result << shift >> shift, (carry ? TOP : 0) | (carry != overflow ? TOP >>> 1 : 0));
        }
    }

    private static final class Rotate extends Shift {
        private final boolean left;

        Rotate(Insn insn, boolean left) {
            super(insn, 1);
            this.left = left;
        }

        @Override
        void shift(Cpu c, long value, int n) {
            int up = (left ? n : -n) & bits - 1;
            long result = up == 0 ? value : value << up | value >>> bits - up;
            to.set(c, result);
            boolean top = result << shift < 0;
            if (left) {
                boolean carry = (result & 1) != 0;
                c.setCarryAndOverflow(carry, carry != top);
            } else {
                c.setCarryAndOverflow(top, top != result << shift + 1 < 0);
            }
        }
    }

    private static final class RotateThroughCarry extends Shift {
        private final boolean left;

        RotateThroughCarry(Insn insn, boolean left) {
            super(insn, 1);
            this.left = left;
        }

        @Override
        void shift(Cpu c, long value, int n) {
            boolean carry = c.cf();
            long result = value;
            int turns = n % (bits + 1);
            for (int i = 0; i < turns; i++) {
                long in = carry ? 1 : 0;
                if (left) {
                    carry = result << shift < 0;
                    result = result << 1 | in;
                } else {
                    result &= -1L >>> shift;
                    carry = (result & 1) != 0;
                    result = result >>> 1 | in << bits - 1;
                }
            }
            to.set(c, result);
            if (turns > 0) {
                boolean top = result << shift < 0;
                boolean overflow = left ? top != carry : top != result << shift + 1 < 0;
                c.setCarryAndOverflow(carry, overflow);
            }
        }
    }

    /** Shifts bits of a second operand in. 16-bit operands shifted by more than 16 take bits of the first operand again. */
    private static final class ShiftIn extends Shift {
        private final Place from;
        private final boolean left;

        ShiftIn(Insn insn, boolean left) {
            super(insn, 2);
            from = Place.of(insn, 1);
            this.left = left;
        }

        @Override
        void shift(Cpu c, long value, int n) {
            long other = from.get(c);
            boolean carry;
            long result;
            if (bits == 16) {
                long around = value << 32 | other << 16 | value;
                result = left ? around << n >>> 32 : around >>> n;
                carry = (around >>> (left ? 48 - n : n - 1) & 1) != 0;
            } else if (left) {
                result = value << n | other >>> bits - n;
                carry = (value >>> bits - n & 1) != 0;
            } else {
                result = value >>> n | other << bits - n;
                carry = (value >>> n - 1 & 1) != 0;
            }
            to.set(c, result);
            boolean top = result << shift < 0;
            boolean overflow = left ? top != carry : top != result << shift + 1 < 0;
            c.setFlags(result << shift >> shift, (carry ? TOP : 0) | (carry != overflow ? TOP >>> 1 : 0));
        }
    }
}
