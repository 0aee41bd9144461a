package org.xenolith.hypervisor;

/** Hypercall {@code vm_assist}: a domain asks for help, or renounces it. */
final class VmAssist implements Hypercall {
    /** Segments of 4 GiB, for old 32-bit guests. */
    static final int SEGMENTS_4GB = 0;

    static final int SEGMENTS_4GB_NOTIFY = 1;

    /** Page tables that the guest may write to. */
    static final int WRITABLE_PAGE_TABLES = 2;

    /** Page directories above 4 GiB. */
    static final int PAE_EXTENDED_CR3 = 3;

    /** The I/O privilege level in RFLAGS is what the guest put there. */
    static final int ARCHITECTURAL_IOPL = 4;

    /** Runstate areas say in {@code state_entry_time} that they are being written. */
    static final int RUNSTATE_UPDATE_FLAG = 5;

    /** No machine-to-phys table in the guest's user mode. */
    static final int M2P_STRICT = 32;

    private static final int ENABLE = 0;
    private static final int DISABLE = 1;

    private static final long HVM_TYPES = 1L << RUNSTATE_UPDATE_FLAG;
    private static final long PV_TYPES = HVM_TYPES
            | 1L << SEGMENTS_4GB
            | 1L << SEGMENTS_4GB_NOTIFY
            | 1L << WRITABLE_PAGE_TABLES
            | 1L << PAE_EXTENDED_CR3
            | 1L << ARCHITECTURAL_IOPL
            | 1L << M2P_STRICT;

    @Override
    public long call(Vcpu caller, long[] arg) {
        int command = (int) arg[0];
        int type = (int) arg[1];
        long types = caller.domain().type() == Domain.Type.PV ? PV_TYPES : HVM_TYPES;
        if (command != ENABLE && command != DISABLE) {
            return Abi.ENOSYS;
        }
        if (type < 0 || type >= Long.SIZE || (types >>> type & 1) == 0) {
            return Abi.EINVAL;
        }
        long bit = 1L << type;
        long assists = caller.domain().assists;
        caller.domain().assists = command == ENABLE ? assists | bit : assists & ~bit;
        return 0;
    }
}
