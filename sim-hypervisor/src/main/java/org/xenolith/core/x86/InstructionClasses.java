package org.xenolith.core.x86;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.machine.InstructionClass;

/** Of which kind an instruction is: by name where that says it, else by its operands. */
final class InstructionClasses {
    /** Kinds by the name of the semantics, blank-separated. */
    static final Map<InstructionClass, String> NAMES = Map.of(
            InstructionClass.MULTIPLY, "mul imul aad",
            InstructionClass.DIVIDE, "div idiv aam",
            InstructionClass.BRANCH, "jcc jmp call ret loop loope loopne jcxz",
            InstructionClass.STRING, "movs stos lods cmps scas",
            InstructionClass.LOAD, "pop popa popf leave xlat",
            InstructionClass.STORE, "push pusha pushf enter",
            InstructionClass.ALU, "lea nop pause prefetch endbr",
            InstructionClass.SYSTEM,
                    "cpuid rdmsr wrmsr rdtsc rdtscp lgdt lidt sgdt sidt lldt sldt ltr str lmsw smsw clts invlpg invpcid wbinvd"
                            + " swapgs rdfsbase rdgsbase wrfsbase wrgsbase iret int int1 int3 into syscall sysret sysenter sysexit"
                            + " hlt vmcall vmmcall in out ins outs cli sti stac clac far_call far_jmp far_ret lds les lfs lgs lss"
                            + " lar lsl verr verw bound ud2 mfence lfence sfence clflush fxsave fxrstor");

    private static final Map<String, InstructionClass> BY_NAME = byName();

    private InstructionClasses() {}

    private static Map<String, InstructionClass> byName() {
        Map<String, InstructionClass> all = new HashMap<>();
        NAMES.forEach((kind, names) -> List.of(names.split(" ")).forEach(name -> all.put(name, kind)));
        return Map.copyOf(all);
    }

    /** The kind of {@code insn}. */
    static InstructionClass of(Insn insn) {
        String name = insn.semantics();
        InstructionClass named = BY_NAME.get(name);
        if (named != null) {
            return named;
        }
        boolean memory = false;
        for (Insn.Operand operand : insn.operands()) {
            switch (operand.kind()) {
                case SEGMENT, CONTROL, DEBUG -> {
                    return InstructionClass.SYSTEM;
                }
                case ST, MMX, XMM, MASK -> {
                    return InstructionClass.FLOATING;
                }
                case MEMORY -> memory = true;
                default -> {}
            }
        }
        if (name.equals("-")) {
            return InstructionClass.SYSTEM; // it raises #UD
        }
        if (name.charAt(0) == 'f') {
            return InstructionClass.FLOATING; // all that begin so and were not named are of x87
        }
        if (!memory) {
            return InstructionClass.ALU;
        }
        boolean comparison = name.equals("cmp") || name.equals("test") || name.equals("bt");
        boolean first = insn.operand(0).kind() == Insn.Kind.MEMORY;
        return first && !comparison ? InstructionClass.STORE : InstructionClass.LOAD;
    }
}
