package org.xenolith.hypervisor;

import org.xenolith.engine.InputException;
import org.xenolith.machine.MachineMemory;

/**
 * The machine-to-physical table that PV guests read at the begin of the hypervisor's address range: for each machine frame the frame its domain
 * sees it at, as 64 bits. It lies in frames of the hypervisor's own, with page tables that let a guest read it.
 */
final class MachineToPhys {
    private static final long INVALID = -1;
    private static final int PER_PAGE = MachineMemory.PAGE_SIZE / 8;
    private static final long TABLE = Pte.PRESENT | Pte.USER | Pte.ACCESSED;

    private final FrameTable frames;
    private final int[] pages;
    private final int top;

    MachineToPhys(FrameTable frames) {
        this.frames = frames;
        int count = frames.memory().frames();
        pages = new int[(count + PER_PAGE - 1) / PER_PAGE];
        top = allocate();
        int directory = allocate();
        put(top, 0, Pte.of(directory, TABLE));
        int table = -1;
        for (int page = 0; page < pages.length; page++) {
            if (page % PageTypes.ENTRIES == 0) {
                table = allocate();
                put(directory, page / PageTypes.ENTRIES, Pte.of(table, TABLE));
            }
            pages[page] = allocate();
            put(table, page % PageTypes.ENTRIES, Pte.of(pages[page], TABLE | Pte.DIRTY | Pte.GLOBAL | Pte.NO_EXECUTE));
        }
        for (int mfn = 0; mfn < count; mfn++) {
            int gfn = frames.gfn(mfn);
            set(mfn, gfn == FrameTable.NO_GFN ? INVALID : gfn);
        }
    }

    private int allocate() {
        int frame = frames.allocate(FrameTable.NOBODY);
        if (frame < 0) {
            throw new InputException(
                    "no frame of the machine is left for the machine-to-physical table: give the machine more memory");
        }
        return frame;
    }

    private void put(int table, int slot, long entry) {
        frames.memory().put64((table << MachineMemory.PAGE_SHIFT) + 8 * slot, entry);
    }

    /** The entry of a top-level page table under which guests find it. */
    long slotEntry() {
        return Pte.of(top, TABLE);
    }

    /** Frame of its page {@code index}, or -1 if there is no such page. */
    int page(int index) {
        return index >= 0 && index < pages.length ? pages[index] : -1;
    }

    /** Notes {@code gfn} (-1: none) for {@code mfn}. */
    void set(int mfn, long gfn) {
        put(pages[mfn / PER_PAGE], mfn % PER_PAGE, gfn);
    }
}
