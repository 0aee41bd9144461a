package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Code that Jazzer comes up with; without {@code JAZZER_FUZZ=1} only the inputs kept are tried. */
class DecoderFuzzTest {
    private static final Decoder DECODER = new Decoder();
    private static final Disassembler DISASSEMBLER = new Disassembler();

    @FuzzTest(maxDuration = "60s", maxExecutions = 1_000_000)
    void anyBytesAreInstructionsOrRefused(byte[] code) {
        for (Insn.Mode mode : Insn.Mode.values()) {
            int at = 0;
            while (at < code.length) {
                Insn insn = DECODER.decode(code, at, code.length - at, at, mode);
                if (insn == null) {
                    assertThat(code.length - at).isLessThan(Decoder.MAX_LENGTH);
                    break;
                }
                assertThat(insn.length()).isBetween(1, Decoder.MAX_LENGTH);
                assertThat(DISASSEMBLER
                                .print(code, at, code.length - at, at, mode)
                                .text())
                        .isNotEmpty();
                at += insn.length();
            }
        }
    }
}
