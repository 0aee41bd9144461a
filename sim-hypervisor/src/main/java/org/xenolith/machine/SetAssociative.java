package org.xenolith.machine;

import java.util.Arrays;
import java.util.function.LongPredicate;

/**
 * Which keys a cache or TLB holds: sets chosen by a key's low bits, and in each the ways used least recently go first. Keys are not
 * negative.
 */
public final class SetAssociative {
    private static final long EMPTY = -1;

    private final int ways;
    private final int setMask;

    /** Set by set; in each, the one used last first. */
    private final long[] keys;

    /**
     * Empty, of {@code entries} in all.
     *
     * @param ways entries of a set; {@code entries / ways} must be a power of two
     */
    public SetAssociative(int entries, int ways) {
        int sets = entries / ways;
        if (sets * ways != entries || Integer.bitCount(sets) != 1) {
            throw new IllegalArgumentException(entries + " entries of " + ways + " ways are no power of two of sets");
        }
        this.ways = ways;
        this.setMask = sets - 1;
        this.keys = new long[entries];
        Arrays.fill(keys, EMPTY);
    }

    /** Uses {@code key}, which thereafter is held, for the one of its set that was used least recently; returns whether it was held. */
    public boolean use(long key) {
        int first = (int) (key & setMask) * ways;
        if (keys[first] == key) {
            return true;
        }
        int at = 1;
        while (at < ways && keys[first + at] != key) {
            at++;
        }
        boolean held = at < ways;
        System.arraycopy(keys, first, keys, first + 1, held ? at : ways - 1);
        keys[first] = key;
        return held;
    }

    /** Forgets the keys that {@code wanted} accepts. */
    public void removeIf(LongPredicate wanted) {
        for (int first = 0; first < keys.length; first += ways) {
            int kept = first;
            for (int i = first; i < first + ways; i++) {
                if (keys[i] != EMPTY && !wanted.test(keys[i])) {
                    keys[kept++] = keys[i];
                }
            }
            Arrays.fill(keys, kept, first + ways, EMPTY);
        }
    }
}
