package org.xenolith.hypervisor;

import java.util.Arrays;

/** Where a PV vCPU's kernel wants to be entered, linear addresses; 0 where it named none. */
final class PvCallbacks {
    /** Vectors. */
    static final int TRAPS = 256;

    private static final int LEVEL = 3;
    private static final int MASKS_EVENTS = 4;

    private final long[] address = new long[TRAPS];
    private final byte[] flags = new byte[TRAPS];

    /** For events. */
    long event;

    /** When Xen cannot load the guest's segments. */
    long failsafe;

    /** For system calls, of 64-bit and of 32-bit programs, and by {@code sysenter}. */
    long syscall;

    long syscall32;
    long sysenter;

    /** For interrupts that cannot be masked. */
    long nmi;

    /** Whether events are masked when they are entered. */
    boolean failsafeMasks;

    boolean syscallMasks;
    boolean syscall32Masks;
    boolean sysenterMasks;

    /** Handler of exception {@code vector}. */
    long trap(int vector) {
        return address[vector & TRAPS - 1];
    }

    /** Whether that handler is entered with events masked. */
    boolean trapMasks(int vector) {
        return (flags[vector & TRAPS - 1] & MASKS_EVENTS) != 0;
    }

    /** Lowest privilege that may raise {@code vector} by an instruction. */
    int trapLevel(int vector) {
        return flags[vector & TRAPS - 1] & LEVEL;
    }

    /** Sets the handler of {@code vector}; {@code traits} as in {@code trap_info}. */
    void setTrap(int vector, int traits, long handler) {
        address[vector] = handler;
        flags[vector] = (byte) traits;
    }

    /** Forgets all handlers of exceptions. */
    void clearTraps() {
        Arrays.fill(address, 0);
        Arrays.fill(flags, (byte) 0);
    }
}
