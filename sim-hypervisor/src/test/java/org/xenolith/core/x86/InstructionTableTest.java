package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xenolith.core.x86.Encoding.Space;

class InstructionTableTest {
    private final InstructionTable table = InstructionTable.standard();

    /** Whatever the prefixes, the ModRM byte, W, the length and the mode: no two lines demand equally much and both fit. */
    @Test
    void noTwoLinesCollide() {
        List<String> collisions = new ArrayList<>();
        for (Space space : Space.values()) {
            for (int map = 0; map < 7; map++) {
                for (int opcode = 0; opcode < 256; opcode++) {
                    collect(table.at(space, map, opcode), collisions);
                }
            }
        }
        assertThat(collisions).isEmpty();
    }

    private static void collect(List<InstructionTable.Row> rows, List<String> collisions) {
        for (int i = 0; i < rows.size(); i++) {
            for (int j = i + 1; j < rows.size(); j++) {
                InstructionTable.Row a = rows.get(i);
                InstructionTable.Row b = rows.get(j);
                if (a.encoding().demands() == b.encoding().demands() && overlap(a.encoding(), b.encoding())) {
                    collisions.add(a.place() + " and " + b.place());
                }
            }
        }
    }

    private static boolean overlap(Encoding a, Encoding b) {
        for (int c = 0; c < 4 * 256 * 2 * 4 * 2 * 2; c++) {
            int modrm = c & 255;
            int w = c >> 8 & 1;
            int length = c >> 9 & 3;
            boolean rexB = (c >> 11 & 1) != 0;
            boolean long64 = (c >> 12 & 1) != 0;
            int prefix = c >> 13;
            if (a.fits(prefix, modrm, w, length, rexB, long64) && b.fits(prefix, modrm, w, length, rexB, long64)) {
                return true;
            }
        }
        return false;
    }

    /** Every byte of the two classic maps is a described instruction, a prefix or escape, or named here as undefined. */
    @Test
    void everyOpcodeIsDescribedOrKnownToBeUndefined() {
        assertThat(undescribed(0))
                .as(
                        "one byte: prefixes, escapes and REX are no instructions; 82, d6 and others exist in some modes only")
                .isEqualTo("0f 26 2e 36 3e 64 65 66 67 f0 f2 f3");
        assertThat(undescribed(1))
                .as("0f: reserved ones, the escapes 38 and 3a, and what only AMD K6, Cyrix or VIA had")
                .isEqualTo("04 0a 0c 0e 0f 24 25 26 27 36 38 39 3a 3b 3c 3d 3e 3f 7a 7b a6 a7");
    }

    private String undescribed(int map) {
        StringBuilder text = new StringBuilder();
        for (int opcode = 0; opcode < 256; opcode++) {
            if (table.at(Space.LEGACY, map, opcode).isEmpty()) {
                text.append(text.isEmpty() ? "" : " ").append(String.format("%02x", opcode));
            }
        }
        return text.toString();
    }

    /** What a line says the core does, it does. */
    @Test
    void allSemanticsAreDefined() {
        Semantics semantics = Semantics.all();
        assertThat(table.rows()).hasSizeGreaterThan(1000).allSatisfy(row -> {
            String name = row.entry().semantics();
            assertThat(name.equals("-") || semantics.factory(name) != null)
                    .as("%s: %s", row.place(), name)
                    .isTrue();
        });
    }

    @Test
    void aWrongLineIsRefusedWithItsNumber() {
        refused("06 | push | ES | -", "five columns are expected, not 4");
        refused("06 | push | ES | q | push", "'q' are no flags");
        refused("XY | push | ES | - | push", "no opcode byte");
        refused("06 /9 | push | ES | - | push", "'/9' means nothing in an encoding");
        refused("53+r | push | Zv | - | push", "the low bits of 53+r are not clear");
        refused("06 | push | Ek | - | push", "'Ek' has no width that is known");
        refused("06 | push | FOO | - | push", "'FOO' is no operand");
    }

    private static void refused(String line, String why) {
        assertThatThrownBy(() -> new InstructionTable().read("some.txt", new StringReader("# comment\n" + line + "\n")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("some.txt:2: " + why);
    }
}
