package org.xenolith.core.x86;

import java.io.ByteArrayOutputStream;
import java.util.Random;
import java.util.Set;
import org.xenolith.core.x86.Encoding.Space;
import org.xenolith.core.x86.InstructionTable.Row;
import org.xenolith.core.x86.OperandPattern.Place;

/** Makes bytes that a line of the table is about: with various operands, prefixes and lengths, from a seed. */
final class TableSamples {
    private static final int TAIL = 10;
    private static final Set<Place> VVVV = Set.of(Place.H, Place.B, Place.KH);

    private final Random random;
    private final boolean long64;

    TableSamples(long seed, boolean long64) {
        this.random = new Random(seed);
        this.long64 = long64;
    }

    /** Whether the line exists in the mode. */
    boolean possible(Row row) {
        Encoding e = row.encoding();
        return long64 ? !e.not64 : !e.only64 && e.space == Space.LEGACY && e.w != 1;
    }

    /** Bytes that begin with an instruction of {@code row}; {@code variant} counts from 0 and chooses prefixes and forms. */
    byte[] sample(Row row, int variant) {
        Encoding e = row.encoding();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean register = !e.memoryOnly && ((e.modrmMask & 0xc0) != 0 || e.ignoreMod || variant % 2 == 0);
        boolean gather = row.operands().stream().anyMatch(p -> p.place().name().startsWith("VM"));
        int modrm = (register ? 0xc0 : random.nextInt(3) << 6) | random.nextInt(64);
        if (gather) {
            // Registers must differ: 0 to 3 is the destination, 4 to 7 the index, and above that the mask.
            modrm = modrm & ~0x27 | 4;
        }
        if (row.operands().stream().anyMatch(p -> p.place() == Place.S)) {
            modrm |= 0x18;
            modrm &= ~0x20;
        } else if (row.operands().stream().anyMatch(p -> p.place() == Place.C)) {
            modrm = modrm & ~0x38 | 0x18;
        }
        modrm = modrm & ~e.modrmMask | e.modrmValue;
        switch (e.space) {
            case LEGACY -> legacy(out, row, variant, register);
            case VEX -> vex(out, row, variant, gather);
            case EVEX -> evex(out, row, variant, register, gather);
        }
        out.write(e.opcode + random.nextInt(e.opcodes));
        if (e.modrm) {
            out.write(modrm);
            if (!register && (modrm & 7) == 4) {
                out.write(gather ? 0xa0 | random.nextInt(4) << 3 | random.nextInt(4) : random.nextInt(256));
            }
        }
        for (int i = 0; i < TAIL; i++) {
            out.write(random.nextInt(256));
        }
        return out.toByteArray();
    }

    private void legacy(ByteArrayOutputStream out, Row row, int variant, boolean register) {
        Encoding e = row.encoding();
        switch (e.prefix) {
            case Encoding.PREFIX_66 -> out.write(0x66);
            case Encoding.PREFIX_F3 -> out.write(0xf3);
            case Encoding.PREFIX_F2 -> out.write(0xf2);
            case Encoding.ANY -> {
                boolean farWide =
                        row.operands().stream().anyMatch(p -> p.width().equals("p"));
                if (variant % 5 == 4 && !e.force64 && !farWide) {
                    out.write(0x66);
                }
            }
            default -> {}
        }
        if (e.lockable && !register && variant % 4 == 1) {
            out.write(0xf0);
        } else if (variant % 7 == 6 && !register && e.modrm) {
            out.write(long64 ? 0x65 : 0x2e);
        }
        if (long64) {
            rex(out, row, variant);
        }
        if (e.map >= 1) {
            out.write(0x0f);
        }
        if (e.map >= 2) {
            out.write(e.map == 2 ? 0x38 : 0x3a);
        }
    }

    private static void rex(ByteArrayOutputStream out, Row row, int variant) {
        Encoding e = row.encoding();
        int rex = 0;
        boolean sized = row.operands().stream().anyMatch(OperandPattern::sized);
        if (e.w == 1 || e.w == Encoding.ANY && variant % 3 == 1 && sized && !e.force64 && !e.default64) {
            rex |= 0x48;
        }
        if (e.modrm && variant % 4 == 3 && e.modrmMask != 0xff) {
            rex |= 0x41;
            rex |= row.operands().stream().anyMatch(p -> p.place() == Place.G || p.place() == Place.V) ? 4 : 0;
        }
        if (rex != 0) {
            out.write(rex);
        }
    }

    private static boolean masks(Row row) {
        return row.operands().stream().anyMatch(p -> p.place().name().startsWith("K"));
    }

    private int vvvv(Row row, boolean gather) {
        boolean used = row.operands().stream().anyMatch(p -> VVVV.contains(p.place()));
        int high = gather ? 8 : 0;
        return used ? high + random.nextInt(masks(row) ? 8 : gather ? 4 : 16) : 0;
    }

    private static int length(Row row, int variant, int lengths) {
        Encoding e = row.encoding();
        boolean scalar = row.operands().stream().noneMatch(p -> !p.width().isEmpty() && "xhfe".contains(p.width()));
        if (e.l == Encoding.LONG) {
            return 1 + variant % (lengths - 1);
        }
        return e.l != Encoding.ANY ? e.l : scalar ? 0 : variant % lengths;
    }

    private void vex(ByteArrayOutputStream out, Row row, int variant, boolean gather) {
        Encoding e = row.encoding();
        boolean low = masks(row) || gather;
        int notR = low || variant % 2 == 0 ? 0x80 : 0;
        int notB = low || variant % 4 < 2 ? 0x20 : 0;
        out.write(0xc4);
        out.write(notR | 0x40 | notB | e.map);
        out.write(Math.max(e.w, 0) << 7 | (~vvvv(row, gather) & 15) << 3 | length(row, variant, 2) << 2 | e.prefix);
    }

    private void evex(ByteArrayOutputStream out, Row row, int variant, boolean register, boolean gather) {
        Encoding e = row.encoding();
        boolean low = masks(row) || gather;
        boolean special = row.operands().stream()
                .anyMatch(
                        p -> register ? !p.rounding().isEmpty() : !p.broadcast().isEmpty());
        int b = special && variant % 4 >= 2 ? 0x10 : 0;
        int length = b != 0 && register ? random.nextInt(4) : length(row, variant, 3);
        int mask = gather ? 1 : variant % 5 == 2 ? 3 : 0;
        int notR = low || variant % 2 == 0 ? 0x80 : 0;
        int notB = low || variant % 4 < 2 ? 0x20 : 0;
        int notR2 = low || variant % 6 < 4 ? 0x10 : 0;
        out.write(0x62);
        out.write(notR | 0x40 | notB | notR2 | e.map);
        out.write(Math.max(e.w, 0) << 7 | (~vvvv(row, gather) & 15) << 3 | 4 | e.prefix);
        out.write(length << 5 | b | 8 | mask);
    }
}
