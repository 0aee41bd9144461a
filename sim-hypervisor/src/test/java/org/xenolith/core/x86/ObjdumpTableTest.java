package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xenolith.core.x86.InstructionTable.Row;

/**
 * Every line of the table, with many operands, is what GNU objdump takes its bytes for: same length, mnemonic and operands,
 * in each of the three modes. Skipped where there is no objdump.
 */
class ObjdumpTableTest {
    private static final int VARIANTS = 12;

    /** Each sample begins at a multiple of this, behind enough one-byte nops that objdump has found its feet. */
    private static final int STRIDE = 32;

    private static final byte NOP = (byte) 0x90;

    /** What processors accept in more encodings than objdump does. */
    private static final Set<String> UNKNOWN_TO_OBJDUMP = Set.of("salc", "mfence", "sfence", "wbinvd", "invd");

    @TempDir
    Path folder;

    private static final class Sample {
        final Row row;
        final byte[] bytes;

        Sample(Row row, byte[] bytes) {
            this.row = row;
            this.bytes = bytes;
        }
    }

    @ParameterizedTest
    @EnumSource(Insn.Mode.class)
    void everyLineIsWhatObjdumpTakesItFor(Insn.Mode mode) throws IOException, InterruptedException {
        assumeTrue(Objdump.installed(), "no objdump is installed (Debian: binutils): the oracle is skipped");
        List<Sample> samples = samples(mode);
        Path file = folder.resolve("samples");
        Files.write(file, laidOut(samples));
        Disassembler disassembler = new Disassembler();
        List<String> differences = new ArrayList<>();
        int[] count = new int[1];
        Objdump.Visitor visitor = (address, bytes, length, text) -> {
            if (address % STRIDE != 0) {
                return;
            }
            count[0]++;
            Sample sample = samples.get((int) (address / STRIDE));
            if (text.endsWith("(bad)")
                    && UNKNOWN_TO_OBJDUMP.contains(sample.row.entry().mnemonic())) {
                return;
            }
            if (mode == Insn.Mode.BITS_16 && branches(sample.row) && text.contains("0xffff")) {
                // Below 0, objdump does not cut the target to 16 bits, as a processor does.
                return;
            }
            Disassembler.Line ours = disassembler.print(sample.bytes, 0, sample.bytes.length, address, mode);
            if (ours.length() != length || !ours.text().equals(text)) {
                differences.add(sample.row.place() + ": " + HexFormat.of().formatHex(bytes, 0, length) + ": objdump "
                        + text + ", we " + ours);
            }
        };
        String machine =
                switch (mode) {
                    case BITS_16 -> "i8086";
                    case BITS_32 -> "i386";
                    case BITS_64 -> "i386:x86-64";
                };
        Objdump.list(visitor, "-D", "-z", "-b", "binary", "-m", machine, file.toString());
        System.out.printf("objdump: %d instructions made from the table compared, %s%n", count[0], mode);
        assertThat(differences).isEmpty();
        assertThat(count[0]).isEqualTo(samples.size()).isGreaterThan(8000);
    }

    /** Samples of all lines; what objdump takes for another extension than we do (MPX, hints on registers) is left out. */
    private static List<Sample> samples(Insn.Mode mode) {
        TableSamples maker = new TableSamples(20231, mode == Insn.Mode.BITS_64);
        Decoder decoder = new Decoder();
        List<Sample> samples = new ArrayList<>();
        for (Row row : InstructionTable.standard().rows()) {
            String encoding = row.entry().encoding();
            if (!maker.possible(row) || encoding.matches("0F (1A|1B|0D) /r")) {
                continue;
            }
            int taken = 0;
            for (int variant = 0; variant < VARIANTS; variant++) {
                byte[] bytes = maker.sample(row, variant);
                Insn insn = decoder.decode(bytes, 0, bytes.length, 0, mode);
                assertThat(insn).as(row.place()).isNotNull();
                if (insn.entry().equals(row.entry())) {
                    samples.add(new Sample(row, Arrays.copyOf(bytes, insn.length())));
                    taken++;
                }
            }
            assertThat(taken).as("samples of %s %s", row.place(), row.entry()).isPositive();
        }
        // Branches first: in 16-bit mode their targets must lie in the first segment.
        samples.sort(Comparator.comparing(s -> !branches(s.row)));
        return samples;
    }

    private static boolean branches(Row row) {
        return row.operands().stream().anyMatch(p -> p.place() == OperandPattern.Place.J);
    }

    private static byte[] laidOut(List<Sample> samples) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Sample sample : samples) {
            out.writeBytes(sample.bytes);
            for (int i = sample.bytes.length; i < STRIDE; i++) {
                out.write(NOP);
            }
        }
        return out.toByteArray();
    }
}
