package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Memory;
import org.xenolith.core.x86.Insn.Mode;
import org.xenolith.core.x86.Insn.Operand;

class DecoderTest {
    private static final long HERE = 0xffff_ffff_8100_0000L;
    private final Decoder decoder = new Decoder();

    private Insn decode(String hex) {
        return decode(hex, Mode.BITS_64, HERE);
    }

    private Insn decode(String hex, Mode mode, long address) {
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        Insn insn = decoder.decode(code, 0, code.length, address, mode);
        assertThat(insn).as(hex).isNotNull();
        assertThat(insn.length()).as(hex).isEqualTo(code.length);
        return insn;
    }

    @Test
    void registersImmediatesAndMemory() {
        Insn add = decode("48 83 44 8b f0 ff");
        assertThat(add.semantics()).isEqualTo("add");
        assertThat(add.operandBits()).isEqualTo(64);
        assertThat(add.memory()).isEqualTo(new Memory(Cpu.DS, Cpu.RBX, Cpu.RCX, 4, -16, false));
        assertThat(add.operands())
                .containsExactly(new Operand(Kind.MEMORY, 64, 0, 0), new Operand(Kind.IMMEDIATE, 64, 0, -1));
        assertThat(decode("83 c0 ff").operand(1)).isEqualTo(new Operand(Kind.IMMEDIATE, 32, 0, 0xffff_ffffL));
        assertThat(decode("88 e1").operand(1)).isEqualTo(new Operand(Kind.HIGH_BYTE, 8, 0, 0));
        assertThat(decode("40 88 e1").operand(1)).isEqualTo(new Operand(Kind.GPR, 8, Cpu.RSP, 0));
        assertThat(decode("88 e1").operandBits()).isEqualTo(8);
        assertThat(decode("d3 e0").operand(1)).isEqualTo(new Operand(Kind.GPR, 8, Cpu.RCX, 0));
        assertThat(decode("48 b8 08 07 06 05 04 03 02 01").operand(1).value()).isEqualTo(0x0102_0304_0506_0708L);
    }

    @Test
    void targetsAndRipRelativeAddressesAreAbsolute() {
        assertThat(decode("e8 fb ff ff ff").operand(0)).isEqualTo(new Operand(Kind.TARGET, 64, 0, HERE));
        assertThat(decode("e9 00 00 f0 7f", Mode.BITS_32, 0x9000_0000L)
                        .operand(0)
                        .value())
                .isEqualTo(0xff0_0005L);
        assertThat(decode("48 8d 05 00 10 00 00").memory())
                .isEqualTo(new Memory(Cpu.DS, Memory.RIP, Memory.NONE, 1, HERE + 7 + 0x1000, false));
    }

    @Test
    void sixteenBits() {
        Insn mov = decode("8b 42 fe", Mode.BITS_16, 0x7c00);
        assertThat(mov.operandBits()).isEqualTo(16);
        assertThat(mov.memory()).isEqualTo(new Memory(Cpu.SS, Cpu.RBP, Cpu.RSI, 1, -2, false));
        assertThat(decode("66 ea 00 00 10 00 10 00", Mode.BITS_16, 0).operand(0))
                .isEqualTo(new Operand(Kind.FAR, 32, 0x10, 0x10_0000));
        assertThat(decode("eb fe", Mode.BITS_16, 0x7c00).operand(0).value()).isEqualTo(0x7c00);
    }

    @Test
    void segments() {
        assertThat(decode("65 48 8b 04 25 28 00 00 00").memory())
                .isEqualTo(new Memory(Cpu.GS, Memory.NONE, Memory.NONE, 1, 0x28, true));
        assertThat(decode("2e 8b 00").memory().segment()).isEqualTo(Cpu.DS);
        assertThat(decode("2e 8b 00", Mode.BITS_32, 0).memory().segment()).isEqualTo(Cpu.CS);
        assertThat(decode("8b 45 00").memory().segment()).isEqualTo(Cpu.SS);
    }

    @Test
    void strings() {
        Insn movs = decode("f3 64 48 a5");
        assertThat(movs.semantics()).isEqualTo("movs");
        assertThat(movs.has(Insn.PREFIX_REP)).isTrue();
        assertThat(movs.operands()).isEmpty();
        assertThat(movs.operandBits()).isEqualTo(64);
        assertThat(movs.memory()).isEqualTo(new Memory(Cpu.FS, Cpu.RSI, Memory.NONE, 1, 0, true));
        assertThat(decode("aa").memory().segment()).isEqualTo(Cpu.ES);
        assertThat(decode("aa").operandBits()).isEqualTo(8);
        assertThat(decode("66 ab").operandBits()).isEqualTo(16);
        assertThat(decode("67 ac").addressBits()).isEqualTo(32);
    }

    @ParameterizedTest
    @CsvSource({
        "50, push, 64",
        "6a ff, push, 64",
        "eb fe, jmp, 64",
        "75 fe, jcc, 64",
        "0f b6 c0, movzx, 32",
        "66 50, push, 16",
        "c3, ret, 64",
        "66 c3, ret, 64",
        "ff d0, call, 64",
        "41 ff e3, jmp, 64",
        "90, nop, 32",
        "41 90, xchg, 32",
        "f3 90, pause, 32",
        "66 90, nop, 16",
        "f3 0f bc c1, tzcnt, 32",
        "0f bc c1, bsf, 32",
        "66 0f bc c1, bsf, 16",
        "f2 0f 38 f0 c1, -, 32",
        "0f 38 f0 01, movbe, 32",
        "0f 05, syscall, 64",
        "0f 01 f8, swapgs, 32",
        "f3 48 0f ae c0, rdfsbase, 64",
        "48 0f c7 0f, cmpxchg16b, 64",
        "0f c7 0f, cmpxchg8b, 32",
        "f2 0f 10 c1, movsd_xmm, 32",
        "f3 a5, movs, 32",
        "66 0f 6f c1, movdqa, 16",
        "0f 6f c1, movq, 32",
        "48 0f c3 07, mov, 64",
        "ff 18, far_call, 32",
        "48 cf, iret, 64",
        "d9 c9, fxch, 32",
        "f3 0f 1e fa, endbr, 32",
    })
    void semanticsAndSizes(String hex, String semantics, int bits) {
        Insn insn = decode(hex);
        assertThat(insn.semantics()).isEqualTo(semantics);
        assertThat(insn.operandBits()).isEqualTo(bits);
    }

    @Test
    void conditionsAreTheLowBitsOfTheOpcode() {
        assertThat(decode("0f 85 00 00 00 00").condition()).isEqualTo(5);
        assertThat(decode("7f 00").condition()).isEqualTo(15);
        assertThat(decode("0f 92 c0").condition()).isEqualTo(2);
    }

    @Test
    void aLockIsOnlyForWhatMayBeLocked() {
        assertThat(decode("f0 48 01 07").semantics()).isEqualTo("add");
        for (String hex : new String[] {"f0 48 01 c7", "f0 39 07", "f0 8b 07", "f0 90", "f0 0f a3 07"}) {
            assertThat(Decoder.isInvalid(first(hex, Mode.BITS_64))).as(hex).isTrue();
        }
    }

    @Test
    void whatTheModeLacksIsInvalid() {
        for (String hex : new String[] {"06", "60", "82 c0 01", "9a", "ea", "d4 0a", "ce", "27", "0f 04", "0f ff"}) {
            boolean invalid = !hex.equals("0f ff");
            Insn insn = first(hex + " 00 00 00 00 00 00", Mode.BITS_64);
            assertThat(Decoder.isInvalid(insn)).as(hex).isEqualTo(invalid);
        }
        assertThat(Decoder.isInvalid(first("0f 01 f8", Mode.BITS_32))).isTrue();
        assertThat(first("40", Mode.BITS_32).semantics()).isEqualTo("inc");
        assertThat(first("62 00", Mode.BITS_32).semantics()).isEqualTo("bound");
    }

    private Insn first(String hex, Mode mode) {
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        return decoder.decode(code, 0, code.length, 0, mode);
    }

    @Test
    void fifteenBytesAreTheLimit() {
        assertThat(decode("66 66 66 66 66 66 66 66 66 66 66 66 01 c0 ".substring(0, 41))
                        .length())
                .isEqualTo(14);
        Insn tooLong = first("66 66 66 66 66 66 66 66 66 66 66 66 66 81 c0 01 00", Mode.BITS_64);
        assertThat(Decoder.isInvalid(tooLong)).isTrue();
        assertThat(first("66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 66", Mode.BITS_64)
                        .length())
                .isEqualTo(15);
    }

    @Test
    void tooFewBytesAreToldApartFromInvalidOnes() {
        for (String hex :
                new String[] {"", "48", "48 8b", "48 8b 05 00 00 00", "0f", "0f 38", "e8 00 00 00", "c5", "f0"}) {
            assertThat(first(hex, Mode.BITS_64)).as(hex).isNull();
        }
    }
}
