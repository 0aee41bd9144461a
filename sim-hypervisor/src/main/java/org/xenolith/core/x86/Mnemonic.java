package org.xenolith.core.x86;

import java.util.List;
import java.util.Set;
import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;

/**
 * The AT&amp;T name of an instruction.
 *
 * @param text the name, with its suffix
 * @param tellsImmediate whether the name tells the immediate, which is no operand then
 * @param operands the operands as AT&amp;T writes them where the table has none, else empty
 */
record Mnemonic(String text, boolean tellsImmediate, List<String> operands) {
    private static final String[] CONDITIONS = {
        "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"
    };

    /** Comparisons of floating point, by the immediate. */
    private static final List<String> FLOAT_PREDICATES = List.of(
            ("eq lt le unord neq nlt nle ord eq_uq nge ngt false neq_oq ge gt true eq_os lt_oq le_oq unord_s neq_us nlt_uq "
                            + "nle_uq ord_s eq_us nge_uq ngt_uq false_os neq_os ge_oq gt_oq true_us")
                    .split(" ", -1));

    /** Comparisons of integers; 3 and 7, always false and always true, have no name. */
    private static final String[] INTEGER_PREDICATES = {"eq", "lt", "le", "", "neq", "nlt", "nle", ""};

    /** Instructions that need a suffix if memory is their only operand besides immediates and cl. */
    private static final Set<String> SUFFIXED = Set.of(
            "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test", "mov", "not", "neg", "mul", "imul", "div",
            "idiv", "inc", "dec", "rol", "ror", "rcl", "rcr", "shl", "shr", "sar", "bt", "bts", "btr", "btc", "nop");

    /** Instructions that save or load state, which REX.W widens. */
    private static final Set<String> STATE =
            Set.of("fxsave", "fxrstor", "xsave", "xrstor", "xsaveopt", "xsavec", "xsaves", "xrstors");

    /** Conversions to half as many bits, which need a suffix for the length of their source in memory. */
    private static final Set<String> NARROWING = Set.of(
            "vcvtpd2ps",
            "vcvtpd2dq",
            "vcvttpd2dq",
            "vcvtpd2udq",
            "vcvttpd2udq",
            "vcvtqq2ps",
            "vcvtuqq2ps",
            "vfpclassps",
            "vfpclasspd");

    static Mnemonic of(Decoding d, Insn insn) {
        String m = insn.entry().mnemonic();
        String predicate = predicate(insn, m);
        if (predicate != null) {
            return new Mnemonic(predicate, true, List.of());
        }
        return switch (m) {
            case "nop" -> {
                boolean sized = insn.operands().isEmpty() && insn.has(Insn.PREFIX_OPERAND_SIZE) && (d.rex & 8) == 0;
                String ax = "%" + Disassembler.gpr(Cpu.RAX, insn.operandBits());
                yield sized ? new Mnemonic("xchg", false, List.of(ax, ax)) : plain(d, insn, m);
            }
            case "monitor", "monitorx" ->
                new Mnemonic(m, false, List.of("%" + Disassembler.gpr(Cpu.RAX, insn.addressBits()), "%ecx", "%edx"));
            case "mwait" -> new Mnemonic(m, false, List.of("%eax", "%ecx"));
            case "mwaitx" -> new Mnemonic(m, false, List.of("%eax", "%ecx", "%ebx"));
            default -> plain(d, insn, m);
        };
    }

    private static Mnemonic plain(Decoding d, Insn insn, String m) {
        return new Mnemonic(name(d, insn, m), false, List.of());
    }

    private static String name(Decoding d, Insn insn, String m) {
        boolean long64 = insn.mode() == Insn.Mode.BITS_64;
        boolean memory = insn.operands().stream().anyMatch(o -> o.kind() == Kind.MEMORY);
        if (m.startsWith("f") && m.length() > 2 && memory && !STATE.contains(m)) {
            return x87Memory(insn, m);
        }
        if (SUFFIXED.contains(m) && memory && onlyMemory(d, insn)) {
            return m + suffix(memoryBits(insn));
        }
        if (STATE.contains(m)) {
            return insn.operandBits() == 64 ? m + "64" : m;
        }
        boolean told = d.vectorLength == 2 && !m.startsWith("vfpclass");
        if (NARROWING.contains(m) && memory && !d.evexBroadcast && !told) {
            return m + "xyz".charAt(d.vectorLength);
        }
        return switch (m) {
            case "jcc" -> "j" + CONDITIONS[insn.condition()] + hint(d);
            case "setcc" -> "set" + CONDITIONS[insn.condition()];
            case "cmovcc" -> "cmov" + CONDITIONS[insn.condition()];
            case "movzx" -> "movz" + suffix(insn.operand(1).bits()) + suffix(insn.operandBits());
            case "movsx" -> "movs" + suffix(insn.operand(1).bits()) + suffix(insn.operandBits());
            case "movsxd" -> insn.operandBits() == 64 ? "movslq" : m;
            case "cbw" -> pick(insn, "cbtw", "cwtl", "cltq");
            case "cwd" -> pick(insn, "cwtd", "cltd", "cqto");
            case "movs", "cmps", "ins", "outs" -> m + suffix(stringBits(insn));
            case "jcxz" -> (insn.addressBits() == 16 ? "jcxz" : insn.addressBits() == 32 ? "jecxz" : "jrcxz") + hint(d);
            case "loop", "loope", "loopne" ->
                m + (!insn.has(Insn.PREFIX_ADDRESS_SIZE) ? "" : insn.addressBits() == 32 ? "l" : "w") + hint(d);
            case "mov" -> absolute(d, insn) ? "movabs" : m;
            case "lgdt", "lidt", "sgdt", "sidt" -> long64 ? m : m + suffix(insn.operandBits());
            case "ptwrite", "cvtsi2ss", "cvtsi2sd", "vcvtsi2ss", "vcvtsi2sd", "vcvtusi2ss", "vcvtusi2sd" ->
                memory && long64 ? m + suffix(memoryBits(insn)) : m;
            case "crc32" -> memory ? m + suffix(memoryBits(insn)) : m;
            case "fneni", "fndisi" -> m + "(8087 only)";
            case "fnsetpm" -> m + "(287 only)";
            case "rdssp", "incssp", "wrss", "wruss" -> m + (insn.operandBits() == 64 ? "q" : "d");
            case "sysret", "sysexit" -> !long64 ? m : m + (insn.operandBits() == 64 ? "q" : "l");
            case "push",
                    "pop",
                    "call",
                    "jmp",
                    "ret",
                    "leave",
                    "enter",
                    "pushf",
                    "popf",
                    "pusha",
                    "popa",
                    "iret",
                    "xbegin" -> stack(insn, m);
            case "fsub", "fsubr", "fdiv", "fdivr", "fsubp", "fsubrp", "fdivp", "fdivrp" -> reversed(d, m);
            default -> m;
        };
    }

    private static boolean onlyMemory(Decoding d, Insn insn) {
        for (int i = 0; i < insn.operands().size(); i++) {
            Kind kind = insn.operand(i).kind();
            boolean count = d.row.operands().get(i).place() == OperandPattern.Place.GPR && !absoluteMove(d);
            if (kind != Kind.MEMORY && kind != Kind.IMMEDIATE && !count) {
                return false;
            }
        }
        return true;
    }

    private static boolean absoluteMove(Decoding d) {
        return d.row.operands().stream().anyMatch(p -> p.place() == OperandPattern.Place.O);
    }

    private static boolean absolute(Decoding d, Insn insn) {
        boolean offset = absoluteMove(d) && insn.addressBits() == 64;
        boolean immediate = d.row.operands().get(1).place() == OperandPattern.Place.I
                && d.row.operands().get(1).width().equals("v")
                && insn.operandBits() == 64;
        return offset || immediate;
    }

    private static int memoryBits(Insn insn) {
        for (Operand o : insn.operands()) {
            if (o.kind() == Kind.MEMORY) {
                return o.bits();
            }
        }
        return 0;
    }

    /** Ports have no 64-bit form: ins and outs move at most 32. */
    private static int stringBits(Insn insn) {
        boolean port = insn.semantics().equals("ins") || insn.semantics().equals("outs");
        return port ? Math.min(insn.operandBits(), 32) : insn.operandBits();
    }

    private static String suffix(int bits) {
        return switch (bits) {
            case 8 -> "b";
            case 16 -> "w";
            case 32 -> "l";
            case 64 -> "q";
            default -> "";
        };
    }

    private static String pick(Insn insn, String word, String dword, String qword) {
        return insn.operandBits() == 16 ? word : insn.operandBits() == 32 ? dword : qword;
    }

    private static String hint(Decoding d) {
        return !d.hinted() ? "" : d.segmentOverride == Cpu.CS ? ",pn" : ",pt";
    }

    /** Stack and control transfer: a suffix only where the width is not the one of the mode, and no register tells it. */
    private static String stack(Insn insn, String m) {
        String semantics = insn.semantics();
        boolean far = semantics.startsWith("far_");
        boolean wide64 = !far && !m.equals("iret");
        int usual =
                switch (insn.mode()) {
                    case BITS_16 -> 16;
                    case BITS_32 -> 32;
                    case BITS_64 -> wide64 ? 64 : 32;
                };
        boolean register = !insn.operands().isEmpty() && insn.operand(0).kind() == Kind.GPR;
        boolean rex = far && !m.equals("ret") && insn.operandBits() == 64;
        String suffix = insn.operandBits() == usual || register || rex ? "" : suffix(insn.operandBits());
        return (far ? "l" : "") + m + suffix;
    }

    private static String x87Memory(Insn insn, String m) {
        int bits = memoryBits(insn);
        boolean integer = m.startsWith("fi");
        return switch (m) {
            case "fldcw", "fnstcw", "fnstsw", "fbld", "fbstp" -> m;
            case "fldenv", "fnstenv", "frstor", "fnsave" ->
                insn.has(Insn.PREFIX_OPERAND_SIZE) ? m + (insn.operandBits() == 16 ? "s" : "l") : m;
            default ->
                m
                        + switch (bits) {
                            case 16 -> "s";
                            case 32 -> integer ? "l" : "s";
                            case 64 -> integer ? "ll" : "l";
                            default -> "t";
                        };
        };
    }

    /** AT&amp;T's assembler once swapped these where the destination is not the top of the stack, and it stayed so. */
    private static String reversed(Decoding d, String m) {
        if (d.row.operands().get(0).place() != OperandPattern.Place.STI) {
            return m;
        }
        boolean pop = m.endsWith("p");
        String stem = m.substring(0, 4);
        boolean reverse = m.startsWith("r", 4);
        return stem + (reverse ? "" : "r") + (pop ? "p" : "");
    }

    /** The name with the comparison in it that the immediate chooses, or null. */
    private static String predicate(Insn insn, String m) {
        if (insn.operands().isEmpty()) {
            return null;
        }
        Operand last = insn.operand(insn.operands().size() - 1);
        int value = (int) last.value();
        if (last.kind() != Kind.IMMEDIATE) {
            return null;
        }
        if (m.matches("v?pclmulqdq")) {
            int halves = value == 0x10 || value == 0x11 ? value - 14 : value;
            String chosen = (halves & 1) == 0 ? "lq" : "hq";
            return halves > 3 ? null : m.replace("qdq", chosen + (halves < 2 ? "l" : "h") + "qdq");
        }
        if (m.matches("v?cmp[ps][sd]")) {
            String stem = m.substring(0, m.length() - 2);
            int known = m.startsWith("v") ? 32 : 8;
            return value < known ? stem + FLOAT_PREDICATES.get(value) + m.substring(m.length() - 2) : null;
        }
        if (m.matches("vpcmpu?[bwdq]") && value < 8 && !INTEGER_PREDICATES[value].isEmpty()) {
            return "vpcmp" + INTEGER_PREDICATES[value] + m.substring(5);
        }
        return null;
    }
}
