package org.xenolith.hypervisor;

/**
 * Parameters of a hardware-virtualised domain ({@code public/hvm/params.h}), by which toolstack and guest tell each other where things are.
 */
public final class HvmParams {
    /** How the domain is told of events: type in the highest byte, then what belongs to it. */
    public static final int CALLBACK_IRQ = 0;

    /** Frame (gfn) of the xenstore ring. */
    public static final int STORE_PFN = 1;

    /** Event channel of the xenstore. */
    public static final int STORE_EVTCHN = 2;

    /** Physical address of identity page tables for a guest without paging. */
    public static final int IDENT_PT = 12;

    /** Frame (gfn) of the console's ring. */
    public static final int CONSOLE_PFN = 17;

    /** Event channel of the console. */
    public static final int CONSOLE_EVTCHN = 18;

    /** Shutdown reason after a triple fault. */
    public static final int TRIPLE_FAULT_REASON = 31;

    /** How many there are. */
    public static final int COUNT = 39;

    private final long[] value = new long[COUNT];

    HvmParams() {
        value[TRIPLE_FAULT_REASON] = Abi.SHUTDOWN_REBOOT;
    }

    /** Value of parameter {@code index}, 0 to {@link #COUNT} - 1. */
    public long get(int index) {
        return value[index];
    }

    /** Sets parameter {@code index}, as the toolstack does: without any rule. */
    public void set(int index, long newValue) {
        value[index] = newValue;
    }
}
