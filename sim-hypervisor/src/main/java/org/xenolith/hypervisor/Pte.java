package org.xenolith.hypervisor;

/** Bits of an x86-64 page-table entry, and what Xen allows a PV guest to put there. */
final class Pte {
    static final long PRESENT = 1;
    static final long WRITABLE = 1 << 1;
    static final long USER = 1 << 2;
    static final long WRITE_THROUGH = 1 << 3;
    static final long CACHE_DISABLE = 1 << 4;
    static final long ACCESSED = 1 << 5;
    static final long DIRTY = 1 << 6;

    /** Large page; in the last level the page attribute table's bit. */
    static final long LARGE = 1 << 7;

    static final long GLOBAL = 1 << 8;
    static final long NO_EXECUTE = 1L << 63;

    /** Xen's own mark on a page of a 64-bit guest's kernel: all run at level 3, so the USER bit cannot say it. */
    static final long GUEST_KERNEL = 1L << 52;

    /** What no entry of level 2 and up may have: no large pages, no cache attributes. */
    static final long REFUSED_UPPER = WRITE_THROUGH | CACHE_DISABLE | LARGE | GLOBAL;

    /** What no entry of level 1 may have, in a domain without devices. */
    static final long REFUSED_L1 = WRITE_THROUGH | CACHE_DISABLE | LARGE;

    /** Bits that change nothing about what an entry refers to and how: a change of these alone needs no new reference. */
    static final long HARMLESS = NO_EXECUTE | 0x7ffL << 52 | 0xe00 | GLOBAL | DIRTY | ACCESSED | USER;

    private static final long FRAME = 0x000f_ffff_ffff_f000L;

    private Pte() {}

    /** The machine frame that {@code entry} refers to. */
    static long frame(long entry) {
        return (entry & FRAME) >>> 12;
    }

    static boolean present(long entry) {
        return (entry & PRESENT) != 0;
    }

    /** What Xen makes of the guest's present {@code entry} of {@code level}: it runs at level 3, kernel and all. */
    static long adjusted(long entry, int level) {
        if (!present(entry)) {
            return entry;
        }
        if (level > 1) {
            return entry | USER;
        }
        long adjusted = (entry & USER) == 0 ? entry | GUEST_KERNEL | USER : entry;
        return (adjusted & GUEST_KERNEL) == 0 ? adjusted | GLOBAL : adjusted;
    }

    /** Entry for Xen's own tables: {@code frame} with {@code flags}. */
    static long of(int frame, long flags) {
        return (long) frame << 12 | flags;
    }
}
