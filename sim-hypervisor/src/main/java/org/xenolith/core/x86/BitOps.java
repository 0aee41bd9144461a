package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;

/** Single bits, bit scans and counts. Flags that the manuals leave undefined keep their values. */
final class BitOps {
    private BitOps() {}

    static void define(Semantics s) {
        s.define("bt", insn -> new Test(insn) {
            @Override
            long changed(long value, long bit) {
                return value;
            }
        });
        s.define("bts", insn -> new Test(insn) {
            @Override
            long changed(long value, long bit) {
                return value | bit;
            }
        });
        s.define("btr", insn -> new Test(insn) {
            @Override
            long changed(long value, long bit) {
                return value & ~bit;
            }
        });
        s.define("btc", insn -> new Test(insn) {
            @Override
            long changed(long value, long bit) {
                return value ^ bit;
            }
        });
        s.define("bsf", insn -> new Scan(insn, false));
        s.define("bsr", insn -> new Scan(insn, true));
        s.define("popcnt", Population::new);
        s.define("tzcnt", insn -> new ZeroCount(insn, false));
        s.define("lzcnt", insn -> new ZeroCount(insn, true));
        s.define("bswap", Swap::new);
        s.define("movbe", SwappedMove::new);
    }

    /** Tests a bit and changes it. A bit offset in a register reaches beyond a memory operand, both ways. */
    private abstract static class Test extends Op {
        private final Place to;
        private final Place offset;
        private final Address address;
        private final boolean writes;

        Test(Insn insn) {
            to = Place.of(insn, 0);
            offset = Place.of(insn, 1);
            boolean far =
                    insn.operand(0).kind() == Kind.MEMORY && insn.operand(1).kind() == Kind.GPR;
            address = far ? new Address(insn) : null;
            writes = changed(0, 1) != 0 || changed(1, 1) != 1;
        }

        abstract long changed(long value, long bit);

        @Override
        public void exec(Cpu c) {
            int bits = to.bits;
            long bit = 1L << (offset.get(c) & bits - 1);
            long value;
            if (address == null) {
                value = writes ? to.update(c) : to.get(c);
                if (writes) {
                    to.set(c, changed(value, bit));
                }
            } else {
                long items = offset.signed(c) >> Integer.numberOfTrailingZeros(bits);
                long at = address.of(c, items * (bits / 8));
                if (writes) {
                    c.mmu.checkWrite(at, bits / 8);
                }
                value = Place.read(c, at, bits);
                if (writes) {
                    Place.write(c, at, bits, changed(value, bit));
                }
            }
            c.setCarry((value & bit) != 0);
        }
    }

    /** Lowest or highest bit that is set; if none is, the destination keeps its value. */
    private static final class Scan extends Op {
        private final Place to;
        private final Place from;
        private final boolean reverse;

        Scan(Insn insn, boolean reverse) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            this.reverse = reverse;
        }

        @Override
        public void exec(Cpu c) {
            long value = from.get(c);
            if (value != 0) {
                to.set(c, reverse ? 63 - Long.numberOfLeadingZeros(value) : Long.numberOfTrailingZeros(value));
            }
            c.setZero(value == 0);
        }
    }

    private static final class Population extends Op {
        private final Place to;
        private final Place from;

        Population(Insn insn) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
        }

        @Override
        public void exec(Cpu c) {
            long value = from.get(c);
            to.set(c, Long.bitCount(value));
            c.setStatus(value == 0 ? Cpu.ZF : 0);
        }
    }

    private static final class ZeroCount extends Op {
        private final Place to;
        private final Place from;
        private final boolean leading;

        ZeroCount(Insn insn, boolean leading) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            this.leading = leading;
        }

        @Override
        public void exec(Cpu c) {
            long value = from.get(c);
            int count = leading
                    ? Long.numberOfLeadingZeros(value) - (64 - to.bits)
                    : Math.min(to.bits, Long.numberOfTrailingZeros(value));
            to.set(c, count);
            c.setCarry(value == 0);
            c.setZero(count == 0);
        }
    }

    /** Reverses the bytes; 16 bits become zero, which the manuals leave undefined. */
    private static final class Swap extends Op {
        private final Place to;

        Swap(Insn insn) {
            to = Place.of(insn, 0);
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, to.bits == 16 ? 0 : Long.reverseBytes(to.get(c)) >>> 64 - to.bits);
        }
    }

    /** Moves between a register and memory, its bytes turned around on the way. */
    private static final class SwappedMove extends Op {
        private final Place to;
        private final Place from;

        SwappedMove(Insn insn) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, Long.reverseBytes(from.get(c)) >>> 64 - to.bits);
        }
    }
}
