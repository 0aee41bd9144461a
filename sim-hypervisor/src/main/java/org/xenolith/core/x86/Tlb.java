package org.xenolith.core.x86;

import java.util.Arrays;
import org.xenolith.machine.MachineMemory;

/**
 * Translations that a core may use without asking again, for one privilege: direct-mapped tables of 4 KiB pages, one each for reads,
 * writes and fetches. A table of tags says which page a slot holds, a table of deltas what to add to its linear addresses to get machine
 * addresses. Larger pages are held as the 4 KiB pieces that were used.
 */
final class Tlb {
    static final int READ = 0;
    static final int WRITE = 1;
    static final int FETCH = 2;

    /** Slots of each table, a power of two. */
    static final int SLOTS = 1024;

    /** A tag that no page has. */
    static final long EMPTY = 1;

    private static final long PAGE_MASK = -(long) MachineMemory.PAGE_SIZE;
    private static final byte LISTED = 1;
    private static final byte GLOBAL = 2;

    final long[][] tags = new long[3][SLOTS];
    final int[][] deltas = new int[3][SLOTS];
    private final byte[][] state = new byte[3][SLOTS];

    // Slots filled since the last flush, as access * SLOTS + slot, so that a flush costs no more than what was cached.
    private final int[] listed = new int[3 * SLOTS];
    private int listedCount;

    // Hashes of the large pages that pieces are held of: invalidating such a page means flushing all.
    private final long[] large = new long[64];
    private boolean anyLarge;

    Tlb() {
        for (long[] table : tags) {
            Arrays.fill(table, EMPTY);
        }
    }

    private static int slot(long address) {
        return (int) (address >>> MachineMemory.PAGE_SHIFT) & SLOTS - 1;
    }

    /** Holds that the page of {@code address} lies in machine frame {@code frame}. */
    void fill(int access, long address, int frame, boolean isGlobal, int shift) {
        int slot = slot(address);
        if (state[access][slot] == 0) {
            listed[listedCount++] = access * SLOTS + slot;
        }
        state[access][slot] = isGlobal ? LISTED | GLOBAL : LISTED;
        long page = address & PAGE_MASK;
        tags[access][slot] = page;
        deltas[access][slot] = (frame << MachineMemory.PAGE_SHIFT) - (int) page;
        if (shift > MachineMemory.PAGE_SHIFT) {
            int hash = hash(address, shift);
            large[hash >>> 6] |= 1L << hash;
            anyLarge = true;
        }
    }

    private static int hash(long address, int shift) {
        long key = (address >>> shift) * 31 + shift;
        return (int) (key * 0x9e3779b97f4a7c15L >>> 52);
    }

    private boolean mayHoldLarge(long address, int shift) {
        int hash = hash(address, shift);
        return (large[hash >>> 6] >>> hash & 1) != 0;
    }

    /** Forgets all translations, or all but the global ones. */
    void flush(boolean globalToo) {
        int kept = 0;
        for (int i = 0; i < listedCount; i++) {
            int access = listed[i] / SLOTS;
            int slot = listed[i] % SLOTS;
            if (globalToo || (state[access][slot] & GLOBAL) == 0) {
                tags[access][slot] = EMPTY;
                state[access][slot] = 0;
            } else {
                listed[kept++] = listed[i];
            }
        }
        listedCount = kept;
        if (kept == 0) {
            Arrays.fill(large, 0);
            anyLarge = false;
        }
    }

    /** Forgets the page of {@code address}, global or not. */
    void flushPage(long address) {
        if (anyLarge && (mayHoldLarge(address, 21) || mayHoldLarge(address, 22) || mayHoldLarge(address, 30))) {
            flush(true);
            return;
        }
        int slot = slot(address);
        for (long[] table : tags) {
            if (table[slot] == (address & PAGE_MASK)) {
                table[slot] = EMPTY;
            }
        }
    }

    /** Forgets how to write to machine frame {@code frame}. */
    void forbidWrites(int frame) {
        long[] table = tags[WRITE];
        int[] delta = deltas[WRITE];
        for (int i = 0; i < SLOTS; i++) {
            if ((int) table[i] + delta[i] == frame << MachineMemory.PAGE_SHIFT) {
                table[i] = EMPTY;
            }
        }
    }
}
