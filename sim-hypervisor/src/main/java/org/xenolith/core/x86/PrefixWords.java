package org.xenolith.core.x86;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Mode;

/** The prefixes of an instruction that its mnemonic and operands do not show already, as words, in the order of the bytes. */
final class PrefixWords {
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs"};

    /** Instructions whose width is the operand size, though no operand tells. */
    private static final Set<String> SIZED = Set.of(
            "cbw", "cwd", "iret", "ret", "pushf", "popf", "pusha", "popa", "leave", "enter", "nop", "fldenv", "fnstenv",
            "fnsave", "frstor");

    /** Instructions whose width REX.W tells, but prefix 66 does not. */
    private static final Set<String> WIDENED = Set.of(
            "cbw",
            "cwd",
            "iret",
            "sysret",
            "sysexit",
            "fxsave",
            "fxrstor",
            "xsave",
            "xrstor",
            "xsaveopt",
            "xsavec",
            "xsaves",
            "xrstors");

    private PrefixWords() {}

    static List<String> of(Decoding d, Insn insn, byte[] code, int offset) {
        List<String> words = new ArrayList<>();
        if (d.row.entry().mnemonic().startsWith("vpdp") && d.space == Encoding.Space.VEX) {
            words.add("{vex}");
        } else if (d.space == Encoding.Space.EVEX && d.needsNoEvex()) {
            words.add("{evex}");
        }
        for (int i = 0; i < d.prefixEnd; i++) {
            int b = code[offset + i] & 0xff;
            String word = word(d, insn, b, last(code, offset, i, d.prefixEnd));
            if (!word.isEmpty()) {
                words.add(word);
            }
        }
        return words;
    }

    /** Whether no prefix of the same group follows: only the last one counts. */
    private static boolean last(byte[] code, int offset, int i, int end) {
        for (int j = i + 1; j < end; j++) {
            if (group(code[offset + j] & 0xff) == group(code[offset + i] & 0xff)) {
                return false;
            }
        }
        return true;
    }

    private static int group(int b) {
        return switch (b) {
            case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 -> 1;
            case 0xf2, 0xf3 -> 2;
            default -> b;
        };
    }

    private static String word(Decoding d, Insn insn, int b, boolean last) {
        return switch (b) {
            case 0x26, 0x2e, 0x36, 0x3e -> segment(d, insn, b >> 3 & 3, last);
            case 0x64, 0x65 -> segment(d, insn, b - 0x60, last);
            case 0x66 -> last && operandSizeShows(d, insn) ? "" : insn.mode() == Mode.BITS_16 ? "data32" : "data16";
            case 0x67 -> last && addressSizeShows(insn) ? "" : insn.mode() == Mode.BITS_32 ? "addr16" : "addr32";
            case 0xf0 -> "lock";
            case 0xf2 -> last ? repeatNot(d, insn) : "repnz";
            case 0xf3 -> last ? repeat(d, insn) : "repz";
            default -> rex(d, insn, b, last);
        };
    }

    private static boolean branch(Insn insn) {
        return switch (insn.semantics()) {
            case "call", "jmp", "ret", "jcc" -> true;
            default -> false;
        };
    }

    private static String segment(Decoding d, Insn insn, int segment, boolean last) {
        String name = SEGMENTS[segment];
        if (!last) {
            return name;
        }
        boolean indirect = branch(insn)
                && d.row.encoding().modrm
                && insn.operands().size() == 1
                && d.row.encoding().opcode == 0xff;
        if (indirect && segment == Cpu.DS) {
            return "notrack";
        }
        if (d.hinted()) {
            return "";
        }
        boolean source = false;
        boolean destination = false;
        for (OperandPattern p : d.row.operands()) {
            source |= p.place() == OperandPattern.Place.X;
            destination |= p.place() == OperandPattern.Place.Y;
        }
        boolean overridable = insn.memory() != null && (source || !destination);
        boolean counts = overridable && (source || insn.mode() != Mode.BITS_64 || segment >= Cpu.FS);
        return counts ? "" : name;
    }

    private static boolean operandSizeShows(Decoding d, Insn insn) {
        Encoding e = d.row.encoding();
        if (e.prefix == Encoding.PREFIX_66 || e.prefix != Encoding.PREFIX_NONE && d.choosesByPrefix()) {
            return true;
        }
        if (e.force64 && insn.mode() == Mode.BITS_64 || (d.rex & 8) != 0 && !e.default64) {
            return insn.entry().mnemonic().equals("movsxd");
        }
        boolean descriptor =
                insn.mode() != Mode.BITS_64 && insn.entry().operands().equals("Ms");
        return descriptor || sized(d, insn);
    }

    private static boolean sized(Decoding d, Insn insn) {
        for (OperandPattern p : d.row.operands()) {
            if (p.sized() && !p.width().equals("y")
                    || p.place() == OperandPattern.Place.I_SIGNED
                    || p.place() == OperandPattern.Place.J
                    || p.place() == OperandPattern.Place.SEGMENT
                    || p.place() == OperandPattern.Place.S && d.modrm >= 0xc0) {
                return true;
            }
        }
        return SIZED.contains(insn.entry().mnemonic());
    }

    private static boolean addressSizeShows(Insn insn) {
        return insn.memory() != null
                || insn.semantics().startsWith("loop")
                || insn.semantics().equals("jcxz");
    }

    private static String repeat(Decoding d, Insn insn) {
        if (d.row.encoding().prefix == Encoding.PREFIX_F3) {
            return "";
        }
        return switch (insn.semantics()) {
            case "movs", "stos", "lods", "ins", "outs" -> "rep";
            default -> hle(insn) ? "xrelease" : "repz";
        };
    }

    private static String repeatNot(Decoding d, Insn insn) {
        if (d.row.encoding().prefix == Encoding.PREFIX_F2) {
            return "";
        }
        if (branch(insn)) {
            return "bnd";
        }
        return hle(insn) && !insn.entry().mnemonic().equals("mov") ? "xacquire" : "repnz";
    }

    /** Whether the repeat prefixes elide a lock here. */
    private static boolean hle(Insn insn) {
        if (insn.operands().isEmpty() || insn.operand(0).kind() != Kind.MEMORY) {
            return false;
        }
        String name = insn.entry().mnemonic();
        boolean store = name.equals("mov")
                && (insn.opcode() & 0xfe) != 0xa2
                && insn.operand(1).kind() != Kind.SEGMENT;
        return insn.has(Insn.PREFIX_LOCK) && !name.equals("cmpxchg16b") || name.equals("xchg") || store;
    }

    // --- REX: named as a whole if one of its bits does nothing.

    private static String rex(Decoding d, Insn insn, int b, boolean last) {
        boolean counts = last && d.rex == b;
        int idle = counts ? b & 15 & ~used(d, insn) : b & 15;
        boolean shown = counts && (b & 15) == 0 ? usesByte(insn) : idle == 0 && counts;
        if (shown) {
            return "";
        }
        String bits = ((b & 8) != 0 ? "W" : "")
                + ((b & 4) != 0 ? "R" : "")
                + ((b & 2) != 0 ? "X" : "")
                + ((b & 1) != 0 ? "B" : "");
        return bits.isEmpty() ? "rex" : "rex." + bits;
    }

    private static boolean usesByte(Insn insn) {
        return insn.operands().stream().anyMatch(o -> o.kind() == Kind.GPR && o.bits() == 8 && (o.register() & 4) != 0);
    }

    private static int used(Decoding d, Insn insn) {
        Encoding e = d.row.encoding();
        int used = 0;
        boolean w = e.w != Encoding.ANY
                || WIDENED.contains(insn.entry().mnemonic())
                || insn.semantics().equals("far_ret");
        for (OperandPattern p : d.row.operands()) {
            w |= p.width().equals("v") || p.width().equals("y") || p.place() == OperandPattern.Place.S;
            switch (p.place()) {
                case G, C, D, V -> used |= 4;
                case Z, E, R, W, U -> used |= 1;
                default -> {}
            }
        }
        if (w && !e.force64 && !e.default64) {
            used |= 8;
        }
        if (e.modrm && d.modrm < 0xc0) {
            used |= d.sib >= 0 ? 3 : 1;
        }
        return used;
    }
}
