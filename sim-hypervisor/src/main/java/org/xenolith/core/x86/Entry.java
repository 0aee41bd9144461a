package org.xenolith.core.x86;

/**
 * One line of the instruction table.
 *
 * @param encoding opcode as the manuals write it, such as {@code 0F AF /r}
 * @param mnemonic Intel mnemonic, lower case; {@code jcc}, {@code setcc}, {@code cmovcc} stand for all conditions
 * @param operands operand patterns as in the manual's opcode map, such as {@code Gv,Ev}
 * @param flags status flags it writes, from {@code oszapc}; upper case for one it leaves undefined; {@code -} for none
 * @param semantics name of what it does, or {@code -} if the core has no such instruction: it is decoded, and #UD when executed
 */
public record Entry(String encoding, String mnemonic, String operands, String flags, String semantics) {}
