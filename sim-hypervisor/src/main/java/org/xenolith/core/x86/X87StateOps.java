package org.xenolith.core.x86;

import org.xenolith.core.x86.X87Op.Body;

/** Control and state of x87, MMX and SSE as a whole: control and status words, environments, fxsave and fxrstor. */
final class X87StateOps {
    private static final int CR0_MP = 2;

    private X87StateOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        s.define("fninit", insn -> new X87Op(false, (c, f) -> f.initialise()));
        s.define("fnclex", insn -> new X87Op(false, (c, f) -> f.setStatusWord(f.statusWord() & 0x7f00)));
        s.define("fnop", insn -> new X87Op(true, (c, f) -> {}));
        s.define("fwait", insn -> new Wait());
        s.define(
                "emms",
                insn -> SseMoveOps.sse(true, c -> {
                    c.fpu.top = 0;
                    c.fpu.valid = 0;
                }));
        words(s);
        stack(s);
        s.define("fnstenv", insn -> environment(insn, X87StateOps::storeEnvironment));
        s.define("fldenv", insn -> environment(insn, X87StateOps::loadEnvironment));
        s.define("fnsave", insn -> environment(insn, X87StateOps::save));
        s.define("frstor", insn -> environment(insn, X87StateOps::restore));
        s.define("fxsave", insn -> fx(insn, X87StateOps::fxsave));
        s.define("fxrstor", insn -> fx(insn, X87StateOps::fxrstor));
    }

    /** fwait: #MF if an exception waits, #NM if CR0 has MP and TS. */
    private static final class Wait extends Op {
        @Override
        public void exec(Cpu c) {
            int both = CR0_MP | SseGuard.CR0_TS;
            if ((c.system.cr0 & both) == both) {
                throw c.raise(Fault.NM);
            }
            if ((c.fpu.status & SseGuard.PENDING) != 0) {
                throw c.raise(Fault.MF);
            }
        }
    }

    private static void words(Semantics s) {
        s.define("fldcw", insn -> {
            Address address = new Address(insn);
            return new X87Op(true, (c, f) -> f.setControl(c.mmu.read16(address.of(c))));
        });
        s.define("fnstcw", insn -> {
            Address address = new Address(insn);
            return new X87Op(false, (c, f) -> c.mmu.write16(address.of(c), f.control));
        });
        s.define("fnstsw", insn -> {
            Place to = Place.of(insn, 0);
            return new X87Op(false, (c, f) -> to.set(c, f.statusWord()));
        });
    }

    private static void stack(Semantics s) {
        s.define("fincstp", insn -> new X87Op(true, turn(1)));
        s.define("fdecstp", insn -> new X87Op(true, turn(-1)));
        s.define("ffree", insn -> {
            int register = insn.operand(0).register();
            return new X87Op(true, (c, f) -> {
                f.valid &= ~(1 << f.physical(register));
                f.status &= ~Fpu.C1;
            });
        });
        s.define("ffreep", insn -> {
            int register = insn.operand(0).register();
            return new X87Op(true, (c, f) -> {
                f.valid &= ~(1 << f.physical(register));
                f.pop();
                f.status &= ~Fpu.C1;
            });
        });
    }

    private static Body turn(int by) {
        return (c, f) -> {
            f.top = f.top + by & 7;
            f.status &= ~Fpu.C1;
        };
    }

    // ----------------------------------------------------------------------- environment: seven words, then registers

    /** Moves state to or from memory; {@code word} is the bytes of an environment's item, 2 or 4. */
    @FunctionalInterface
    private interface Move {
        /** Does it. */
        void apply(Cpu c, Fpu f, long at, int word);
    }

    private static Op environment(Insn insn, Move move) {
        Address address = new Address(insn);
        int word = insn.operandBits() == 16 ? 2 : 4;
        boolean waits = !insn.semantics().startsWith("fn");
        return new X87Op(waits, (c, f) -> move.apply(c, f, address.of(c), word));
    }

    private static void put(Cpu c, long at, int word, int i, int value) {
        if (word == 2) {
            c.mmu.write16(at + 2L * i, value & 0xffff);
        } else {
            c.mmu.write32(at + 4L * i, value);
        }
    }

    private static void storeEnvironment(Cpu c, Fpu f, long at, int word) {
        c.mmu.checkWrite(at, 7 * word);
        environment(c, f, at, word);
        f.setControl(f.control | Fpu.EXCEPTIONS);
    }

    private static void environment(Cpu c, Fpu f, long at, int word) {
        int reserved = 0xffff0000;
        put(c, at, word, 0, f.control | reserved);
        put(c, at, word, 1, f.statusWord() | reserved);
        put(c, at, word, 2, tagWord(f) | reserved);
        put(c, at, word, 3, 0);
        put(c, at, word, 4, 0);
        put(c, at, word, 5, 0);
        put(c, at, word, 6, reserved);
    }

    /** Tags of the physical registers, two bits each: valid, zero, special, empty. */
    private static int tagWord(Fpu f) {
        int tags = 0;
        for (int p = 0; p < 8; p++) {
            int tag = 3;
            if ((f.valid >> p & 1) != 0) {
                int exponent = f.signExponent[p] & Unpacked.TOP;
                boolean ordinary = exponent != 0 && exponent != Unpacked.TOP && f.significand[p] < 0;
                tag = ordinary ? 0 : exponent == 0 && f.significand[p] == 0 ? 1 : 2;
            }
            tags |= tag << 2 * p;
        }
        return tags;
    }

    private static void loadEnvironment(Cpu c, Fpu f, long at, int word) {
        c.mmu.read8(at + 7L * word - 1);
        int control = c.mmu.read16(at);
        int status = c.mmu.read16(at + word);
        int tags = c.mmu.read16(at + 2L * word);
        f.control = control & Fpu.CONTROL | 0x40;
        f.setStatusWord(status);
        int valid = 0;
        for (int p = 0; p < 8; p++) {
            valid |= (tags >> 2 * p & 3) != 3 ? 1 << p : 0;
        }
        f.valid = valid;
    }

    private static void save(Cpu c, Fpu f, long at, int word) {
        c.mmu.checkWrite(at, 7 * word + 80);
        environment(c, f, at, word);
        for (int i = 0; i < 8; i++) {
            int p = f.physical(i);
            long slot = at + 7L * word + 10L * i;
            c.mmu.write64(slot, f.significand[p]);
            c.mmu.write16(slot + 8, f.signExponent[p]);
        }
        f.initialise();
    }

    private static void restore(Cpu c, Fpu f, long at, int word) {
        c.mmu.read8(at + 7L * word + 79);
        loadEnvironment(c, f, at, word);
        for (int i = 0; i < 8; i++) {
            int p = f.physical(i);
            long slot = at + 7L * word + 10L * i;
            f.significand[p] = c.mmu.read64(slot);
            f.signExponent[p] = c.mmu.read16(slot + 8);
        }
    }

    // -------------------------------------------------------------------------- fxsave's area of 512 bytes

    private static final int FX_BYTES = 512;
    private static final int FX_MXCSR = 24;
    private static final int FX_REGISTERS = 32;
    private static final int FX_XMM = 160;

    /** Moves state to or from an area, of which {@code registers} SSE registers are seen. */
    @FunctionalInterface
    private interface FxMove {
        /** Does it. */
        void apply(Cpu c, Fpu f, long at, int registers);
    }

    private static Op fx(Insn insn, FxMove move) {
        Address address = new Address(insn);
        int registers = insn.mode() == Insn.Mode.BITS_64 ? 16 : 8;
        return new X87Op(false, (c, f) -> {
            long at = address.of(c);
            SseGuard.aligned(c, at);
            move.apply(c, f, at, registers);
        });
    }

    private static void fxsave(Cpu c, Fpu f, long at, int registers) {
        c.mmu.checkWrite(at, FX_BYTES);
        c.mmu.write16(at, f.control);
        c.mmu.write16(at + 2, f.statusWord());
        c.mmu.write16(at + 4, f.valid);
        c.mmu.write16(at + 6, 0);
        c.mmu.write64(at + 8, 0);
        c.mmu.write64(at + 16, 0);
        c.mmu.write32(at + FX_MXCSR, c.mxcsr);
        c.mmu.write32(at + FX_MXCSR + 4, SseUnit.MXCSR);
        for (int i = 0; i < 8; i++) {
            int p = f.physical(i);
            long slot = at + FX_REGISTERS + 16L * i;
            c.mmu.write64(slot, f.significand[p]);
            c.mmu.write64(slot + 8, f.signExponent[p]);
        }
        for (int i = 0; i < 2 * registers; i++) {
            c.mmu.write64(at + FX_XMM + 8L * i, c.xmm[i]);
        }
    }

    private static void fxrstor(Cpu c, Fpu f, long at, int registers) {
        c.mmu.read8(at + FX_BYTES - 1);
        int mxcsr = c.mmu.read32(at + FX_MXCSR);
        if ((mxcsr & ~SseUnit.MXCSR) != 0) {
            throw c.raise(Fault.GP);
        }
        c.mxcsr = mxcsr;
        f.control = c.mmu.read16(at) & Fpu.CONTROL | 0x40;
        f.setStatusWord(c.mmu.read16(at + 2));
        f.valid = c.mmu.read8(at + 4);
        for (int i = 0; i < 8; i++) {
            int p = f.physical(i);
            long slot = at + FX_REGISTERS + 16L * i;
            f.significand[p] = c.mmu.read64(slot);
            f.signExponent[p] = c.mmu.read16(slot + 8);
        }
        for (int i = 0; i < 2 * registers; i++) {
            c.xmm[i] = c.mmu.read64(at + FX_XMM + 8L * i);
        }
    }
}
