package org.xenolith.machine;

/**
 * The TLBs of one core: one for fetches, one for data. A large page takes one entry. A translation that is not held costs the levels of
 * its page walk, a fixed number of cycles each.
 */
public final class TlbModel {
    // A key is the page's number, above it the log2 of its size, above that whether it is global.
    private static final int SHIFT_AT = 52;
    private static final long GLOBAL = 1L << 58;
    private static final long NUMBER = (1L << SHIFT_AT) - 1;
    private static final int SHIFT_BITS = 63;

    private final SetAssociative instructions;
    private final SetAssociative data;
    private final int walkPerLevel;

    /** Empty TLBs as {@code costs} describe them. */
    public TlbModel(CoreCosts costs) {
        instructions = new SetAssociative(
                costs.instructionTlb().entries(), costs.instructionTlb().ways());
        data = new SetAssociative(costs.dataTlb().entries(), costs.dataTlb().ways());
        walkPerLevel = costs.walkPerLevel();
    }

    /**
     * Translates linear {@code address}; returns the cycles it takes.
     *
     * @param shift log2 of its page's size, at least 12
     * @param global whether the page is global
     * @param levels page-table entries that a walk reads; 0 without paging, when no entry is used
     */
    public int translate(boolean fetch, long address, int shift, boolean global, int levels) {
        if (levels == 0) {
            return 0;
        }
        long key = address >>> shift | (long) shift << SHIFT_AT | (global ? GLOBAL : 0);
        return (fetch ? instructions : data).use(key) ? 0 : levels * walkPerLevel;
    }

    /** Forgets all, or all but global pages. */
    public void flush(boolean globalToo) {
        instructions.removeIf(key -> globalToo || (key & GLOBAL) == 0);
        data.removeIf(key -> globalToo || (key & GLOBAL) == 0);
    }

    /** Forgets the page of {@code address}, global or not. */
    public void flushPage(long address) {
        instructions.removeIf(key -> holds(key, address));
        data.removeIf(key -> holds(key, address));
    }

    private static boolean holds(long key, long address) {
        return (key & NUMBER) == address >>> (key >>> SHIFT_AT & SHIFT_BITS);
    }
}
