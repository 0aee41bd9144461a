package org.xenolith.core.x86;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Memory;
import org.xenolith.core.x86.Insn.Mode;
import org.xenolith.core.x86.Insn.Operand;

/**
 * Prints instructions in AT&amp;T syntax, as GNU objdump does: mnemonic with the suffixes that are needed, operands with the
 * destination last, prefixes that have no effect as words in front. Immutable.
 */
public final class Disassembler {
    /**
     * A printed instruction.
     *
     * @param length bytes it has; 1 or more
     * @param text mnemonic, a space, operands; behind {@code #} the address that a displacement from rip means
     */
    public record Line(int length, String text) {}

    private static final String[] BYTES = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] HIGH_BYTES = {"ah", "ch", "dh", "bh"};
    private static final String[] WORDS = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs"};
    private static final String[] ROUNDING = {"rn", "rd", "ru", "rz"};

    private final InstructionTable table = InstructionTable.standard();

    /**
     * Prints the instruction at {@code code[offset]}; the parameters are those of {@link Decoder#decode}.
     *
     * @return {@code (bad)} for what is no instruction; null if more bytes than available are needed to tell
     */
    public Line print(byte[] code, int offset, int available, long address, Mode mode) {
        if (available > 2 && code[offset] == (byte) 0x9b) {
            Line waiting = printWaiting(code, offset + 1, available - 1, address + 1, mode);
            if (waiting != null) {
                return waiting;
            }
        }
        Decoding decoding = new Decoding(table, code, offset, available, address, mode);
        Insn insn = decoding.decode();
        return insn == null ? null : new Line(insn.length(), text(decoding, insn, code, offset));
    }

    /** An fwait and an x87 instruction are printed as one: as what waits, if the second by itself does not. */
    private Line printWaiting(byte[] code, int offset, int available, long address, Mode mode) {
        Decoding decoding = new Decoding(table, code, offset, available, address, mode);
        Insn insn = decoding.decode();
        if (insn == null || decoding.prefixEnd > 0 || (insn.opcode() & 0xf8) != 0xd8) {
            return null;
        }
        String text = text(decoding, insn, code, offset);
        boolean named = text.startsWith("fn") && !text.equals("fnop");
        return new Line(insn.length() + 1, named ? "f" + text.substring(2) : text);
    }

    private static String text(Decoding decoding, Insn insn, byte[] code, int offset) {
        if (Decoder.isInvalid(insn)) {
            return "(bad)";
        }
        Mnemonic name = Mnemonic.of(decoding, insn);
        StringBuilder out = new StringBuilder();
        for (String prefix : PrefixWords.of(decoding, insn, code, offset)) {
            out.append(prefix).append(' ');
        }
        out.append(name.text());
        List<String> operands = name.operands().isEmpty() ? operands(decoding, insn, name) : name.operands();
        for (int i = 0; i < operands.size(); i++) {
            out.append(i == 0 ? " " : ",").append(operands.get(i));
        }
        if (insn.memory() != null && insn.memory().base() == Memory.RIP) {
            out.append(" # ").append(hex(insn.memory().displacement()));
        }
        return out.toString();
    }

    /** All operands, in the order of AT&amp;T: from last to first. */
    private static List<String> operands(Decoding d, Insn insn, Mnemonic name) {
        List<String> texts = new ArrayList<>();
        List<OperandPattern> patterns = d.row.operands();
        boolean intelOrder = insn.entry().mnemonic().equals("enter")
                || insn.entry().mnemonic().equals("bound");
        int explicit = insn.operands().size();
        int last = patterns.size() - 1;
        for (int i = last; i >= 0; i--) {
            OperandPattern pattern = patterns.get(i);
            String text;
            if (pattern.place() == OperandPattern.Place.DI) {
                continue;
            } else if (pattern.place().implied()) {
                text = implied(pattern.place(), insn);
            } else {
                explicit--;
                text = operand(d, insn, pattern, insn.operand(explicit));
            }
            if (i == last && name.tellsImmediate()) {
                continue;
            }
            if (i == 0) {
                text += mask(d);
            }
            if (text.isEmpty()) {
                continue;
            }
            texts.add(intelOrder ? 0 : texts.size(), text);
        }
        String rounding = rounding(d, patterns);
        if (!rounding.isEmpty()) {
            // Behind an immediate, and behind a general register that is converted.
            boolean second = texts.get(0).startsWith("$") || patterns.get(last).place() == OperandPattern.Place.E;
            texts.add(second ? 1 : 0, rounding);
        }
        return texts;
    }

    private static String mask(Decoding d) {
        if (d.space != Encoding.Space.EVEX) {
            return "";
        }
        int k = d.evex & 7;
        return (k == 0 ? "" : "{%k" + k + "}") + ((d.evex & 0x80) == 0 ? "" : "{z}");
    }

    private static String rounding(Decoding d, List<OperandPattern> patterns) {
        if (!d.evexBroadcast || d.modrm < 0xc0) {
            return "";
        }
        for (OperandPattern p : patterns) {
            if (p.rounding().equals("s")) {
                return "{sae}";
            } else if (p.rounding().equals("r")) {
                return "{" + ROUNDING[d.evex >> 5 & 3] + "-sae}";
            }
        }
        return "";
    }

    private static String operand(Decoding d, Insn insn, OperandPattern pattern, Operand o) {
        return switch (o.kind()) {
            case GPR -> {
                if (pattern.place() == OperandPattern.Place.GPR && pattern.fixed() == Cpu.RDX && o.bits() == 16) {
                    yield "(%dx)";
                }
                yield indirect(insn) + "%" + gpr(o.register(), wide(insn, o));
            }
            case HIGH_BYTE -> "%" + HIGH_BYTES[o.register()];
            case SEGMENT -> "%" + SEGMENTS[o.register()];
            case CONTROL -> "%cr" + o.register();
            case DEBUG -> "%db" + o.register();
            case ST -> pattern.place() == OperandPattern.Place.ST ? "%st" : "%st(" + o.register() + ")";
            case MMX -> "%mm" + o.register();
            case XMM -> "%" + vector(o.bits()) + o.register();
            case MASK -> "%k" + o.register();
            case MEMORY -> indirect(insn) + memory(d, insn) + repeated(d, pattern);
            case IMMEDIATE -> pattern.place() == OperandPattern.Place.ONE ? "" : "$" + hex(o.value());
            case TARGET -> hex(o.value());
            case FAR -> "$" + hex(o.register()) + ",$" + hex(o.value());
        };
    }

    /** Width a general register is printed with: a selector's source is called by 32 bits though 16 are read. */
    private static int wide(Insn insn, Operand o) {
        String m = insn.entry().mnemonic();
        boolean selector =
                m.equals("mov") && insn.operand(0).kind() == Kind.SEGMENT || m.equals("lar") || m.equals("lsl");
        return selector ? Math.max(insn.operandBits(), o.bits()) : o.bits();
    }

    private static String indirect(Insn insn) {
        return switch (insn.semantics()) {
            case "call", "jmp", "far_call", "far_jmp" -> "*";
            default -> "";
        };
    }

    static String gpr(int register, int bits) {
        if (register >= 8) {
            return "r" + register + (bits == 64 ? "" : bits == 32 ? "d" : bits == 16 ? "w" : "b");
        }
        return switch (bits) {
            case 8 -> BYTES[register];
            case 16 -> WORDS[register];
            case 32 -> "e" + WORDS[register];
            default -> "r" + WORDS[register];
        };
    }

    private static String vector(int bits) {
        return bits == 512 ? "zmm" : bits == 256 ? "ymm" : "xmm";
    }

    /** The factor of a broadcast, such as {@code {1to8}}. */
    private static String repeated(Decoding d, OperandPattern p) {
        if (!d.evexBroadcast || p.broadcast().isEmpty()) {
            return "";
        }
        int bits = 128 << d.vectorLength;
        if (p.width().equals("h")) {
            bits /= 2;
        }
        return "{1to" + bits / (p.broadcast().equals("d") ? 32 : 64) + "}";
    }

    private static String implied(OperandPattern.Place place, Insn insn) {
        int base =
                switch (place) {
                    case X -> Cpu.RSI;
                    case BX -> Cpu.RBX;
                    default -> Cpu.RDI;
                };
        int segment = place == OperandPattern.Place.Y ? Cpu.ES : insn.memory().segment();
        return "%" + SEGMENTS[segment] + ":(%" + gpr(base, insn.addressBits()) + ")";
    }

    private static String memory(Decoding d, Insn insn) {
        Memory m = insn.memory();
        StringBuilder out = new StringBuilder();
        if (m.segmentOverride() && (insn.mode() != Mode.BITS_64 || m.segment() >= Cpu.FS)) {
            out.append('%').append(SEGMENTS[m.segment()]).append(':');
        }
        if (m.base() == Memory.RIP) {
            long distance = m.displacement() - insn.next();
            return out.append(signed(insn.addressBits() == 32 ? (int) distance : distance))
                    .append(insn.addressBits() == 32 ? "(%eip)" : "(%rip)")
                    .toString();
        }
        int scaleBits = d.sib < 0 ? 0 : d.sib >> 6;
        // A SIB byte that names no index is shown if it was not needed for a base of rsp or r12, or for no base.
        boolean idle = m.index() == Memory.NONE
                && d.sib >= 0
                && (scaleBits != 0 || (m.base() == Memory.NONE ? insn.addressBits() == 32 : (d.sib & 7) != 4));
        boolean indexed = m.index() != Memory.NONE || idle;
        if (m.base() == Memory.NONE) {
            boolean offset = insn.addressBits() == 16 && d.row.encoding().modrm;
            long displacement = offset ? (short) m.displacement() : m.displacement();
            out.append(indexed || offset ? signed(displacement) : hex(cut(displacement, insn.addressBits())));
            if (!indexed) {
                return out.toString();
            }
        } else if (d.displaced) {
            out.append(signed(m.displacement()));
        }
        out.append('(');
        if (m.base() != Memory.NONE) {
            out.append('%').append(gpr(m.base(), insn.addressBits()));
        }
        if (indexed) {
            out.append(",%").append(index(d, insn, m));
            if (insn.addressBits() != 16) {
                out.append(',').append(1 << scaleBits);
            }
        }
        return out.append(')').toString();
    }

    private static String index(Decoding d, Insn insn, Memory m) {
        for (OperandPattern p : d.row.operands()) {
            String vector =
                    switch (p.place()) {
                        case VMX -> "xmm";
                        case VMY -> "ymm";
                        case VMZ -> "zmm";
                        default -> "";
                    };
            if (!vector.isEmpty()) {
                return vector + m.index();
            }
        }
        if (m.index() == Memory.NONE) {
            return insn.addressBits() == 64 ? "riz" : "eiz";
        }
        return gpr(m.index(), insn.addressBits());
    }

    private static long cut(long value, int bits) {
        return bits == 64 ? value : value & (1L << bits) - 1;
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static String signed(long value) {
        return value < 0 ? "-" + hex(-value) : hex(value);
    }
}
