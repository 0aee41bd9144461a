package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;

/** The descriptor tables of a PV vCPU: the guest's pages of them, which it may not write while they are, and its segments' bases. */
final class PvDescriptors {
    private final PvArch arch;
    private final int[] gdt = new int[XenSlots.GUEST_GDT_PAGES];
    private int gdtPages;
    private final int[] ldt = new int[XenSlots.LDT_PAGES];
    private int ldtPages;

    PvDescriptors(PvArch arch) {
        this.arch = arch;
    }

    private XenSlots slots() {
        return arch.domain().pv.slots;
    }

    /** Shows the processor the GDT's place, where the hypervisor's own descriptors always are. */
    void start() {
        arch.registers.setGdt(XenSlots.gdt(arch.vcpu.id()), XenSlots.gdtLimit());
    }

    /** Makes the first {@code entries} descriptors those in {@code mfns}; 0, or a negative error with nothing changed. */
    long setGdt(long[] mfns, int entries) {
        int pages = (entries + PageTypes.ENTRIES - 1) / PageTypes.ENTRIES;
        for (int i = 0; i < pages; i++) {
            if (arch.types.get(arch.domain(), mfns[i], PageTypes.DESCRIPTORS) != 0) {
                for (int taken = 0; taken < i; taken++) {
                    arch.types.putTyped((int) mfns[taken]);
                }
                return Abi.EINVAL;
            }
        }
        int vcpu = arch.vcpu.id();
        for (int i = 0; i < gdtPages; i++) {
            slots().mapGdt(vcpu, i, -1);
            arch.types.putTyped(gdt[i]);
        }
        for (int i = 0; i < pages; i++) {
            gdt[i] = (int) mfns[i];
            slots().mapGdt(vcpu, i, gdt[i]);
        }
        gdtPages = pages;
        arch.flush();
        start();
        return 0;
    }

    /** Makes the LDT the {@code entries} descriptors at linear {@code address}, as that is mapped now. */
    void setLdt(long address, int entries) {
        int vcpu = arch.vcpu.id();
        for (int i = 0; i < ldtPages; i++) {
            slots().mapLdt(vcpu, i, -1);
            if (ldt[i] >= 0) {
                arch.types.putTyped(ldt[i]);
            }
        }
        boolean changed = ldtPages > 0 || entries > 0;
        ldtPages = (entries + PageTypes.ENTRIES - 1) / PageTypes.ENTRIES;
        for (int i = 0; i < ldtPages; i++) {
            ldt[i] = descriptorsAt(address + ((long) i << MachineMemory.PAGE_SHIFT));
            slots().mapLdt(vcpu, i, ldt[i]);
        }
        if (changed) {
            arch.flush();
        }
        arch.registers.setLdt(XenSlots.ldt(vcpu), entries);
    }

    /** Has no guest's descriptors any more. */
    void clear() {
        setGdt(new long[0], 0);
        setLdt(0, 0);
    }

    private int descriptorsAt(long address) {
        int at = arch.entryOf(address);
        long entry = at < 0 ? 0 : arch.frames.memory().get64(at);
        long mfn = Pte.frame(entry);
        return Pte.present(entry) && arch.types.get(arch.domain(), mfn, PageTypes.DESCRIPTORS) == 0 ? (int) mfn : -1;
    }
}
