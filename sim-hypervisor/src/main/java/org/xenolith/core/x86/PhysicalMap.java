package org.xenolith.core.x86;

/** Where the core's physical frames lie in the machine's memory: for a guest in a hardware-assisted container, what nested paging does. */
public interface PhysicalMap {
    /** The address is no memory: an access to it is memory-mapped I/O. */
    int NONE = -1;

    /** The map of a core whose physical addresses are machine addresses. */
    static PhysicalMap identity(int frames) {
        return (frame, write) -> frame >= 0 && frame < frames ? (int) frame : NONE;
    }

    /** Machine frame of physical {@code frame}, or {@link #NONE}; for writing, {@link #NONE} too if it may only be read. */
    int machineFrame(long frame, boolean write);
}
