package org.xenolith.toolstack;

/**
 * Initial page tables of a 64-bit PV guest: four levels, 4 KiB pages, entries that hold machine frames. Tables are placed as they are needed, so
 * those of the first mapping come in the order top, third, second, first level, which Linux relies on.
 */
final class PvPageTables {
    private static final int PAGE = GuestRam.PAGE;
    private static final int PAGE_SHIFT = 12;
    private static final int LEVEL_SHIFT = 9;
    private static final int LEVELS = 4;
    private static final int PRESENT = 1;
    private static final int WRITABLE = 2;
    private static final int USER = 4;
    private static final int ACCESSED = 0x20;
    private static final int DIRTY = 0x40;
    private static final int TABLE_FLAGS = PRESENT | WRITABLE | USER | ACCESSED | DIRTY;

    /** Not a user's: at the validation the hypervisor marks the page as the kernel's, which runs at privilege level 3 like a user. */
    private static final int PAGE_FLAGS = PRESENT | WRITABLE | ACCESSED;

    /** Entries of the top level that are the hypervisor's. */
    private static final int FIRST_XEN_SLOT = 256;

    private static final int LAST_XEN_SLOT = 271;

    private final GuestRam ram;
    private final long root;

    /** Physical addresses from {@code protectedFrom} up to {@code protectedEnd} are mapped read-only: the tables themselves. */
    private final long protectedFrom;

    private final long protectedEnd;

    /** Tables that will begin where {@code ram} ends now, {@code count} of them to be mapped read-only. */
    PvPageTables(GuestRam ram, int count) {
        this.ram = ram;
        root = table();
        protectedFrom = root;
        protectedEnd = root + (long) count * PAGE;
    }

    /** Physical address of the top-level table. */
    long root() {
        return root;
    }

    /** How many tables it takes to map {@code bytes} from linear address {@code from} on, the top one among them. */
    static int count(long from, long bytes) {
        long last = from + bytes - 1;
        int tables = 1;
        for (int level = 1; level < LEVELS; level++) {
            int shift = PAGE_SHIFT + level * LEVEL_SHIFT;
            tables += (int) ((last >>> shift) - (from >>> shift)) + 1;
        }
        return tables;
    }

    /** Whether {@code bytes} from linear address {@code from} on are a guest's to map: canonical, not Xen's, not around the end. */
    static boolean mappable(long from, long bytes) {
        long last = from + bytes - 1;
        return (from & PAGE - 1) == 0
                && Long.compareUnsigned(last, from) >= 0
                && canonical(from)
                && canonical(last)
                && from >= 0 == last >= 0
                && (slot(last) < FIRST_XEN_SLOT || slot(from) > LAST_XEN_SLOT);
    }

    private static boolean canonical(long address) {
        return address << 16 >> 16 == address;
    }

    private static int slot(long address) {
        return index(address, LEVELS - 1);
    }

    private static int index(long address, int level) {
        return (int) (address >>> PAGE_SHIFT + level * LEVEL_SHIFT) & (1 << LEVEL_SHIFT) - 1;
    }

    /** Maps {@code bytes} at linear address {@code from} to physical address {@code to}, both at the beginning of a page. */
    void map(long from, long to, long bytes) {
        for (long done = 0; done < bytes; done += PAGE) {
            long address = from + done;
            long table = root;
            for (int level = LEVELS - 1; level > 0; level--) {
                table = below(table + 8L * index(address, level));
            }
            boolean locked = to + done >= protectedFrom && to + done < protectedEnd;
            ram.put64(table + 8L * index(address, 0), entry(to + done, locked ? PAGE_FLAGS & ~WRITABLE : PAGE_FLAGS));
        }
    }

    /** The table to which the entry at physical address {@code at} points, made if there is none. */
    private long below(long at) {
        long entry = ram.get64(at);
        if (entry != 0) {
            return ram.address((int) (entry >>> PAGE_SHIFT));
        }
        long table = table();
        ram.put64(at, entry(table, TABLE_FLAGS));
        return table;
    }

    private long table() {
        return ram.place(PAGE, "the page tables");
    }

    private long entry(long address, int flags) {
        return (long) ram.frame(address) << PAGE_SHIFT | flags;
    }
}
