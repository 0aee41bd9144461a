package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.X87Op.Body;
import org.xenolith.core.x86.X87Ops.MemoryOperand;

/** x87 loads, stores, constants, exchanges and conditional moves. */
final class X87MoveOps {
    /** The number of decimal digits of the packed format: 18, in nine bytes. */
    private static final long MOST_DECIMAL = 999_999_999_999_999_999L;

    private X87MoveOps() {}

    /** Binds them. */
    static void define(Semantics s) {
        s.define("fld", X87MoveOps::load);
        s.define("fild", X87MoveOps::loadNumber);
        s.define("fst", insn -> store(insn, false));
        s.define("fstp", insn -> store(insn, true));
        s.define("fist", insn -> storeInteger(insn, false, false));
        s.define("fistp", insn -> storeInteger(insn, false, true));
        s.define("fisttp", insn -> storeInteger(insn, true, true));
        s.define("fbld", X87MoveOps::loadDecimal);
        s.define("fbstp", X87MoveOps::storeDecimal);
        s.define("fxch", insn -> exchange(X87Ops.last(insn)));
        constants(s);
        conditional(s, "b", 2);
        conditional(s, "e", 4);
        conditional(s, "be", 6);
        conditional(s, "u", 10);
    }

    // ------------------------------------------------------------------------------------------------ loads

    private static Op load(Insn insn) {
        if (insn.operand(0).kind() == Kind.MEMORY) {
            return insn.operand(0).bits() == 80 ? loadExtended(new Address(insn)) : loadNumber(insn);
        }
        int source = insn.operand(0).register();
        return new X87Op(true, (c, f) -> {
            f.begin();
            if (f.empty(source)) {
                if (f.stackFault(false)) {
                    f.push();
                    f.set(0, f.z);
                }
            } else if (!f.empty(-1)) {
                overflow(f);
            } else {
                int p = f.physical(source);
                f.push();
                f.setRaw(0, f.significand[p], f.signExponent[p]);
            }
        });
    }

    /** The register below the top is in use: no room to load. */
    private static void overflow(Fpu f) {
        if (f.stackFault(true)) {
            f.push();
            f.set(0, f.z);
        }
    }

    private static Op loadExtended(Address address) {
        return new X87Op(true, (c, f) -> {
            long at = address.of(c);
            long significand = c.mmu.read64(at);
            int signExponent = c.mmu.read16(at + 8);
            f.begin();
            if (!f.empty(-1)) {
                overflow(f);
            } else {
                f.push();
                f.setRaw(0, significand, signExponent);
            }
        });
    }

    /** Floats and integers: exact, but for signalling NaNs and denormals, which raise their exceptions. */
    private static Op loadNumber(Insn insn) {
        MemoryOperand from = new MemoryOperand(insn);
        return new X87Op(true, (c, f) -> {
            from.read(c, f.x);
            f.begin();
            if (!f.empty(-1)) {
                overflow(f);
                return;
            }
            if (f.x.kind == Unpacked.SIGNALLING_NAN) {
                f.nan(f.x, f.x);
            } else {
                f.z.set(f.x);
                f.soft.flags |= f.x.denormal ? SoftFloat.DENORMAL : 0;
            }
            boolean invalid = (f.soft.flags & ~f.soft.masks & SoftFloat.INVALID) != 0; // nothing else prevents it
            f.end();
            if (!invalid) {
                f.push();
                f.set(0, f.z);
            }
        });
    }

    private static Op loadDecimal(Insn insn) {
        Address address = new Address(insn);
        return new X87Op(true, (c, f) -> {
            long at = address.of(c);
            long digits = c.mmu.read64(at);
            int top = c.mmu.read16(at + 8);
            f.begin();
            if (!f.empty(-1)) {
                overflow(f);
                return;
            }
            long value = 0;
            for (int i = 17; i >= 0; i--) {
                long digit = i >= 16 ? top >> 4 * (i - 16) & 15 : digits >>> 4 * i & 15;
                value = value * 10 + digit;
            }
            f.z.setInteger(value);
            f.z.negative = (top & 0x8000) != 0;
            f.push();
            f.set(0, f.z);
        });
    }

    private static void constants(Semantics s) {
        constant(s, "fld1", 0, Long.MIN_VALUE, 0);
        constant(s, "fldl2t", 1, 0xd49a784bcd1b8afeL, 0x492bf6ff4dafdb4cL);
        constant(s, "fldl2e", 0, 0xb8aa3b295c17f0bbL, 0xbe87fed0691d3e88L);
        constant(s, "fldpi", 1, 0xc90fdaa22168c234L, 0xc4c6628b80dc1cd1L);
        constant(s, "fldlg2", -2, 0x9a209a84fbcff798L, 0x8f8959ac0b7c9178L);
        constant(s, "fldln2", -1, 0xb17217f7d1cf79abL, 0xc9e3b39803f2f6afL);
        s.define("fldz", insn -> new X87Op(true, push(f -> f.z.setZero(false))));
    }

    /** A constant of 128 bits, rounded in the mode in effect; that it is inexact is not told. */
    private static void constant(Semantics s, String name, int exponent, long significand, long rest) {
        Body body = push(f -> {
            f.z.set(Unpacked.FINITE, false, exponent, significand);
            f.z.rest = rest;
            f.round(64);
            f.soft.flags = 0;
            f.soft.roundedUp = false;
        });
        s.define(name, insn -> new X87Op(true, body));
    }

    /** Makes f.z. */
    @FunctionalInterface
    private interface Source {
        /** Makes it. */
        void make(Fpu f);
    }

    private static Body push(Source source) {
        return (c, f) -> {
            f.begin();
            if (!f.empty(-1)) {
                overflow(f);
            } else {
                source.make(f);
                f.push();
                f.set(0, f.z);
            }
        };
    }

    // ------------------------------------------------------------------------------------------------ stores

    private static Op store(Insn insn, boolean pop) {
        if (insn.operand(0).kind() == Kind.MEMORY) {
            int bits = insn.operand(0).bits();
            Address address = new Address(insn);
            return bits == 80
                    ? storeExtended(address)
                    : storeFloat(address, bits == 32 ? Format.BINARY32 : Format.BINARY64, pop);
        }
        int d = insn.operand(0).register();
        boolean quiet = insn.entry().encoding().startsWith("D9"); // an alias that only pops an empty register
        return new X87Op(true, (c, f) -> {
            f.begin();
            boolean done = true;
            if (quiet && f.empty(0)) {
                done = true;
            } else if (f.empty(0)) {
                done = f.stackFault(false);
                if (done) {
                    f.set(d, f.z);
                }
            } else {
                int p = f.physical(0);
                f.setRaw(d, f.significand[p], f.signExponent[p]);
            }
            if (done && pop) {
                f.pop();
            }
        });
    }

    private static Op storeExtended(Address address) {
        return new X87Op(true, (c, f) -> {
            long at = address.of(c);
            c.mmu.checkWrite(at, 10);
            f.begin();
            int p = f.physical(0);
            long significand = f.significand[p];
            int signExponent = f.signExponent[p];
            if (f.empty(0)) {
                if (!f.stackFault(false)) {
                    return;
                }
                significand = f.z.significand80();
                signExponent = f.z.signExponent80();
            }
            c.mmu.write64(at, significand);
            c.mmu.write16(at + 8, signExponent);
            f.pop();
        });
    }

    private static Op storeFloat(Address address, Format to, boolean pop) {
        return new X87Op(true, (c, f) -> {
            long at = address.of(c);
            c.mmu.checkWrite(at, to.bits / 8);
            f.begin();
            boolean done;
            if (f.empty(0)) {
                done = f.stackFault(false);
            } else {
                f.get(0, f.x);
                if (f.x.isNan()) {
                    f.nan(f.x, f.x);
                } else {
                    f.z.set(f.x);
                    f.soft.round(f.z, to);
                }
                boolean fits = fits(f);
                done = f.end() && fits;
            }
            if (done) {
                write(c, at, to.bits, f.z.pack(to));
                if (pop) {
                    f.pop();
                }
            }
        });
    }

    /** Whether no unmasked overflow or underflow keeps a value from memory. */
    private static boolean fits(Fpu f) {
        if ((f.soft.flags & ~f.soft.masks & (SoftFloat.OVERFLOW | SoftFloat.UNDERFLOW)) == 0) {
            return true;
        }
        f.soft.flags &= ~SoftFloat.INEXACT; // nothing is rounded
        f.soft.roundedUp = false;
        return false;
    }

    private static void write(Cpu c, long at, int bits, long value) {
        switch (bits) {
            case 16 -> c.mmu.write16(at, (int) value & 0xffff);
            case 32 -> c.mmu.write32(at, (int) value);
            default -> c.mmu.write64(at, value);
        }
    }

    private static Op storeInteger(Insn insn, boolean truncate, boolean pop) {
        int bits = insn.operand(0).bits();
        Address address = new Address(insn);
        return new X87Op(true, (c, f) -> {
            long at = address.of(c);
            c.mmu.checkWrite(at, bits / 8);
            f.begin();
            boolean done;
            long value = -1L << bits - 1;
            if (f.empty(0)) {
                done = f.stackFault(false);
            } else {
                f.get(0, f.x);
                value = f.soft.toInteger(f.x, bits, truncate ? SoftFloat.CHOP : f.soft.mode);
                done = f.end();
            }
            if (done) {
                write(c, at, bits, value);
                if (pop) {
                    f.pop();
                }
            }
        });
    }

    private static Op storeDecimal(Insn insn) {
        Address address = new Address(insn);
        return new X87Op(true, (c, f) -> {
            long at = address.of(c);
            c.mmu.checkWrite(at, 10);
            f.begin();
            boolean done;
            boolean indefinite = true;
            long value = 0;
            if (f.empty(0)) {
                done = f.stackFault(false);
            } else {
                f.get(0, f.x);
                value = Math.abs(f.soft.toInteger(f.x, 64, f.soft.mode));
                indefinite = value < 0 || value > MOST_DECIMAL;
                if (indefinite) {
                    f.soft.flags = SoftFloat.INVALID;
                    f.soft.roundedUp = false;
                }
                done = f.end();
            }
            if (!done) {
                return;
            }
            if (indefinite) {
                c.mmu.write64(at, 0xc000000000000000L);
                c.mmu.write16(at + 8, 0xffff);
            } else {
                long digits = 0;
                for (int i = 0; i < 64; i += 4) {
                    digits |= value % 10 << i;
                    value /= 10;
                }
                c.mmu.write64(at, digits);
                int top = (int) (value % 10 | value / 10 << 4);
                c.mmu.write16(at + 8, top | (f.x.negative ? 0x8000 : 0));
            }
            f.pop();
        });
    }

    // -------------------------------------------------------------------------------------------- registers

    private static Op exchange(int other) {
        return new X87Op(true, (c, f) -> {
            f.begin();
            if (f.empty(0) || f.empty(other)) {
                if (!f.stackFault(false)) {
                    return;
                }
                for (int i : new int[] {0, other}) {
                    if (f.empty(i)) {
                        f.set(i, f.z);
                    }
                }
            }
            int p = f.physical(0);
            int q = f.physical(other);
            long significand = f.significand[p];
            int signExponent = f.signExponent[p];
            f.significand[p] = f.significand[q];
            f.signExponent[p] = f.signExponent[q];
            f.significand[q] = significand;
            f.signExponent[q] = signExponent;
        });
    }

    /** fcmov and its negation; {@code condition} is that of jcc. */
    private static void conditional(Semantics s, String suffix, int condition) {
        for (int negated = 0; negated < 2; negated++) {
            int cc = condition + negated;
            s.define("fcmov" + (negated == 1 ? "n" : "") + suffix, insn -> {
                int source = X87Ops.last(insn);
                return new X87Op(true, (c, f) -> {
                    if (f.empty(0) || f.empty(source)) {
                        f.begin();
                        if (f.stackFault(false)) {
                            f.set(0, f.z);
                        }
                    } else if (c.condition(cc)) {
                        int p = f.physical(source);
                        f.setRaw(0, f.significand[p], f.signExponent[p]);
                    }
                });
            });
        }
    }
}
