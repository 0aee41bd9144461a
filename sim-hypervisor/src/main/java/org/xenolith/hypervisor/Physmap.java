package org.xenolith.hypervisor;

import java.util.Arrays;
import java.util.TreeMap;
import java.util.TreeSet;
import org.xenolith.machine.MachineMemory;

/**
 * Physical memory of a domain that executes instructions: the machine frame behind each of its frames (the p2m). For a PV guest it is what the
 * domain builder and {@code memory_op} populated; a PV guest keeps its own p2m besides.
 */
public final class Physmap {
    /** No machine frame. */
    public static final int NONE = -1;

    private final FrameTable frames;
    private final int domainId;
    private int[] p2m = new int[1024];
    private int pages;

    /** Sparse frames above the array: those the hypervisor maps at high addresses, few. */
    private final TreeMap<Long, Integer> high = new TreeMap<>();

    /** Frames of other domains that may only be read, few. */
    private final TreeSet<Long> readOnly = new TreeSet<>();

    Physmap(FrameTable frames, int domainId) {
        this.frames = frames;
        this.domainId = domainId;
        Arrays.fill(p2m, NONE);
    }

    /** The machine's frames. */
    public FrameTable frames() {
        return frames;
    }

    /** How many of its own frames the domain has. */
    public int pages() {
        return pages;
    }

    /** One more than the highest populated frame of its memory proper, special pages aside. */
    public int end() {
        int end = p2m.length;
        while (end > 0 && p2m[end - 1] == NONE) {
            end--;
        }
        return end;
    }

    /** Machine frame of {@code gfn}, or {@link #NONE}. */
    public int mfn(long gfn) {
        if (gfn >= 0 && gfn < p2m.length) {
            return p2m[(int) gfn];
        }
        return high.isEmpty() ? NONE : high.getOrDefault(gfn, NONE);
    }

    /** Machine frame of {@code gfn} to be written to, or {@link #NONE} if there is none or it may only be read. */
    public int mfnForWriting(long gfn) {
        return readOnly.isEmpty() || !readOnly.contains(gfn) ? mfn(gfn) : NONE;
    }

    /** The highest frame at which something is, or -1. */
    public long highest() {
        return high.isEmpty() ? end() - 1 : high.lastKey();
    }

    /**
     * Takes 2^{@code order} new frames for the domain, one behind the other and below {@code limit}, that are nowhere in its memory yet; the
     * first, or {@link #NONE} if the machine has none such.
     */
    int take(int order, int limit) {
        int mfn = frames.allocate(domainId, order, limit);
        pages += mfn >= 0 ? 1 << order : 0;
        return mfn;
    }

    /** Makes {@code count} frames from {@code first} on, which were the hypervisor's, the domain's own; they are nowhere in its memory yet. */
    void adopt(int first, int count) {
        for (int mfn = first; mfn < first + count; mfn++) {
            frames.setOwner(mfn, domainId);
        }
        pages += count;
    }

    /** Puts {@code mfn}, granted by whomever, at {@code gfn} besides where its owner has it. */
    void mapGranted(long gfn, int mfn, boolean writable) {
        put(gfn, mfn);
        if (!writable) {
            readOnly.add(gfn);
        }
    }

    /** Gives back {@code mfn}, one of the domain's own, wherever it is in its memory. */
    void giveBack(int mfn) {
        int gfn = frames.gfn(mfn);
        if (gfn == FrameTable.NO_GFN || mfn(gfn) != mfn || !depopulate(gfn)) {
            frames.release(mfn);
            pages--;
        }
    }

    /** Takes a new frame for {@code gfn}; its machine frame, or {@link #NONE} if the machine has no more. */
    public int populate(long gfn) {
        int mfn = frames.allocate(domainId);
        if (mfn >= 0) {
            map(gfn, mfn);
            pages++;
        }
        return mfn;
    }

    /** Puts {@code mfn}, the domain's own or one it was given, at {@code gfn}. */
    public void map(long gfn, int mfn) {
        put(gfn, mfn);
        if (frames.owner(mfn) == domainId) {
            frames.setGfn(mfn, (int) Math.min(gfn, Integer.MAX_VALUE));
        }
    }

    private void put(long gfn, int mfn) {
        int before = mfn(gfn);
        if (before != NONE && frames.gfn(before) == gfn) {
            frames.setGfn(before, FrameTable.NO_GFN);
        }
        readOnly.remove(gfn);
        if (gfn < MachineMemory.MOST_FRAMES) {
            if (gfn >= p2m.length) {
                int old = p2m.length;
                p2m = Arrays.copyOf(p2m, Math.max((int) gfn + 1, Math.min(2 * old, MachineMemory.MOST_FRAMES)));
                Arrays.fill(p2m, old, p2m.length, NONE);
            }
            p2m[(int) gfn] = mfn;
        } else {
            high.put(gfn, mfn);
        }
    }

    /** Forgets all: the domain is gone. */
    void clear() {
        p2m = new int[0];
        high.clear();
        readOnly.clear();
        pages = 0;
    }

    /** Takes away what is at {@code gfn}; the frame stays allocated. Returns it, or {@link #NONE}. */
    public int unmap(long gfn) {
        int mfn = mfn(gfn);
        if (mfn == NONE) {
            return NONE;
        }
        if (gfn < p2m.length) {
            p2m[(int) gfn] = NONE;
        } else {
            high.remove(gfn);
        }
        readOnly.remove(gfn);
        if (frames.gfn(mfn) == gfn) {
            frames.setGfn(mfn, FrameTable.NO_GFN);
        }
        return mfn;
    }

    /** Gives the frame at {@code gfn}, one of the domain's own, back to the machine; false if there is none. */
    public boolean depopulate(long gfn) {
        int mfn = mfn(gfn);
        if (mfn == NONE || frames.owner(mfn) != domainId || frames.gfn(mfn) != gfn) {
            return false;
        }
        unmap(gfn);
        frames.release(mfn);
        pages--;
        return true;
    }
}
