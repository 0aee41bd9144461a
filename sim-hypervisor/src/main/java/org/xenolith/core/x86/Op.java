package org.xenolith.core.x86;

/**
 * One decoded instruction, ready to execute: small, immutable, specialised for its operands, and bound to the linear address
 * it was decoded at. It holds no core's state, so cores share it.
 *
 * <p><b>Contract.</b> An instruction that faults ({@link Cpu#raise}) must leave registers, flags and memory as they were (but for what
 * the manual lets it change): check and write memory before registers and flags. An op that does not transfer control leaves
 * {@link Cpu#rip} alone, the loop moves on. An op that does must be an end of its block ({@link #ends}) and sets
 * {@code rip} itself, on every path.
 */
public abstract class Op {
    /** Carries the instruction out on {@code c}. */
    public abstract void exec(Cpu c);

    /**
     * Whether a block ends behind it: it transfers control, or changes how the next instruction is fetched or what it means, or
     * may end the run with an exit. Such an op sets {@link Cpu#rip}.
     */
    public boolean ends() {
        return false;
    }

    /** Whether it ends its block by no more than setting rip within cs: mode, translations and budget are as they were. */
    public boolean near() {
        return false;
    }

    /**
     * Whether it must be alone in its block, so that {@link Cpu#left} is exact while it executes: it repeats, or it asks for the time.
     * It {@link #ends} its block too.
     */
    public boolean alone() {
        return false;
    }
}
