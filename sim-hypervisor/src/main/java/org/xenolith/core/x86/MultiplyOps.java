package org.xenolith.core.x86;

/** Multiplication and division. A product sets SF, ZF and PF by its low half, which the manuals leave undefined; a quotient sets none. */
final class MultiplyOps {
    private static final long CARRY_AND_OVERFLOW = 1L << 63;

    private MultiplyOps() {}

    static void define(Semantics s) {
        s.define("mul", insn -> new Wide(insn, false));
        s.define("imul", insn -> insn.operands().size() == 1 ? new Wide(insn, true) : new Narrow(insn));
        s.define("div", insn -> new Divide(insn, false));
        s.define("idiv", insn -> new Divide(insn, true));
    }

    /** The upper half of the unsigned product. */
    private static long multiplyHighUnsigned(long a, long b) {
        return Math.multiplyHigh(a, b) + (a >> 63 & b) + (b >> 63 & a);
    }

    /** Multiplies the accumulator to twice the width. */
    private static final class Wide extends Op {
        private final Place from;
        private final Place low;
        private final Place high;
        private final boolean signed;

        Wide(Insn insn, boolean signed) {
            from = Place.of(insn, 0);
            low = Place.register(Cpu.RAX, Math.max(16, from.bits));
            high = Place.register(Cpu.RDX, from.bits);
            this.signed = signed;
        }

        @Override
        public void exec(Cpu c) {
            int bits = from.bits;
            long a = signed ? c.r[Cpu.RAX] << 64 - bits >> 64 - bits : c.r[Cpu.RAX] & -1L >>> 64 - bits;
            long b = signed ? from.signed(c) : from.get(c);
            long product = a * b;
            long upper = signed ? Math.multiplyHigh(a, b) : multiplyHighUnsigned(a, b);
            boolean fits;
            if (bits == 64) {
                fits = upper == (signed ? product >> 63 : 0);
            } else {
                upper = product >> bits;
                fits = signed ? product << 64 - bits >> 64 - bits == product : upper == 0;
            }
            low.set(c, product);
            if (bits > 8) {
                high.set(c, upper);
            }
            c.setFlags(product << 64 - bits >> 64 - bits, fits ? 0 : CARRY_AND_OVERFLOW);
        }
    }

    /** Multiplies to the same width: two operands, or three with an immediate. */
    private static final class Narrow extends Op {
        private final Place to;
        private final Place left;
        private final Place right;

        Narrow(Insn insn) {
            int n = insn.operands().size();
            to = Place.of(insn, 0);
            left = Place.of(insn, n - 2);
            right = Place.of(insn, n - 1);
        }

        @Override
        public void exec(Cpu c) {
            int shift = 64 - to.bits;
            long a = left.signed(c);
            long b = right.get(c) << shift >> shift; // an immediate has no width of its own
            long product = a * b;
            long cut = product << shift >> shift;
            boolean fits = cut == product && (shift > 0 || Math.multiplyHigh(a, b) == product >> 63);
            to.set(c, product);
            c.setFlags(cut, fits ? 0 : CARRY_AND_OVERFLOW);
        }
    }

    /** Divides the double-width accumulator: #DE if the quotient does not fit. */
    private static final class Divide extends Op {
        private final Place by;
        private final Place quotientTo;
        private final Place remainderTo;
        private final boolean signed;

        Divide(Insn insn, boolean signed) {
            by = Place.of(insn, 0);
            quotientTo = Place.register(Cpu.RAX, by.bits);
            remainderTo = Place.register(Cpu.RDX, by.bits);
            this.signed = signed;
        }

        @Override
        public void exec(Cpu c) {
            int bits = by.bits;
            long divisor = signed ? by.signed(c) : by.get(c);
            if (divisor == 0) {
                throw c.raise(Fault.DE);
            }
            long quotient;
            long remainder;
            if (bits == 64) {
                divideLong(c, divisor);
                return;
            }
            long value;
            if (bits == 8) {
                value = c.r[Cpu.RAX] & 0xffff;
                value = signed ? (short) value : value;
            } else {
                value = c.r[Cpu.RDX] << bits | c.r[Cpu.RAX] & -1L >>> 64 - bits;
                if (bits == 16) {
                    value = signed ? (int) value : value & 0xffffffffL;
                }
            }
            quotient = signed ? value / divisor : Long.divideUnsigned(value, divisor);
            remainder = value - quotient * divisor;
            boolean fits = signed ? quotient << 64 - bits >> 64 - bits == quotient : quotient >>> bits == 0;
            if (!fits) {
                throw c.raise(Fault.DE);
            }
            if (bits == 8) {
                c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xffffL | (remainder & 0xff) << 8 | quotient & 0xff;
            } else {
                quotientTo.set(c, quotient);
                remainderTo.set(c, remainder);
            }
        }

        private void divideLong(Cpu c, long divisor) {
            long high = c.r[Cpu.RDX];
            long low = c.r[Cpu.RAX];
            long quotient;
            long remainder;
            if (high == (signed ? low >> 63 : 0)) {
                if (signed && low == Long.MIN_VALUE && divisor == -1) {
                    throw c.raise(Fault.DE);
                }
                quotient = signed ? low / divisor : Long.divideUnsigned(low, divisor);
                remainder = low - quotient * divisor;
            } else {
                boolean negative = signed && high < 0;
                boolean opposite = signed && high < 0 != divisor < 0;
                long magnitude = signed ? Math.abs(divisor) : divisor;
                long upper = negative ? ~high + (low == 0 ? 1 : 0) : high;
                long lower = negative ? -low : low;
                if (Long.compareUnsigned(upper, magnitude) >= 0) {
                    throw c.raise(Fault.DE);
                }
                quotient = divide(upper, lower, magnitude);
                remainder = lower - quotient * magnitude;
                if (signed && (opposite ? quotient < 0 && quotient != Long.MIN_VALUE : quotient < 0)) {
                    throw c.raise(Fault.DE);
                }
                quotient = opposite ? -quotient : quotient;
                remainder = negative ? -remainder : remainder;
            }
            c.r[Cpu.RAX] = quotient;
            c.r[Cpu.RDX] = remainder;
        }

        /** The quotient of 128 bits by 64, all unsigned, with {@code high < divisor}: long division, bit by bit. */
        private static long divide(long high, long low, long divisor) {
            long rest = high;
            long bitsToCome = low;
            long quotient = 0;
            for (int i = 0; i < 64; i++) {
                boolean overflow = rest < 0;
                rest = rest << 1 | bitsToCome >>> 63;
                bitsToCome <<= 1;
                quotient <<= 1;
                if (overflow || Long.compareUnsigned(rest, divisor) >= 0) {
                    rest -= divisor;
                    quotient |= 1;
                }
            }
            return quotient;
        }
    }
}
