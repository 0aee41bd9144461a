package org.xenolith.core.x86;

/** System registers of a core: control registers, descriptor tables, segments' limits and attributes, MSRs of the core's own. */
public final class SystemState {
    /** CR0. */
    public long cr0;

    /** CR2. */
    public long cr2;

    /** CR3. */
    public long cr3;

    /** CR4. */
    public long cr4;

    /** CR8: the task priority. */
    public long cr8;

    /** EFER. */
    public long efer;

    /** Base of the GDT. */
    public long gdtBase;

    /** Limit of the GDT. */
    public int gdtLimit;

    /** Base of the IDT. */
    public long idtBase;

    /** Limit of the IDT. */
    public int idtLimit;

    /** LDT: selector. */
    public int ldtSelector;

    /** LDT: base. */
    public long ldtBase;

    /** LDT: limit. */
    public int ldtLimit;

    /** TSS: selector. */
    public int taskSelector;

    /** TSS: base. */
    public long taskBase;

    /** TSS: limit. */
    public int taskLimit;

    /** TSS: type of its descriptor. */
    public int taskType = 11;

    /** Segments' limits in bytes (the last valid offset), by number. */
    public final int[] segmentLimit = new int[6];

    /** Segments' attributes: bits 8 to 15 and 20 to 23 of a descriptor's second word, shifted down by 8. */
    public final int[] segmentAttributes = new int[6];

    /** Bases of es, cs, ss and ds as loaded, which apply outside 64-bit mode; those of fs and gs always apply. */
    final long[] loadedBase = new long[4];

    /** KERNEL_GS_BASE. */
    public long kernelGsBase;

    /** STAR. */
    public long star;

    /** LSTAR. */
    public long lstar;

    /** CSTAR. */
    public long cstar;

    /** SFMASK. */
    public long sfmask;

    /** SYSENTER_CS, _ESP, _EIP. */
    public final long[] sysenter = new long[3];

    /** TSC_AUX. */
    public long tscAux;

    /** PAT. */
    public long pat = 0x0007040600070406L;

    /** dr0 to dr3, dr6, dr7 at their numbers. Breakpoints are kept, never met. */
    public final long[] debug = {0, 0, 0, 0, 0, 0, 0xffff0ff0L, 0x400};
}
