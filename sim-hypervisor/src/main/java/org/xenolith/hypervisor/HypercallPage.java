package org.xenolith.hypervisor;

import org.xenolith.machine.LittleEndian;
import org.xenolith.machine.MachineMemory;

/** The page of code by which a hardware-virtualised guest may issue hypercalls without knowing the processor's vendor. */
final class HypercallPage {
    private static final int STUBS = 64;
    private static final int STUB = 32;

    private HypercallPage() {}

    /**
     * Writes the page.
     *
     * @param where physical address of the page; its low 12 bits number the page, of which there is one, 0
     * @return false if there is no such page or it is not the domain's memory
     */
    static boolean write(Vcpu vcpu, long where) {
        Physmap physmap = vcpu.domain().physmap();
        int mfn = physmap.mfn(where >>> MachineMemory.PAGE_SHIFT);
        if ((where & MachineMemory.PAGE_SIZE - 1) != 0
                || mfn < 0
                || physmap.frames().owner(mfn) != vcpu.domain().id()) {
            return false;
        }
        byte[] page = new byte[MachineMemory.PAGE_SIZE];
        for (int number = 0; number < STUBS; number++) {
            int at = number * STUB;
            if (number == Abi.HYPERVISOR_IRET) {
                page[at] = 0x0f; // ud2
                page[at + 1] = 0x0b;
                continue;
            }
            page[at] = (byte) 0xb8; // mov number, %eax
            LittleEndian.put32(page, at + 1, number);
            page[at + 5] = 0x0f; // vmmcall
            page[at + 6] = 0x01;
            page[at + 7] = (byte) 0xd9;
            page[at + 8] = (byte) 0xc3; // ret
        }
        physmap.frames().memory().write(mfn << MachineMemory.PAGE_SHIFT, page, 0, page.length);
        return true;
    }
}
