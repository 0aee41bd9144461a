package org.xenolith.machine;

/** Kinds of instructions that approximate timing gives a price each. An instruction is of one kind. */
public enum InstructionClass {
    ALU("alu", "arithmetic, logic and moves between registers"),
    MULTIPLY("multiply", "integer multiplication"),
    DIVIDE("divide", "integer division"),
    LOAD("load", "what reads memory and goes on with it, answered by the first-level cache"),
    STORE("store", "what writes memory, or reads, changes and writes it"),
    BRANCH("branch", "a branch that is not taken"),
    TAKEN_BRANCH("takenBranch", "a branch that is taken: jump, call, return"),
    STRING("string", "one repetition of a string instruction"),
    FLOATING("floating", "x87, MMX and SSE"),
    SYSTEM("system", "what changes modes, privilege or system registers, does I/O or traps");

    private final String key;
    private final String meaning;

    InstructionClass(String key, String meaning) {
        this.key = key;
        this.meaning = meaning;
    }

    /** Its key in a profile. */
    public String key() {
        return key;
    }

    /** What belongs to it. */
    public String meaning() {
        return meaning;
    }
}
