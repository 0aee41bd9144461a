/**
 * The reference core: an x86-64 CPU that executes a guest's instructions. It knows memory, registers and exits; it does
 * not know Xen.
 *
 * <p>One table, {@code instructions.txt}, describes every instruction. {@link org.xenolith.core.x86.Decoder} turns bytes into an
 * {@link org.xenolith.core.x86.Insn} by it, the disassembler prints one, and {@link org.xenolith.core.x86.Semantics} binds one to
 * the {@link org.xenolith.core.x86.Op} that carries it out. A block is a straight run of those.
 */
package org.xenolith.core.x86;
