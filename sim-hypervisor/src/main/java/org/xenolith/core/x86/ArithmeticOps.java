package org.xenolith.core.x86;

/**
 * Addition, subtraction and their kin, for operands of every kind and width. Operands are shifted up so that their top bit is bit 63: then
 * one computation of result and carries does for all widths.
 */
final class ArithmeticOps {
    private ArithmeticOps() {}

    static void define(Semantics s) {
        s.define("add", insn -> new Add(insn, false));
        s.define("adc", insn -> new Add(insn, true));
        s.define("sub", insn -> new Subtract(insn, false));
        s.define("sbb", insn -> new Subtract(insn, true));
        s.define("cmp", Compare::new);
        s.define("inc", insn -> new Step(insn, 1));
        s.define("dec", insn -> new Step(insn, -1));
        s.define("neg", Negate::new);
    }

    /** Carries out of each bit of {@code a + b}, which came to {@code sum}. */
    static long carries(long a, long b, long sum) {
        return a & b | (a | b) & ~sum;
    }

    /** Borrows out of each bit of {@code a - b}, which came to {@code difference}. */
    static long borrows(long a, long b, long difference) {
        return ~a & b | (~a | b) & difference;
    }

    /** Carries of operands that were shifted up by {@code shift}, as {@link Cpu#setFlags} wants them. */
    static long arranged(long carries, int shift) {
        return carries & ~15L | carries >>> shift & 8;
    }

    /** Flags of {@code a - b}, both shifted up by {@code shift}. */
    static void compare(Cpu c, long a, long b, int shift) {
        long difference = a - b;
        c.setFlags(difference >> shift, arranged(borrows(a, b, difference), shift));
    }

    private static final class Add extends Op {
        private final Place to;
        private final Place from;
        private final int shift;
        private final boolean withCarry;

        Add(Insn insn, boolean withCarry) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            shift = 64 - to.bits;
            this.withCarry = withCarry;
        }

        @Override
        public void exec(Cpu c) {
            long b = from.get(c) << shift;
            long a = to.update(c) << shift;
            long sum = a + b + (withCarry && c.cf() ? 1L << shift : 0);
            to.set(c, sum >>> shift);
            c.setFlags(sum >> shift, arranged(carries(a, b, sum), shift));
        }
    }

    private static final class Subtract extends Op {
        private final Place to;
        private final Place from;
        private final int shift;
        private final boolean withBorrow;

        Subtract(Insn insn, boolean withBorrow) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            shift = 64 - to.bits;
            this.withBorrow = withBorrow;
        }

        @Override
        public void exec(Cpu c) {
            long b = from.get(c) << shift;
            long a = to.update(c) << shift;
            long difference = a - b - (withBorrow && c.cf() ? 1L << shift : 0);
            to.set(c, difference >>> shift);
            c.setFlags(difference >> shift, arranged(borrows(a, b, difference), shift));
        }
    }

    private static final class Compare extends Op {
        private final Place left;
        private final Place right;
        private final int shift;

        Compare(Insn insn) {
            left = Place.of(insn, 0);
            right = Place.of(insn, 1);
            shift = 64 - left.bits;
        }

        @Override
        public void exec(Cpu c) {
            compare(c, left.get(c) << shift, right.get(c) << shift, shift);
        }
    }

    /** Adds or subtracts 1, and leaves carry. */
    private static final class Step extends Op {
        private final Place to;
        private final int shift;
        private final boolean up;

        Step(Insn insn, int step) {
            to = Place.of(insn, 0);
            shift = 64 - to.bits;
            up = step > 0;
        }

        @Override
        public void exec(Cpu c) {
            long a = to.update(c) << shift;
            long b = 1L << shift;
            long result = up ? a + b : a - b;
            to.set(c, result >>> shift);
            long carries = up ? carries(a, b, result) : borrows(a, b, result);
            c.setFlagsButCarry(result >> shift, arranged(carries, shift));
        }
    }

    private static final class Negate extends Op {
        private final Place to;
        private final int shift;

        Negate(Insn insn) {
            to = Place.of(insn, 0);
            shift = 64 - to.bits;
        }

        @Override
        public void exec(Cpu c) {
            long b = to.update(c) << shift;
            to.set(c, -b >>> shift);
            compare(c, 0, b, shift);
        }
    }
}
