package org.xenolith.core.x86;

import java.util.function.IntUnaryOperator;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.X87Op.Body;

/** x87 arithmetic and comparison. */
final class X87Ops {
    /** f.z = f.x op f.y; neither is a NaN, and nothing is rounded yet. */
    @FunctionalInterface
    private interface Binary {
        /** Does it. */
        void apply(Fpu f);
    }

    private X87Ops() {}

    /** Binds them. */
    static void define(Semantics s) {
        arithmetic(s, "add", f -> f.soft.add(f.z, f.x, f.y, false));
        arithmetic(s, "sub", f -> f.soft.add(f.z, f.x, f.y, true));
        arithmetic(s, "subr", f -> f.soft.add(f.z, f.y, f.x, true));
        arithmetic(s, "mul", f -> f.soft.multiply(f.z, f.x, f.y));
        arithmetic(s, "div", f -> f.soft.divide(f.z, f.x, f.y));
        arithmetic(s, "divr", f -> f.soft.divide(f.z, f.y, f.x));
        s.define("fsqrt", insn -> new X87Op(true, (c, f) -> squareRoot(f)));
        comparisons(s);
        signs(s);
    }

    /** fadd and its like: {@code name} alone, with p, and with integers from memory. */
    private static void arithmetic(Semantics s, String name, Binary op) {
        s.define("f" + name, insn -> arithmetic(insn, op, false));
        s.define("f" + name + "p", insn -> arithmetic(insn, op, true));
        s.define("fi" + name, insn -> arithmetic(insn, op, false));
    }

    private static Op arithmetic(Insn insn, Binary op, boolean pop) {
        if (insn.operand(0).kind() == Kind.MEMORY) {
            MemoryOperand from = new MemoryOperand(insn);
            return new X87Op(true, (c, f) -> {
                from.read(c, f.y);
                f.begin();
                if (f.empty(0)) {
                    if (f.stackFault(false)) {
                        f.set(0, f.z);
                    }
                } else {
                    f.get(0, f.x);
                    finish(f, op, 0);
                }
            });
        }
        // The stack numbers its registers from the top, so 0 is ST; the destination is the first operand.
        int d = insn.operand(0).register();
        int source = insn.operand(1).register();
        return new X87Op(true, (c, f) -> {
            f.begin();
            boolean done;
            if (f.empty(d) || f.empty(source)) {
                done = f.stackFault(false);
                if (done) {
                    f.set(d, f.z);
                }
            } else {
                f.get(d, f.x);
                f.get(source, f.y);
                done = finish(f, op, d);
            }
            if (done && pop) {
                f.pop();
            }
        });
    }

    private static boolean finish(Fpu f, Binary op, int d) {
        if (f.x.isNan() || f.y.isNan()) {
            f.nan(f.x, f.y);
        } else {
            op.apply(f);
            f.round(f.precision());
        }
        boolean done = f.end();
        if (done) {
            f.set(d, f.z);
        }
        return done;
    }

    private static void squareRoot(Fpu f) {
        f.begin();
        if (f.empty(0)) {
            if (f.stackFault(false)) {
                f.set(0, f.z);
            }
            return;
        }
        f.get(0, f.x);
        f.get(0, f.y);
        finish(f, g -> g.soft.squareRoot(g.z, g.x), 0);
    }

    /** A number in memory: a float, or an integer where the instruction is one of the {@code fi} kind. */
    static final class MemoryOperand {
        private final Address address;
        private final int bits;
        private final boolean integer;

        MemoryOperand(Insn insn) {
            address = new Address(insn);
            bits = insn.operand(0).bits();
            integer = insn.semantics().startsWith("fi");
        }

        /** Reads it. */
        void read(Cpu c, Unpacked to) {
            long at = address.of(c);
            switch (bits) {
                case 16 -> to.setInteger((short) c.mmu.read16(at));
                case 32 -> set(to, Format.BINARY32, c.mmu.read32(at));
                default -> set(to, Format.BINARY64, c.mmu.read64(at));
            }
        }

        private void set(Unpacked to, Format f, long value) {
            if (integer) {
                to.setInteger(value);
            } else {
                to.unpack(f, value);
            }
        }
    }

    // --------------------------------------------------------------------------------------------- comparison

    private static final int UNORDERED = Fpu.C3 | Fpu.C2 | Fpu.C0;

    /** Compares f.x to f.y: C3 for equal, C0 for less, all three for unordered. {@code quiet} takes quiet NaNs. */
    private static int compare(Fpu f, boolean quiet) {
        Unpacked x = f.x;
        Unpacked y = f.y;
        if (x.isNan() || y.isNan()) {
            if (!quiet || x.kind > Unpacked.QUIET_NAN || y.kind > Unpacked.QUIET_NAN) {
                f.soft.flags |= SoftFloat.INVALID;
            }
            return UNORDERED;
        }
        if (x.denormal || y.denormal) {
            f.soft.flags |= SoftFloat.DENORMAL;
        }
        int order = order(x, y);
        return order == 0 ? Fpu.C3 : order < 0 ? Fpu.C0 : 0;
    }

    private static int order(Unpacked x, Unpacked y) {
        int sign = signum(x);
        int difference = Integer.compare(sign, signum(y));
        if (difference == 0) {
            difference = sign * Boolean.compare(x.isInfinite(), y.isInfinite());
        }
        if (difference == 0) {
            difference = sign * Integer.compare(x.exponent, y.exponent);
        }
        return difference != 0 ? difference : sign * Long.compareUnsigned(x.significand, y.significand);
    }

    private static int signum(Unpacked x) {
        return x.isZero() ? 0 : x.negative ? -1 : 1;
    }

    /** Compares with the stack's register, or with f.y if {@code other} is -1; pops {@code pops} registers. */
    private static int compare(Fpu f, int other, boolean quiet, int pops) {
        int result = UNORDERED;
        f.begin();
        boolean done;
        if (f.empty(0) || other >= 0 && f.empty(other)) {
            done = f.stackFault(false);
        } else {
            f.get(0, f.x);
            if (other >= 0) {
                f.get(other, f.y);
            }
            result = compare(f, quiet);
            done = f.end();
        }
        for (int i = 0; i < pops && done; i++) {
            f.pop();
        }
        return result;
    }

    private static void setCodes(Fpu f, int codes) {
        f.status = f.status & ~UNORDERED | codes;
    }

    private static void comparisons(Semantics s) {
        comparison(s, "fcom", false, 0);
        comparison(s, "fcomp", false, 1);
        comparison(s, "fcompp", false, 2);
        comparison(s, "ficom", false, 0);
        comparison(s, "ficomp", false, 1);
        comparison(s, "fucom", true, 0);
        comparison(s, "fucomp", true, 1);
        comparison(s, "fucompp", true, 2);
        toFlags(s, "fcomi", false, 0);
        toFlags(s, "fcomip", false, 1);
        toFlags(s, "fucomi", true, 0);
        toFlags(s, "fucomip", true, 1);
        s.define(
                "ftst",
                insn -> new X87Op(true, (c, f) -> {
                    f.y.setZero(false);
                    setCodes(f, compare(f, -1, false, 0));
                }));
        s.define("fxam", insn -> new X87Op(true, (c, f) -> examine(f)));
    }

    private static void comparison(Semantics s, String name, boolean quiet, int pops) {
        s.define(name, insn -> {
            if (!insn.operands().isEmpty() && insn.operand(0).kind() == Kind.MEMORY) {
                MemoryOperand from = new MemoryOperand(insn);
                return new X87Op(true, (c, f) -> {
                    from.read(c, f.y);
                    setCodes(f, compare(f, -1, quiet, pops));
                });
            }
            int other = last(insn);
            return new X87Op(true, (c, f) -> setCodes(f, compare(f, other, quiet, pops)));
        });
    }

    /** The stack register named last; 1 if none is. */
    static int last(Insn insn) {
        int n = insn.operands().size();
        return n == 0 ? 1 : insn.operand(n - 1).register();
    }

    private static void toFlags(Semantics s, String name, boolean quiet, int pops) {
        s.define(name, insn -> {
            int other = last(insn);
            return new X87Op(true, (c, f) -> {
                int roundedUp = f.empty(0) || f.empty(other) ? 0 : f.status & Fpu.C1; // kept, by AMD's CPUs
                int codes = compare(f, other, quiet, pops);
                f.status |= roundedUp;
                c.setStatus(
                        codes == UNORDERED
                                ? Cpu.ZF | Cpu.PF | Cpu.CF
                                : codes == Fpu.C3 ? Cpu.ZF : codes != 0 ? Cpu.CF : 0);
            });
        });
    }

    private static void examine(Fpu f) {
        int p = f.physical(0);
        f.get(0, f.x);
        int codes;
        if (f.empty(0)) {
            codes = Fpu.C3 | Fpu.C0;
        } else {
            codes = switch (f.x.kind) {
                case Unpacked.ZERO -> Fpu.C3;
                case Unpacked.FINITE -> f.x.denormal ? Fpu.C3 | Fpu.C2 : Fpu.C2;
                case Unpacked.INFINITE -> Fpu.C2 | Fpu.C0;
                case Unpacked.UNSUPPORTED -> 0;
                default -> Fpu.C0;
            };
        }
        int sign = f.signExponent[p] >> 15 != 0 ? Fpu.C1 : 0;
        f.status = f.status & ~(UNORDERED | Fpu.C1) | codes | sign;
    }

    private static void signs(Semantics s) {
        s.define("fchs", insn -> new X87Op(true, sign(e -> e ^ 0x8000)));
        s.define("fabs", insn -> new X87Op(true, sign(e -> e & 0x7fff)));
    }

    /** Changes sign and exponent of the top register. */
    private static Body sign(IntUnaryOperator change) {
        return (c, f) -> {
            f.begin();
            if (!f.empty(0)) {
                int p = f.physical(0);
                f.signExponent[p] = change.applyAsInt(f.signExponent[p]);
            } else if (f.stackFault(false)) {
                f.set(0, f.z);
            }
        };
    }
}
