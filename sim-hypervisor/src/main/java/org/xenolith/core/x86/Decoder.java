package org.xenolith.core.x86;

/**
 * Turns bytes into instructions by the table. Immutable: cores share one.
 *
 * <p>What it promises beyond {@link Insn}:
 * <ul>
 *   <li>String instructions, {@code xlat} and {@code maskmovdqu} have no operand for the memory they imply, but {@link
 *       Insn#memory} is there and tells the segment: that of the source, or of the destination if there is only that.
 *   <li>An immediate's value is what the instruction makes of it (sign-extended where it says so), cut to the operand's bits.
 *   <li>In 64-bit mode the prefixes for es, cs, ss and ds change no segment.
 *   <li>Near branches in 64-bit mode ignore prefix 66, as Intel's processors do.
 *   <li>{@code operandBits} is 8 where all registers and memory are bytes.
 *   <li>Targets of branches are cut to the operand size, so in a code segment with a base pass offsets as addresses.
 * </ul>
 */
public final class Decoder {
    /** The longest instruction, in bytes. */
    public static final int MAX_LENGTH = 15;

    private final InstructionTable table = InstructionTable.standard();

    /**
     * Decodes the instruction at {@code code[offset]}.
     *
     * @param available bytes there are from {@code offset} on; never more are read
     * @param address linear address of the first byte
     * @param mode how the CPU fetches
     * @return the instruction; with mnemonic {@code (bad)} and semantics {@code -} if there is none (undefined, locked where
     *     that is not allowed, or longer than {@link #MAX_LENGTH}), its length then ends with the first byte of the opcode; null if more
     *     bytes than available are needed to tell
     */
    public Insn decode(byte[] code, int offset, int available, long address, Insn.Mode mode) {
        return new Decoding(table, code, offset, available, address, mode).decode();
    }

    /** Whether {@link #decode} found no instruction. */
    public static boolean isInvalid(Insn insn) {
        return insn.entry().equals(InstructionTable.INVALID.entry());
    }
}
