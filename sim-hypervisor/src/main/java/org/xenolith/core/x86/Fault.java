package org.xenolith.core.x86;

/**
 * An exception of the guest on its way to whoever delivers it. One object a core, thrown again and again, without a stack trace.
 */
public final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** No exception: the instruction is given up for now and the run stops. */
    static final int STOP = -1;

    /** Divide error. */
    public static final int DE = 0;

    /** Debug. */
    public static final int DB = 1;

    /** Breakpoint, a trap. */
    public static final int BP = 3;

    /** Overflow, a trap. */
    public static final int OF = 4;

    /** Bound range exceeded. */
    public static final int BR = 5;

    /** Invalid opcode. */
    public static final int UD = 6;

    /** Device not available: CR0.TS or CR0.EM. */
    public static final int NM = 7;

    /** Double fault. */
    public static final int DF = 8;

    /** Invalid TSS. */
    public static final int TS = 10;

    /** Segment not present. */
    public static final int NP = 11;

    /** Stack fault. */
    public static final int SS = 12;

    /** General protection. */
    public static final int GP = 13;

    /** Page fault. */
    public static final int PF = 14;

    /** x87 floating-point error. */
    public static final int MF = 16;

    /** Alignment check. */
    public static final int AC = 17;

    /** SIMD floating-point exception. */
    public static final int XM = 19;

    /** Page-fault error code: the page was present. */
    public static final int PF_PRESENT = 1;

    /** Page-fault error code: it was a write. */
    public static final int PF_WRITE = 2;

    /** Page-fault error code: at CPL 3. */
    public static final int PF_USER = 4;

    /** Page-fault error code: a reserved bit was set. */
    public static final int PF_RESERVED = 8;

    /** Page-fault error code: it was an instruction fetch. */
    public static final int PF_FETCH = 16;

    int vector;

    /** Error code, or -1 if the vector has none. */
    int errorCode;

    /** Linear address of a page fault. */
    long address;

    Fault() {
        super(null, null, false, false);
    }

    /** Whether {@code vector} pushes an error code. */
    static boolean hasErrorCode(int vector) {
        return vector == DF || vector >= TS && vector <= PF || vector == AC;
    }
}
