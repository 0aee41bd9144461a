package org.xenolith.core.x86;

import org.xenolith.machine.MachineMemory;

/**
 * Translation of a linear address through the page tables as they stand in memory (Intel SDM volume 3, chapter 4): two-level, PAE and
 * four-level paging, with accessed and dirty bits. It caches nothing; the results stand in its fields.
 *
 * <p>Simplifications: the four top entries of PAE paging are read from memory each time; accessed bits are set only by walks that
 * succeed; tables outside memory read as not present.
 */
final class PageWalk {
    /** Bits of a physical address. Higher ones are reserved in page-table entries. */
    static final int PHYSICAL_BITS = 40;

    static final long CR0_WP = 1 << 16;
    static final long CR0_PG = 1L << 31;
    static final long CR4_PSE = 1 << 4;
    static final long CR4_PAE = 1 << 5;
    static final long CR4_PGE = 1 << 7;
    static final long CR4_SMEP = 1 << 20;
    static final long CR4_SMAP = 1 << 21;
    static final long EFER_LMA = 1 << 10;
    static final long EFER_NXE = 1 << 11;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 2;
    private static final long USER = 4;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long LARGE = 1 << 7;
    private static final long GLOBAL = 1 << 8;
    private static final long NX = 1L << 63;
    private static final long FRAME = (1L << PHYSICAL_BITS) - 1 & -4096L;
    private static final long RESERVED = (1L << 52) - 1 & -(1L << PHYSICAL_BITS);

    private final SystemState system;
    private final MachineMemory memory;
    private final PhysicalMap map;

    // Entries on the way down: where they lie in machine memory, and what they hold.
    private final int[] path = new int[4];
    private final long[] entries = new long[4];
    private int depth;

    /** After success: the physical address. */
    long physical;

    /** After success: whether the page is global. */
    boolean global;

    /** After success: log2 of the page's size. */
    int shift;

    /** After a failure: error code of the page fault. */
    int error;

    PageWalk(SystemState system, MachineMemory memory, PhysicalMap map) {
        this.system = system;
        this.memory = memory;
        this.map = map;
    }

    /**
     * Translates canonical {@code address} and sets accessed and dirty bits.
     *
     * @param access an access as {@link Tlb} numbers them
     * @param user whether it is made at CPL 3
     * @param smap whether supervisor access to user pages is refused
     * @return whether it is allowed; if not, {@link #error} says why
     */
    boolean walk(long address, int access, boolean user, boolean smap) {
        if ((system.cr0 & CR0_PG) == 0) {
            depth = 0;
            physical = address & 0xffffffffL;
            global = false;
            shift = MachineMemory.PAGE_SHIFT;
            return true;
        }
        int fault = descend(address);
        long all = 0;
        long any = 0;
        if (fault < 0) {
            all = -1;
            for (int i = 0; i < depth; i++) {
                all &= entries[i];
                any |= entries[i];
            }
            fault = refused(all, any, access, user, smap) ? Fault.PF_PRESENT : -1;
        }
        if (fault >= 0) {
            boolean tellsFetch = noExecute() || (system.cr4 & CR4_SMEP) != 0;
            error = fault
                    | (access == Tlb.WRITE ? Fault.PF_WRITE : 0)
                    | (user ? Fault.PF_USER : 0)
                    | (access == Tlb.FETCH && tellsFetch ? Fault.PF_FETCH : 0);
            return false;
        }
        mark(access == Tlb.WRITE);
        return true;
    }

    /** Entries that the last walk read, but for those of the page directory pointers of 32-bit PAE. */
    int levels() {
        return depth;
    }

    private boolean noExecute() {
        return (system.efer & EFER_NXE) != 0;
    }

    private boolean refused(long all, long any, int access, boolean user, boolean smap) {
        boolean userPage = (all & USER) != 0;
        if (user && !userPage) {
            return true;
        }
        if (access == Tlb.FETCH) {
            return any < 0 && noExecute() || !user && userPage && (system.cr4 & CR4_SMEP) != 0;
        }
        if (!user && userPage && smap) {
            return true;
        }
        return access == Tlb.WRITE && (all & WRITABLE) == 0 && (user || (system.cr0 & CR0_WP) != 0);
    }

    /** Walks down, filling path, entries, physical, shift; -1, or the error code's present and reserved bits. */
    private int descend(long address) {
        depth = 0;
        if ((system.cr4 & CR4_PAE) == 0) {
            return descendTwoLevels(address & 0xffffffffL);
        }
        boolean four = (system.efer & EFER_LMA) != 0;
        long reserved = RESERVED | (noExecute() ? 0 : NX);
        long table = system.cr3 & FRAME;
        int level = 39;
        if (!four) {
            long top = read64((system.cr3 & 0xffffffe0L) + (address >>> 30 & 3) * 8);
            if ((top & PRESENT) == 0) {
                return 0;
            }
            if ((top & (0x1e6 | NX | (1L << 52) - 1 & RESERVED)) != 0) {
                return Fault.PF_PRESENT | Fault.PF_RESERVED;
            }
            table = top & FRAME;
            level = 21;
        }
        for (; ; level -= 9) {
            long entry = step(table + (address >>> level & 511) * 8);
            if ((entry & PRESENT) == 0) {
                return 0;
            }
            boolean leaf = level == 12 || level <= 30 && (entry & LARGE) != 0;
            long bad = reserved | (four ? 0 : 0x7ffL << 52);
            if (leaf) {
                bad |= (1L << level) - 1 & -(1L << 13);
            } else if (level == 39) {
                bad |= LARGE;
            }
            if ((entry & bad) != 0) {
                return Fault.PF_PRESENT | Fault.PF_RESERVED;
            }
            if (leaf) {
                long offset = (1L << level) - 1;
                return found(entry, entry & FRAME & ~offset | address & offset, level);
            }
            table = entry & FRAME;
        }
    }

    private int descendTwoLevels(long address) {
        long directory = step32((system.cr3 & 0xfffff000L) + (address >>> 22) * 4);
        if ((directory & PRESENT) == 0) {
            return 0;
        }
        if ((directory & LARGE) != 0 && (system.cr4 & CR4_PSE) != 0) {
            if ((directory & 1L << 21) != 0) {
                return Fault.PF_PRESENT | Fault.PF_RESERVED;
            }
            long high = (directory >>> 13 & 0xff) << 32 & FRAME;
            return found(directory, high | directory & 0xffc00000L | address & 0x3fffff, 22);
        }
        long entry = step32((directory & 0xfffff000L) + (address >>> 12 & 1023) * 4);
        return (entry & PRESENT) == 0 ? 0 : found(entry, entry & 0xfffff000L | address & 0xfff, 12);
    }

    private int found(long leaf, long to, int pageShift) {
        physical = to;
        shift = pageShift;
        global = (leaf & GLOBAL) != 0 && (system.cr4 & CR4_PGE) != 0;
        return -1;
    }

    private int machine(long address) {
        int frame = map.machineFrame(address >>> MachineMemory.PAGE_SHIFT, false);
        return frame < 0 ? -1 : frame << MachineMemory.PAGE_SHIFT | (int) address & MachineMemory.PAGE_SIZE - 1;
    }

    private long read64(long address) {
        int at = machine(address);
        return at < 0 ? 0 : memory.get64(at);
    }

    private long step(long address) {
        int at = machine(address);
        return push(at, at < 0 ? 0 : memory.get64(at));
    }

    private long step32(long address) {
        int at = machine(address);
        return push(at, at < 0 ? 0 : memory.get32(at) & 0xffffffffL);
    }

    private long push(int at, long entry) {
        path[depth] = at;
        entries[depth++] = entry;
        return entry;
    }

    /** Sets the accessed bits, and the dirty bit. They are in the low byte, so a byte is written. */
    private void mark(boolean dirty) {
        for (int i = 0; i < depth; i++) {
            long bits = ACCESSED | (dirty && i == depth - 1 ? DIRTY : 0);
            if ((entries[i] & bits) != bits) {
                memory.put8(path[i], (int) (entries[i] | bits) & 0xff);
            }
        }
    }
}
