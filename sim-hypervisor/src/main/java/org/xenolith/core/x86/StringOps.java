package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;

/**
 * String instructions. A repeated one executes as many repetitions as the run still has instructions for, and counts each; registers are
 * right behind each repetition, so that a fault or the end of a run interrupts it anywhere.
 */
final class StringOps {
    private StringOps() {}

    static void define(Semantics s) {
        s.define("movs", Move::new);
        s.define("stos", Store::new);
        s.define("lods", Load::new);
        s.define("cmps", Compare::new);
        s.define("scas", Scan::new);
    }

    private abstract static class StringOp extends Op {
        /** Width of an item. */
        final int bits;

        private final int sourceSegment;
        private final long offsetMask;
        private final long linearMask;
        private final boolean repeats;
        private final boolean repeatsWhileEqual;
        private final boolean repeatsWhileNotEqual;
        private final long rip;
        private final long next;

        StringOp(Insn insn, boolean compares) {
            bits = itemBits(insn);
            sourceSegment = insn.memory() == null
                            || insn.memory().segment() == Cpu.ES
                                    && !insn.memory().segmentOverride()
                    ? Cpu.DS
                    : insn.memory().segment();
            offsetMask = Address.mask(insn.addressBits());
            linearMask = Address.linearMask(insn.mode());
            boolean repe = insn.has(Insn.PREFIX_REP);
            boolean repne = insn.has(Insn.PREFIX_REPNE);
            repeats = repe || repne;
            repeatsWhileEqual = compares && repe;
            repeatsWhileNotEqual = compares && repne;
            rip = insn.address();
            next = insn.next();
        }

        private static int itemBits(Insn insn) {
            for (Operand o : insn.operands()) {
                if (o.kind() == Kind.MEMORY) {
                    return o.bits();
                }
            }
            return insn.operandBits();
        }

        /** Carries one repetition out, but for the registers that count and point. */
        abstract void once(Cpu c);

        /** Whether it moves rsi and rdi. */
        abstract boolean usesSource();

        /** Whether it moves rdi. */
        abstract boolean usesDestination();

        final long source(Cpu c) {
            return c.segmentBase[sourceSegment] + (c.r[Cpu.RSI] & offsetMask) & linearMask;
        }

        final long destination(Cpu c) {
            return c.segmentBase[Cpu.ES] + (c.r[Cpu.RDI] & offsetMask) & linearMask;
        }

        /** Adds {@code by} to the part of register {@code number} that the address size names. */
        final void move(Cpu c, int number, long by) {
            long value = c.r[number] + by;
            c.r[number] = offsetMask == 0xffff ? c.r[number] & ~offsetMask | value & offsetMask : value & offsetMask;
        }

        private void step(Cpu c) {
            once(c);
            long by = c.df() ? -bits / 8 : bits / 8;
            if (usesSource()) {
                move(c, Cpu.RSI, by);
            }
            if (usesDestination()) {
                move(c, Cpu.RDI, by);
            }
        }

        @Override
        public final void exec(Cpu c) {
            if (!repeats) {
                step(c);
                return;
            }
            if ((c.r[Cpu.RCX] & offsetMask) == 0) {
                c.rip = next;
                return;
            }
            while (true) {
                step(c);
                move(c, Cpu.RCX, -1);
                if ((c.r[Cpu.RCX] & offsetMask) == 0
                        || repeatsWhileEqual && !c.zf()
                        || repeatsWhileNotEqual && c.zf()) {
                    c.rip = next;
                    return;
                }
                if (c.left == 1) {
                    c.rip = rip;
                    return;
                }
                c.left--;
            }
        }

        @Override
        public final boolean ends() {
            return repeats;
        }

        @Override
        public final boolean alone() {
            return repeats;
        }
    }

    private static final class Move extends StringOp {
        Move(Insn insn) {
            super(insn, false);
        }

        @Override
        void once(Cpu c) {
            Place.write(c, destination(c), bits, Place.read(c, source(c), bits));
        }

        @Override
        boolean usesSource() {
            return true;
        }

        @Override
        boolean usesDestination() {
            return true;
        }
    }

    private static final class Store extends StringOp {
        Store(Insn insn) {
            super(insn, false);
        }

        @Override
        void once(Cpu c) {
            Place.write(c, destination(c), bits, c.r[Cpu.RAX]);
        }

        @Override
        boolean usesSource() {
            return false;
        }

        @Override
        boolean usesDestination() {
            return true;
        }
    }

    private static final class Load extends StringOp {
        private final Place accumulator;

        Load(Insn insn) {
            super(insn, false);
            accumulator = Place.register(Cpu.RAX, bits);
        }

        @Override
        void once(Cpu c) {
            accumulator.set(c, Place.read(c, source(c), bits));
        }

        @Override
        boolean usesSource() {
            return true;
        }

        @Override
        boolean usesDestination() {
            return false;
        }
    }

    private static final class Compare extends StringOp {
        Compare(Insn insn) {
            super(insn, true);
        }

        @Override
        void once(Cpu c) {
            long a = Place.read(c, source(c), bits) << 64 - bits;
            long b = Place.read(c, destination(c), bits) << 64 - bits;
            ArithmeticOps.compare(c, a, b, 64 - bits);
        }

        @Override
        boolean usesSource() {
            return true;
        }

        @Override
        boolean usesDestination() {
            return true;
        }
    }

    private static final class Scan extends StringOp {
        Scan(Insn insn) {
            super(insn, true);
        }

        @Override
        void once(Cpu c) {
            long b = Place.read(c, destination(c), bits) << 64 - bits;
            ArithmeticOps.compare(c, c.r[Cpu.RAX] << 64 - bits, b, 64 - bits);
        }

        @Override
        boolean usesSource() {
            return false;
        }

        @Override
        boolean usesDestination() {
            return true;
        }
    }
}
