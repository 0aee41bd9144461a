package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class DecoderPropertyTest {
    private static final long HERE = 0x7fff_1234;

    private final Decoder decoder = new Decoder();
    private final Disassembler disassembler = new Disassembler();

    /** Some prefixes, an escape or none, and noise. */
    @Provide
    Arbitrary<byte[]> code() {
        Arbitrary<byte[]> prefixes = Arbitraries.of(
                        0x26, 0x2e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x40, 0x48, 0x4f)
                .map(Integer::byteValue)
                .array(byte[].class)
                .ofMaxSize(4);
        Arbitrary<byte[]> escapes = Arbitraries.of(
                new byte[] {},
                new byte[] {0x0f},
                new byte[] {0x0f, 0x38},
                new byte[] {0x0f, 0x3a},
                new byte[] {(byte) 0xc5},
                new byte[] {(byte) 0xc4},
                new byte[] {0x62});
        Arbitrary<byte[]> noise =
                Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(20);
        return Combinators.combine(prefixes, escapes, noise).as((a, b, c) -> {
            byte[] all = Arrays.copyOf(a, a.length + b.length + c.length);
            System.arraycopy(b, 0, all, a.length, b.length);
            System.arraycopy(c, 0, all, a.length + b.length, c.length);
            return all;
        });
    }

    /** More bytes than an instruction needs change nothing; fewer are told by null, and never read beyond. */
    @Property(tries = 20_000)
    void whatIsDecodedDependsOnItsOwnBytesOnly(@ForAll("code") byte[] code, @ForAll Insn.Mode mode) {
        Insn whole = decoder.decode(code, 0, code.length, HERE, mode);
        int known = -1;
        for (int available = 0; available <= code.length; available++) {
            Insn insn = decoder.decode(Arrays.copyOf(code, available), 0, available, HERE, mode);
            if (insn == null) {
                assertThat(known)
                        .as("decoded with %d bytes, not with %d", known, available)
                        .isNegative();
            } else {
                assertThat(insn).isEqualTo(whole);
                known = known < 0 ? available : known;
            }
        }
        if (whole == null) {
            assertThat(code.length).isLessThan(Decoder.MAX_LENGTH);
        } else {
            assertThat(whole.length()).isBetween(1, Decoder.MAX_LENGTH).isLessThanOrEqualTo(code.length);
            assertThat(Decoder.isInvalid(whole) || known == whole.length())
                    .as("an instruction of %d bytes was told by %d", whole.length(), known)
                    .isTrue();
        }
    }

    /** What is an operand can be one: registers and widths exist, there is memory exactly if an operand or the text says so. */
    @Property(tries = 20_000)
    void operandsAreInRange(@ForAll("code") byte[] code, @ForAll Insn.Mode mode) {
        Insn insn = decoder.decode(code, 0, code.length, HERE, mode);
        if (insn == null) {
            return;
        }
        boolean memory = false;
        for (Insn.Operand o : insn.operands()) {
            int registers =
                    switch (o.kind()) {
                        case GPR -> mode == Insn.Mode.BITS_64 ? 16 : 8;
                        case HIGH_BYTE -> 4;
                        case SEGMENT -> 6;
                        case CONTROL -> 9;
                        case DEBUG, ST, MMX, MASK -> 8;
                        case XMM -> 32;
                        case FAR -> 0x10000;
                        default -> 1;
                    };
            assertThat(o.register()).as("%s of %s", o, insn).isBetween(0, registers - 1);
            memory |= o.kind() == Insn.Kind.MEMORY;
        }
        if (memory) {
            assertThat(insn.memory()).isNotNull();
            assertThat(insn.memory().segment()).isBetween(0, 5);
        }
        assertThat(insn.operandBits()).isIn(8, 16, 32, 64);
        assertThat(insn.addressBits()).isIn(16, 32, 64);
    }

    /** The disassembler prints whatever the decoder decodes, on one line. */
    @Property(tries = 20_000)
    void everythingDecodedIsPrinted(@ForAll("code") byte[] code, @ForAll Insn.Mode mode) {
        Insn insn = decoder.decode(code, 0, code.length, HERE, mode);
        Disassembler.Line line = disassembler.print(code, 0, code.length, HERE, mode);
        if (insn == null) {
            assertThat(line).isNull();
        } else {
            assertThat(line.text()).matches("[ -~]+");
            assertThat(line.text().contains("(bad)")).isEqualTo(Decoder.isInvalid(insn));
            assertThat(line.length()).isBetween(insn.length(), insn.length() + Decoder.MAX_LENGTH);
        }
    }
}
