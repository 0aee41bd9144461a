package org.xenolith.core.x86;

import java.util.List;

/**
 * A decoded instruction: what the bytes at an address say, with operands in the order of the manual (destination first).
 *
 * @param entry its line of the table
 * @param address linear address (of the first byte, prefixes included)
 * @param length bytes, 1 to 15
 * @param mode how the CPU fetched it
 * @param prefixes set of the {@code PREFIX_} bits
 * @param operandBits effective operand size: 8, 16, 32 or 64
 * @param addressBits effective address size: 16, 32 or 64
 * @param opcode last byte of the opcode; its low four bits are the condition of jcc, setcc and cmovcc
 * @param operands explicit operands, none to five
 * @param memory where the memory operand lies, or null if there is none
 */
public record Insn(
        Entry entry,
        long address,
        int length,
        Mode mode,
        int prefixes,
        int operandBits,
        int addressBits,
        int opcode,
        List<Operand> operands,
        Memory memory) {

    /** Most bytes of an instruction. */
    public static final int MOST_BYTES = 15;

    /** Prefix {@code lock}. */
    public static final int PREFIX_LOCK = 1;

    /** Prefix f3: {@code rep}, {@code repe}. */
    public static final int PREFIX_REP = 2;

    /** Prefix f2: {@code repne}. */
    public static final int PREFIX_REPNE = 4;

    /** Prefix 66. */
    public static final int PREFIX_OPERAND_SIZE = 8;

    /** Prefix 67. */
    public static final int PREFIX_ADDRESS_SIZE = 16;

    /** Any REX prefix. */
    public static final int PREFIX_REX = 32;

    /** How instructions are decoded: default sizes, and whether REX exists. */
    public enum Mode {
        /** Real mode and 16-bit segments. */
        BITS_16,
        /** 32-bit segments, in protected or compatibility mode. */
        BITS_32,
        /** 64-bit mode. */
        BITS_64
    }

    /** What an operand is. */
    public enum Kind {
        /** General register {@link Operand#register}, its low {@link Operand#bits}. */
        GPR,
        /** Bits 8 to 15 of general register {@link Operand#register} (0 to 3): ah, ch, dh, bh. */
        HIGH_BYTE,
        /** Segment register: es cs ss ds fs gs. */
        SEGMENT,
        /** Control register. */
        CONTROL,
        /** Debug register. */
        DEBUG,
        /** x87 stack register. */
        ST,
        /** MMX register. */
        MMX,
        /** SSE or AVX register; {@link Operand#bits} 128, 256 or 512. */
        XMM,
        /** AVX-512 mask register. */
        MASK,
        /** The instruction's {@link Insn#memory}, {@link Operand#bits} wide (0 where only the address counts, as for lea). */
        MEMORY,
        /** {@link Operand#value}, sign-extended to 64 bits where the instruction does so. */
        IMMEDIATE,
        /** Target of a near branch: {@link Operand#value} is the linear address, cut to the operand size. */
        TARGET,
        /** Far pointer: {@link Operand#register} is the selector, {@link Operand#value} the offset. */
        FAR
    }

    /**
     * An operand.
     *
     * @param kind what it is
     * @param bits its width
     * @param register number of the register, or selector
     * @param value immediate or target
     */
    public record Operand(Kind kind, int bits, int register, long value) {}

    /**
     * A memory operand: linear address = base of segment + ((base + index * scale + displacement) cut to the address size).
     *
     * @param segment 0 to 5 for es cs ss ds fs gs: the one in effect
     * @param base general register, {@link #NONE} or {@link #RIP}; with RIP, displacement is the whole address already
     * @param index general register or {@link #NONE}; a vector register for gather instructions
     * @param scale 1, 2, 4 or 8
     * @param displacement sign-extended
     * @param segmentOverride whether a prefix named the segment
     */
    public record Memory(int segment, int base, int index, int scale, long displacement, boolean segmentOverride) {
        /** No register. */
        public static final int NONE = -1;

        /** The instruction pointer. */
        public static final int RIP = 16;
    }

    /** Linear address behind it. */
    public long next() {
        return address + length;
    }

    /** Operand {@code i}. */
    public Operand operand(int i) {
        return operands.get(i);
    }

    /** Whether it has the prefix. */
    public boolean has(int prefix) {
        return (prefixes & prefix) != 0;
    }

    /** Condition of jcc, setcc and cmovcc: 0 to 15 for o no b ae e ne be a s ns p np l ge le g. */
    public int condition() {
        return opcode & 15;
    }

    /** Name of what it does, by which {@link Semantics} finds its op. */
    public String semantics() {
        return entry.semantics();
    }
}
