package org.xenolith.core.x86;

/** Decimal adjustment, which 64-bit mode does not have. */
final class DecimalOps {
    private DecimalOps() {}

    static void define(Semantics s) {
        s.define("daa", insn -> new AdjustPacked(false));
        s.define("das", insn -> new AdjustPacked(true));
        s.define("aaa", insn -> new AdjustUnpacked(false));
        s.define("aas", insn -> new AdjustUnpacked(true));
        s.define("aam", AdjustProduct::new);
        s.define("aad", AdjustDividend::new);
    }

    private static void setAx(Cpu c, int value) {
        c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xffffL | value & 0xffff;
    }

    private static void setAl(Cpu c, int value) {
        c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xffL | value & 0xff;
    }

    private static void setFlags(Cpu c, int al, boolean carry, boolean adjust) {
        c.setFlags((byte) al, (carry ? 3L << 62 : 0) | (adjust ? 8 : 0));
    }

    private static final class AdjustPacked extends Op {
        private final boolean subtraction;

        AdjustPacked(boolean subtraction) {
            this.subtraction = subtraction;
        }

        @Override
        public void exec(Cpu c) {
            int al = (int) c.r[Cpu.RAX] & 0xff;
            boolean low = (al & 15) > 9 || c.af();
            boolean high = al > 0x99 || c.cf();
            boolean carry = high || low && subtraction && al < 6;
            int adjust = (low ? 6 : 0) + (high ? 0x60 : 0);
            int result = subtraction ? al - adjust : al + adjust;
            setAl(c, result);
            setFlags(c, result, carry, low);
        }
    }

    private static final class AdjustUnpacked extends Op {
        private final boolean subtraction;

        AdjustUnpacked(boolean subtraction) {
            this.subtraction = subtraction;
        }

        @Override
        public void exec(Cpu c) {
            int ax = (int) c.r[Cpu.RAX] & 0xffff;
            boolean adjust = (ax & 15) > 9 || c.af();
            if (adjust) {
                ax = subtraction ? ax - 0x106 : ax + 0x106;
            }
            ax &= 0xff0f;
            setAx(c, ax);
            setFlags(c, ax, adjust, adjust);
        }
    }

    private static final class AdjustProduct extends Op {
        private final int base;

        AdjustProduct(Insn insn) {
            base = (int) insn.operand(0).value() & 0xff;
        }

        @Override
        public void exec(Cpu c) {
            if (base == 0) {
                throw c.raise(Fault.DE);
            }
            int al = (int) c.r[Cpu.RAX] & 0xff;
            setAx(c, al / base << 8 | al % base);
            setFlags(c, al % base, false, false);
        }
    }

    private static final class AdjustDividend extends Op {
        private final int base;

        AdjustDividend(Insn insn) {
            base = (int) insn.operand(0).value() & 0xff;
        }

        @Override
        public void exec(Cpu c) {
            int ax = (int) c.r[Cpu.RAX] & 0xffff;
            int al = ax + (ax >> 8) * base & 0xff;
            setAx(c, al);
            setFlags(c, al, false, false);
        }
    }
}
