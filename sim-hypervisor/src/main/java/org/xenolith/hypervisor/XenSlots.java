package org.xenolith.hypervisor;

import org.xenolith.engine.InputException;
import org.xenolith.machine.MachineMemory;

/**
 * What Xen puts into every top-level page table of a PV domain: the machine-to-physical table, which the guest reads, and the area that
 * shows each vCPU's descriptor tables to the processor alone. As in Xen, an area of 32 pages for each vCPU: 16 for the GDT, of which the last but
 * one is the hypervisor's own, then 16 for the LDT.
 */
final class XenSlots {
    /** Pages of a GDT that are the guest's. */
    static final int GUEST_GDT_PAGES = 14;

    /** Descriptors of a GDT that are the guest's. */
    static final int GUEST_GDT_ENTRIES = GUEST_GDT_PAGES * PageTypes.ENTRIES;

    /** Pages of an LDT. */
    static final int LDT_PAGES = 16;

    /** Selector: 64-bit code at level 3. */
    static final int FLAT_CODE_64 = 0xe033;

    /** Selector: 32-bit code at level 3. */
    static final int FLAT_CODE_32 = 0xe023;

    /** Selector: data and stack at level 3. */
    static final int FLAT_DATA = 0xe02b;

    /** First byte of the hypervisor's address range. */
    static final long BEGIN = 0xffff_8000_0000_0000L;

    /** First byte behind it. */
    static final long END = 0xffff_8800_0000_0000L;

    private static final int FIRST = 256;
    private static final int LAST = 271;
    private static final int MACHINE_TO_PHYS = 256;
    private static final int PER_DOMAIN = 260;
    private static final long PER_DOMAIN_BASE = 0xffff_8200_0000_0000L;
    private static final int VCPU_PAGES = 32;
    private static final int GDT_PAGES = 16;
    private static final long TABLE = Pte.PRESENT | Pte.WRITABLE | Pte.ACCESSED | Pte.DIRTY;

    private final FrameTable frames;
    private final int top;
    private final int[] tables = new int[SharedInfo.VCPUS * VCPU_PAGES / PageTypes.ENTRIES];
    private final int hypervisorGdt;

    /** All of these frames. */
    private final int[] own = new int[tables.length + 3];

    private int owned;

    XenSlots(FrameTable frames) {
        this.frames = frames;
        top = allocate();
        int directory = allocate();
        put(top, 0, Pte.of(directory, TABLE));
        for (int i = 0; i < tables.length; i++) {
            tables[i] = allocate();
            put(directory, i, Pte.of(tables[i], TABLE));
        }
        hypervisorGdt = allocate();
        put(hypervisorGdt, (FLAT_CODE_32 & 0xfff) >> 3, 0x00cffb000000ffffL);
        put(hypervisorGdt, (FLAT_DATA & 0xfff) >> 3, 0x00cff3000000ffffL);
        put(hypervisorGdt, (FLAT_CODE_64 & 0xfff) >> 3, 0x00affb000000ffffL);
        for (int vcpu = 0; vcpu < SharedInfo.VCPUS; vcpu++) {
            map(vcpu, GUEST_GDT_PAGES, hypervisorGdt);
        }
    }

    private int allocate() {
        int frame = frames.allocate(FrameTable.NOBODY);
        if (frame < 0) {
            throw new InputException(
                    "no frame of the machine is left for a PV domain's descriptor tables: give the machine more memory");
        }
        own[owned++] = frame;
        return frame;
    }

    /** Gives its frames back. */
    void release() {
        for (int frame : own) {
            frames.release(frame);
        }
    }

    private void put(int table, int slot, long entry) {
        frames.memory().put64((table << MachineMemory.PAGE_SHIFT) + 8 * slot, entry);
    }

    /** Whether {@code slot} of a top-level table is the hypervisor's. */
    static boolean isXens(int slot) {
        return slot >= FIRST && slot <= LAST;
    }

    /** Whether linear {@code address} is in the hypervisor's range. */
    static boolean contains(long address) {
        return Long.compareUnsigned(address, BEGIN) >= 0 && Long.compareUnsigned(address, END) < 0;
    }

    /** Whether linear {@code address} is in a vCPU's area of descriptor tables. */
    static boolean isDescriptor(long address) {
        long offset = address - PER_DOMAIN_BASE;
        return offset >= 0 && offset < (long) SharedInfo.VCPUS * VCPU_PAGES << MachineMemory.PAGE_SHIFT;
    }

    /** Fills the hypervisor's slots of the top-level table at machine address {@code base}. */
    void install(int base) {
        MachineMemory memory = frames.memory();
        for (int slot = FIRST; slot <= LAST; slot++) {
            long entry =
                    switch (slot) {
                        case MACHINE_TO_PHYS -> frames.machineToPhys().slotEntry();
                        case PER_DOMAIN -> Pte.of(top, TABLE);
                        default -> 0;
                    };
            memory.put64(base + 8 * slot, entry);
        }
    }

    /** Linear address of the GDT of {@code vcpu}. */
    static long gdt(int vcpu) {
        return PER_DOMAIN_BASE + ((long) vcpu * VCPU_PAGES << MachineMemory.PAGE_SHIFT);
    }

    /** Linear address of the LDT of {@code vcpu}. */
    static long ldt(int vcpu) {
        return gdt(vcpu) + (GDT_PAGES << MachineMemory.PAGE_SHIFT);
    }

    /** Last valid byte of every GDT. */
    static int gdtLimit() {
        return (GUEST_GDT_PAGES + 1 << MachineMemory.PAGE_SHIFT) - 1;
    }

    /** Shows {@code mfn}, or nothing if that is -1, as page {@code page} of the GDT of {@code vcpu}. */
    void mapGdt(int vcpu, int page, int mfn) {
        map(vcpu, page, mfn);
    }

    /** The same for the LDT. */
    void mapLdt(int vcpu, int page, int mfn) {
        map(vcpu, GDT_PAGES + page, mfn);
    }

    /** Frames of the tables that show what the guest sets. */
    int[] tables() {
        return tables.clone();
    }

    private void map(int vcpu, int page, int mfn) {
        int index = vcpu * VCPU_PAGES + page;
        put(
                tables[index / PageTypes.ENTRIES],
                index % PageTypes.ENTRIES,
                mfn < 0 ? 0 : Pte.of(mfn, TABLE | Pte.NO_EXECUTE));
    }
}
