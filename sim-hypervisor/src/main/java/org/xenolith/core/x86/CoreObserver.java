package org.xenolith.core.x86;

import org.xenolith.machine.InstructionClass;

/**
 * Is told what a core does, to count what it costs. A core that has one executes each instruction by itself and looks every address up
 * in the page tables anew: the same state results, slowly.
 *
 * <p>A page that is entered while an instruction crosses into it counts as an access of its own; otherwise an access is told with the
 * address of its first byte only. An instruction may check an address before it writes there, which is told as one more access.
 */
public interface CoreObserver {
    /**
     * The instruction under way is of {@code kind}. Not told of one that could not be fetched. A branch is told to be
     * {@link InstructionClass#BRANCH} first, and {@link InstructionClass#TAKEN_BRANCH} once it was taken.
     */
    void executing(InstructionClass kind);

    /**
     * Memory is accessed.
     *
     * @param fetch whether for an instruction
     * @param linear linear address
     * @param machine machine address
     * @param shift log2 of the size of its page
     * @param global whether that is a global page
     * @param levels levels of page tables that lead there, 0 without paging
     */
    void accessed(boolean fetch, long linear, int machine, int shift, boolean global, int levels);

    /** Translations are forgotten, those of global pages too or not. */
    void flushed(boolean globalToo);

    /** The translation of the page of {@code address} is forgotten. */
    void flushedPage(long address);
}
