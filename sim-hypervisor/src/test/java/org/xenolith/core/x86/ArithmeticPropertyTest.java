package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.HexFormat;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Integer arithmetic of every width, on registers and on memory, against the definitions of results and flags in big integers. */
class ArithmeticPropertyTest {
    private static final BigInteger TWO = BigInteger.TWO;

    private final Snippet s = Snippet.of();

    /** What an instruction should come to, null if its operand stays; a flag mask says which flags are defined, the others are not looked at. */
    private record Expected(BigInteger result, long flags, long defined) {}

    @Provide
    Arbitrary<Long> values() {
        return Arbitraries.oneOf(
                Arbitraries.longs(),
                Arbitraries.longs().between(-3, 3),
                Arbitraries.of(
                        0x7fL,
                        0x80L,
                        0xffL,
                        0x7fffL,
                        0x8000L,
                        0xffffL,
                        0x7fffffffL,
                        0x80000000L,
                        0xffffffffL,
                        Long.MAX_VALUE,
                        Long.MIN_VALUE));
    }

    @Provide
    Arbitrary<Integer> widths() {
        return Arbitraries.of(8, 16, 32, 64);
    }

    private static BigInteger unsigned(long value, int bits) {
        return BigInteger.valueOf(value).mod(TWO.pow(bits));
    }

    private static BigInteger signed(long value, int bits) {
        return signed(unsigned(value, bits), bits);
    }

    private static BigInteger signed(BigInteger value, int bits) {
        BigInteger cut = value.mod(TWO.pow(bits));
        return cut.testBit(bits - 1) ? cut.subtract(TWO.pow(bits)) : cut;
    }

    private static long resultFlags(BigInteger result, int bits) {
        BigInteger cut = result.mod(TWO.pow(bits));
        boolean even = Integer.bitCount(cut.intValue() & 0xff) % 2 == 0;
        return (cut.signum() == 0 ? Cpu.ZF : 0) | (cut.testBit(bits - 1) ? Cpu.SF : 0) | (even ? Cpu.PF : 0);
    }

    private static boolean fits(BigInteger value, int bits) {
        return value.equals(signed(value, bits));
    }

    private static long flag(boolean set, long flag) {
        return set ? flag : 0;
    }

    /** a + b + carry, or a - b - carry. */
    private static Expected sum(long a, long b, boolean carry, boolean subtract, int bits) {
        BigInteger in = carry ? BigInteger.ONE : BigInteger.ZERO;
        BigInteger ua = unsigned(a, bits);
        BigInteger ub = unsigned(b, bits).add(in);
        BigInteger sb = signed(b, bits).add(in);
        BigInteger exact = subtract ? ua.subtract(ub) : ua.add(ub);
        BigInteger signedExact =
                subtract ? signed(a, bits).subtract(sb) : signed(a, bits).add(sb);
        BigInteger low = unsigned(b, 4).add(in);
        BigInteger nibble =
                subtract ? unsigned(a, 4).subtract(low) : unsigned(a, 4).add(low);
        long flags = resultFlags(exact, bits)
                | flag(exact.signum() < 0 || exact.bitLength() > bits, Cpu.CF)
                | flag(!fits(signedExact, bits), Cpu.OF)
                | flag(nibble.signum() < 0 || nibble.bitLength() > 4, Cpu.AF);
        return new Expected(exact.mod(TWO.pow(bits)), flags, Cpu.STATUS);
    }

    private static Expected logic(BigInteger result, int bits) {
        return new Expected(result, resultFlags(result, bits), Cpu.STATUS & ~Cpu.AF);
    }

    /** The instructions with opcodes 00, 08, .. 38, by their number. */
    private static Expected binary(int number, long a, long b, boolean carry, int bits) {
        BigInteger ua = unsigned(a, bits);
        BigInteger ub = unsigned(b, bits);
        return switch (number) {
            case 0 -> sum(a, b, false, false, bits);
            case 1 -> logic(ua.or(ub), bits);
            case 2 -> sum(a, b, carry, false, bits);
            case 3 -> sum(a, b, carry, true, bits);
            case 4 -> logic(ua.and(ub), bits);
            case 5 -> sum(a, b, false, true, bits);
            case 6 -> logic(ua.xor(ub), bits);
            default -> new Expected(null, sum(a, b, false, true, bits).flags, Cpu.STATUS);
        };
    }

    @Property(tries = 1000)
    void additionSubtractionAndLogic(
            @ForAll("values") long a,
            @ForAll("values") long b,
            @ForAll("widths") int bits,
            @ForAll boolean carry,
            @ForAll boolean memory) {
        for (int number = 0; number < 8; number++) {
            Expected expected = binary(number, a, b, carry, bits);
            // op dl, bl; or op [rdi], bl
            String operands = memory ? "1f" : "da";
            check(code(bits, number * 8, operands), a, b, carry, bits, memory, expected);
            if (bits < 64) {
                Expected sameByte = binary(number, a, (byte) b, carry, bits);
                String immediate = HexFormat.of().toHexDigits((byte) b);
                String group = HexFormat.of().toHexDigits((byte) ((memory ? 7 : 0xc2) | number << 3));
                check(code(bits, bits == 8 ? 0x80 : 0x82, group) + immediate, a, b, carry, bits, memory, sameByte);
            }
        }
    }

    @Property(tries = 1000)
    void oneOperand(
            @ForAll("values") long a, @ForAll("widths") int bits, @ForAll boolean carry, @ForAll boolean memory) {
        long kept = flag(carry, Cpu.CF);
        Expected up = sum(a, 1, false, false, bits);
        Expected down = sum(a, 1, false, true, bits);
        Expected negated = sum(0, a, false, true, bits);
        check(code(bits, 0xfe, memory ? "07" : "c2"), a, 0, carry, bits, memory, keepCarry(up, kept));
        check(code(bits, 0xfe, memory ? "0f" : "ca"), a, 0, carry, bits, memory, keepCarry(down, kept));
        check(code(bits, 0xf6, memory ? "1f" : "da"), a, 0, carry, bits, memory, negated);
        Expected inverted = new Expected(unsigned(~a, bits), kept, Cpu.CF);
        check(code(bits, 0xf6, memory ? "17" : "d2"), a, 0, carry, bits, memory, inverted);
    }

    private static Expected keepCarry(Expected e, long carry) {
        return new Expected(e.result, e.flags & ~Cpu.CF | carry, e.defined);
    }

    @Property(tries = 1000)
    void shiftsAndRotates(
            @ForAll("values") long a,
            @ForAll byte count,
            @ForAll("widths") int bits,
            @ForAll boolean carry,
            @ForAll boolean memory) {
        for (int number = 0; number < 8; number++) {
            if (number == 6) {
                continue; // an alias of number 4
            }
            Expected expected = shift(number, a, count & (bits == 64 ? 63 : 31), carry, bits);
            String operand = HexFormat.of().toHexDigits((byte) ((memory ? 7 : 0xc2) | number << 3));
            check(code(bits, 0xd2, operand), a, 0, count, carry, bits, memory, expected);
        }
    }

    /** One bit at a time, as the manuals describe the instructions. */
    private static Expected shift(int number, long a, int count, boolean carry, int bits) {
        BigInteger value = unsigned(a, bits);
        boolean c = carry;
        boolean overflow = false;
        for (int i = 0; i < count; i++) {
            boolean top = value.testBit(bits - 1);
            boolean bottom = value.testBit(0);
            boolean left = number % 2 == 0;
            boolean in =
                    switch (number) {
                        case 0 -> top;
                        case 1 -> bottom;
                        case 2, 3 -> c;
                        case 7 -> top;
                        default -> false;
                    };
            c = left ? top : bottom;
            value = left ? value.shiftLeft(1) : value.shiftRight(1);
            int at = left ? 0 : bits - 1;
            value = in ? value.setBit(at) : value.clearBit(at);
            value = value.mod(TWO.pow(bits));
            overflow = left ? value.testBit(bits - 1) != c : number == 7 ? false : value.testBit(bits - 1) != top;
        }
        long flags = flag(c, Cpu.CF) | flag(overflow, Cpu.OF) | resultFlags(value, bits);
        boolean shifted = number >= 4;
        long defined = count == 0 ? Cpu.CF : shifted ? Cpu.CF | Cpu.SF | Cpu.ZF | Cpu.PF : Cpu.CF;
        defined |= count == 1 ? Cpu.OF : 0;
        if (shifted && count > bits) {
            defined &= ~Cpu.CF;
        }
        return new Expected(value, flags, defined);
    }

    @Property(tries = 1000)
    void doubleShifts(
            @ForAll("values") long a,
            @ForAll("values") long b,
            @ForAll byte count,
            @ForAll("widths") int bits,
            @ForAll boolean memory) {
        int n = count & (bits == 64 ? 63 : 31);
        if (bits == 8 || n > bits || n == 0) {
            return;
        }
        BigInteger high = unsigned(a, bits);
        BigInteger low = unsigned(b, bits);
        BigInteger left =
                high.shiftLeft(bits).add(low).shiftLeft(n).shiftRight(bits).mod(TWO.pow(bits));
        BigInteger right = low.shiftLeft(bits).add(high).shiftRight(n).mod(TWO.pow(bits));
        long sign = Cpu.OF;
        long defined = Cpu.STATUS & ~Cpu.AF & (n == 1 ? -1 : ~Cpu.OF);
        long leftFlags = resultFlags(left, bits)
                | flag(high.testBit(bits - n), Cpu.CF)
                | flag(left.testBit(bits - 1) != high.testBit(bits - 1), sign);
        long rightFlags = resultFlags(right, bits)
                | flag(high.testBit(n - 1), Cpu.CF)
                | flag(right.testBit(bits - 1) != high.testBit(bits - 1), sign);
        String operands = memory ? "1f" : "da";
        String prefix = bits == 16 ? "66" : bits == 64 ? "48" : "";
        check(prefix + "0fa5" + operands, a, b, count, false, bits, memory, new Expected(left, leftFlags, defined));
        check(prefix + "0fad" + operands, a, b, count, false, bits, memory, new Expected(right, rightFlags, defined));
    }

    @Property(tries = 1000)
    void products(@ForAll("values") long a, @ForAll("values") long b, @ForAll("widths") int bits) {
        for (boolean isSigned : new boolean[] {false, true}) {
            BigInteger exact = isSigned
                    ? signed(a, bits).multiply(signed(b, bits))
                    : unsigned(a, bits).multiply(unsigned(b, bits));
            boolean small = isSigned ? fits(exact, bits) : exact.bitLength() <= bits;
            s.again(code(bits, 0xf6, isSigned ? "eb" : "e3")); // (i)mul ebx
            s.with(Cpu.RAX, a).with(Cpu.RBX, b).run(1);
            BigInteger whole = exact.mod(TWO.pow(2 * bits));
            if (bits == 8) {
                assertThat(s.r(Cpu.RAX) & 0xffff).isEqualTo(whole.longValue());
            } else {
                assertThat(unsigned(s.r(Cpu.RAX), bits)).isEqualTo(whole.mod(TWO.pow(bits)));
                assertThat(unsigned(s.r(Cpu.RDX), bits)).isEqualTo(whole.shiftRight(bits));
            }
            assertThat(s.cpu.cf()).isEqualTo(!small);
            assertThat(s.cpu.of()).isEqualTo(!small);
            if (isSigned && bits > 8) {
                String prefix = bits == 16 ? "66" : bits == 64 ? "48" : "";
                s.again(prefix + "0fafc3").with(Cpu.RAX, a).with(Cpu.RBX, b).run(1);
                assertThat(unsigned(s.r(Cpu.RAX), bits)).isEqualTo(exact.mod(TWO.pow(bits)));
                assertThat(s.cpu.cf()).isEqualTo(!small);
                assertThat(s.cpu.of()).isEqualTo(!small);
            }
        }
    }

    @Property(tries = 1000)
    void quotients(
            @ForAll("values") long high,
            @ForAll("values") long low,
            @ForAll("values") long divisor,
            @ForAll("widths") int bits,
            @ForAll boolean isSigned) {
        BigInteger dividend = bits == 8
                ? unsigned(low, 16)
                : unsigned(high, bits).shiftLeft(bits).add(unsigned(low, bits));
        BigInteger by = isSigned ? signed(divisor, bits) : unsigned(divisor, bits);
        dividend = isSigned ? signed(dividend, 2 * bits) : dividend;
        s.again(code(bits, 0xf6, isSigned ? "fb" : "f3")); // (i)div ebx
        s.with(Cpu.RAX, low).with(Cpu.RDX, high).with(Cpu.RBX, divisor);
        s.cpu.run(1);
        BigInteger[] expected = by.signum() == 0 ? null : dividend.divideAndRemainder(by);
        if (expected == null || (isSigned ? !fits(expected[0], bits) : expected[0].bitLength() > bits)) {
            assertThat(s.cpu.exit.reason).isEqualTo(CpuExit.Reason.EXCEPTION);
            assertThat(s.cpu.exit.number).isEqualTo(Fault.DE);
            assertThat(s.r(Cpu.RAX)).isEqualTo(low);
        } else {
            assertThat(s.cpu.exit.reason).isEqualTo(CpuExit.Reason.BUDGET);
            BigInteger remainder = bits == 8 ? unsigned(s.r(Cpu.RAX) >> 8, 8) : unsigned(s.r(Cpu.RDX), bits);
            assertThat(unsigned(s.r(Cpu.RAX), bits)).isEqualTo(expected[0].mod(TWO.pow(bits)));
            assertThat(remainder).isEqualTo(expected[1].mod(TWO.pow(bits)));
        }
    }

    /** Prefix and opcode of an instruction whose byte form is {@code opcode} and whose wider form the next, and its operands. */
    private static String code(int bits, int opcode, String operands) {
        String prefix = bits == 16 ? "66" : bits == 64 ? "48" : "";
        return prefix + HexFormat.of().toHexDigits((byte) (bits == 8 ? opcode : opcode + 1)) + operands;
    }

    private void check(String code, long a, long b, boolean carry, int bits, boolean memory, Expected expected) {
        check(code, a, b, (byte) 0, carry, bits, memory, expected);
    }

    /** Executes {@code code} with a in rdx or at rdi, b in rbx, the count in cl. */
    private void check(
            String code, long a, long b, byte count, boolean carry, int bits, boolean memory, Expected expected) {
        s.again(code).with(Cpu.RDX, a).with(Cpu.RBX, b).with(Cpu.RCX, count).with(Cpu.RDI, Snippet.DATA);
        s.memory.put64(Snippet.DATA, a);
        s.cpu.setStatus(carry ? Cpu.CF : 0);
        s.run(1);
        long whole = memory ? s.memory.get64(Snippet.DATA) : s.r(Cpu.RDX);
        long kept = bits == 64 || !memory && bits == 32 ? 0 : a & -1L << bits;
        long result = expected.result == null ? a : kept | expected.result.longValue();
        assertThat(whole).as("result of %s", code).isEqualTo(result);
        assertThat(s.cpu.status() & expected.defined)
                .as("flags of %s on %x, %x, %d, carry %s", code, a, b, count, carry)
                .isEqualTo(expected.flags & expected.defined);
    }
}
