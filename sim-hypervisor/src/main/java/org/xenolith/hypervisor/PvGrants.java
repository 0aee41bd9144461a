package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;

/**
 * Grants of others in the page tables of a PV guest. The hypervisor writes the entry that maps one, as the guest itself may not refer to a frame
 * of another domain; who maps it has taken the references that the entry then has. A guest that overwrites such an entry drops them, but the grant
 * stays in use until the guest dies: it has nothing left to unmap. As {@code arch/x86/pv/grant_table.c} of Xen 4.17, of which no debug build that
 * marks the entries is modelled.
 */
final class PvGrants {
    /** Least of the bits of a mapping's flags that the guest wants to see in the entry, and where they go. */
    private static final int AVAILABLE_FROM = 16;

    private static final int AVAILABLE_TO = 9;
    private static final int AVAILABLE = 7;

    private PvGrants() {}

    /**
     * Maps {@code mfn} at {@code address}, as {@code flags} ({@code GNTMAP_*}) say: in the present tables, or by the entry at that machine
     * address. What the entry referred to is dropped. False, with nothing done, if there is no such entry.
     */
    static boolean create(PvArch arch, long address, int mfn, int flags) {
        int at = entryAt(arch, address, flags);
        if (at < 0) {
            return false;
        }
        long available = (long) (flags >>> AVAILABLE_FROM & AVAILABLE) << AVAILABLE_TO;
        put(arch, at, Pte.adjusted(Pte.of(mfn, bits(flags) | available), PageTypes.L1));
        return true;
    }

    /**
     * Ends the mapping of {@code mfn} at {@code address}: the entry becomes the one of {@code newAddress}, which loses it, or not present
     * if that is 0. False if nothing there maps the frame as {@code flags} say; the entry of {@code newAddress} is lost then nevertheless.
     */
    static boolean replace(PvArch arch, long address, int mfn, long newAddress, int flags) {
        MachineMemory memory = arch.frames.memory();
        long moved = 0;
        if (newAddress != 0) {
            int from = (flags & GrantUse.CONTAINS_PTE) != 0 ? -1 : entryAt(arch, newAddress, 0);
            if (from < 0) {
                return false;
            }
            moved = memory.get64(from);
            memory.put64(from, 0);
        }
        int at = entryAt(arch, address, flags);
        long old = at < 0 ? 0 : memory.get64(at);
        boolean same = Pte.present(old) && Pte.frame(old) == mfn && ((old ^ bits(flags)) & Pte.WRITABLE) == 0;
        if (same) {
            put(arch, at, moved);
        } else {
            arch.types.putEntry(moved, PageTypes.L1);
        }
        MmuUpdate.flush(arch.domain(), -1, false, 0);
        return same;
    }

    private static long bits(int flags) {
        return Pte.PRESENT
                | Pte.ACCESSED
                | Pte.DIRTY
                | Pte.NO_EXECUTE
                | ((flags & GrantUse.APPLICATION) != 0 ? Pte.USER : 0)
                | ((flags & GrantUse.READ_ONLY) == 0 ? Pte.WRITABLE : 0);
    }

    private static void put(PvArch arch, int at, long entry) {
        MachineMemory memory = arch.frames.memory();
        long old = memory.get64(at);
        memory.put64(at, entry);
        arch.types.putEntry(old, PageTypes.L1);
    }

    /** Machine address of the entry for {@code address}, or at it if {@code flags} say so, in a valid table of the domain's; or -1. */
    private static int entryAt(PvArch arch, long address, int flags) {
        long at = address;
        if ((flags & GrantUse.CONTAINS_PTE) == 0) {
            at = arch.entryOf(address);
        } else if ((address & 7) != 0) {
            return -1;
        }
        long table = at >> MachineMemory.PAGE_SHIFT;
        boolean valid = arch.types.mayUse(arch.domain(), table) && arch.types.is((int) table, PageTypes.L1);
        return valid ? (int) at : -1;
    }
}
