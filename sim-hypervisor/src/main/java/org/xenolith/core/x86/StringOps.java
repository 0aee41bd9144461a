package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;
import org.xenolith.machine.MachineMemory;

/**
 * String instructions. A repeated one executes as many repetitions as the run still has instructions for, and counts each; registers are
 * right behind each repetition, so that a fault or the end of a run interrupts it anywhere.
 */
final class StringOps {
    /** Not worth carrying out at once. */
    private static final int FEW = 4;

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
        private final boolean wide;
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
            wide = linearMask == -1 && offsetMask == -1;
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

        /**
         * Carries out at once as many repetitions as it may, at most {@code most}, but for the registers: upwards, in pages that the
         * TLB knows, with 64-bit addresses, which do not wrap within a page.
         *
         * @return how many; 0 if they are to be carried out one by one
         */
        long many(Cpu c, long most) {
            return 0;
        }

        /** Repetitions from linear {@code address} to the end of its page. */
        final long inPage(long address) {
            return (MachineMemory.PAGE_SIZE - (address & MachineMemory.PAGE_SIZE - 1)) / (bits / 8);
        }

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

        private void advance(Cpu c, long items) {
            long by = (c.df() ? -bits / 8 : bits / 8) * items;
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
                once(c);
                advance(c, 1);
                return;
            }
            if ((c.r[Cpu.RCX] & offsetMask) == 0) {
                c.rip = next;
                return;
            }
            long changes = c.interpreter.codeChanges();
            while (true) {
                long done = 0;
                if (wide && c.left > FEW && Long.compareUnsigned(c.r[Cpu.RCX], FEW) > 0 && !c.df()) {
                    done = many(c, c.r[Cpu.RCX] < 0 ? c.left : Math.min(c.left, c.r[Cpu.RCX]));
                }
                if (done == 0) {
                    once(c);
                    done = 1;
                }
                advance(c, done);
                move(c, Cpu.RCX, -done);
                c.left -= done - 1;
                boolean end = (c.r[Cpu.RCX] & offsetMask) == 0
                        || repeatsWhileEqual && !c.zf()
                        || repeatsWhileNotEqual && c.zf();
                if (end || c.left == 1 || c.interpreter.codeChanges() != changes) { // it may have overwritten itself
                    c.rip = end ? next : rip;
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
        long many(Cpu c, long most) {
            long source = source(c);
            long destination = destination(c);
            int from = c.mmu.readable(source);
            int to = c.mmu.writable(destination);
            long items = Math.min(most, Math.min(inPage(source), inPage(destination)));
            int length = (int) items * (bits / 8);
            boolean readsWhatItWrote = to > from && to < from + length;
            if (from < 0 || to < 0 || readsWhatItWrote) {
                return 0;
            }
            System.arraycopy(c.mmu.bytes(), from, c.mmu.bytes(), to, length);
            return items;
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
        long many(Cpu c, long most) {
            long destination = destination(c);
            int to = c.mmu.writable(destination);
            long items = Math.min(most, inPage(destination));
            if (to < 0 || items == 0) {
                return 0;
            }
            byte[] bytes = c.mmu.bytes();
            int itemBytes = bits / 8;
            int length = (int) items * itemBytes;
            for (int i = 0; i < itemBytes; i++) {
                bytes[to + i] = (byte) (c.r[Cpu.RAX] >>> 8 * i);
            }
            for (int done = itemBytes; done < length; done += done) {
                System.arraycopy(bytes, to, bytes, to + done, Math.min(done, length - done));
            }
            return items;
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
