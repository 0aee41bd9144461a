package org.xenolith.engine;

import java.util.Arrays;

/**
 * The pending events of a simulation, in a total order: by time, then by the order in which they were armed.
 *
 * <p>An event is a <em>slot</em> that its owner allocates once and then arms, moves and cancels as a hardware timer is:
 * a simulation of a hypervisor has few owners (a pCPU, a timer) and each has at most one pending event. Slots stand at
 * the leaves of a complete binary tournament; an inner node holds the earlier of its children. Arming replays the
 * matches on one path to the root, so it costs O(log slots) with no data-dependent branch but on ties, and nothing is
 * allocated after the slots are.
 *
 * <p>Times are in cycles, 0 to {@link Long#MAX_VALUE} - 1; {@link #NEVER} stands for an event that is not armed.
 */
public final class EventQueue {
    /** The time of an event that is not armed. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final int INITIAL_LEAVES = 16;

    private int leaves = INITIAL_LEAVES;

    /** Winner's time at each node of the tournament; node 1 is the root, leaf of slot s is node leaves + s. */
    private long[] time = filled(2 * INITIAL_LEAVES);

    /** Winner's slot at each node. */
    private int[] winner = identity(INITIAL_LEAVES);

    /** By slot: when it was last armed, as a count of armings; decides ties. */
    private long[] sequence = new long[INITIAL_LEAVES];

    private long armings;
    private int slots;
    private int firstFree = -1;

    /** Links of the free list, by slot. */
    private int[] nextFree = new int[INITIAL_LEAVES];

    /** Returns a new slot, not armed. */
    public int allocate() {
        if (firstFree >= 0) {
            int slot = firstFree;
            firstFree = nextFree[slot];
            return slot;
        }
        if (slots == leaves) {
            grow();
        }
        return slots++;
    }

    /** Cancels {@code slot} and gives it back; its number may be handed out again. */
    public void free(int slot) {
        cancel(slot);
        nextFree[slot] = firstFree;
        firstFree = slot;
    }

    /**
     * Arms {@code slot} for {@code at}, or moves it there if it is armed; either way it comes after all that are armed for
     * the same time.
     *
     * @throws IllegalArgumentException if {@code at} is negative or {@link #NEVER}
     */
    public void arm(int slot, long at) {
        if (at < 0 || at == NEVER) {
            throw new IllegalArgumentException("event time out of range: " + at);
        }
        sequence[slot] = ++armings;
        replay(slot, at);
    }

    /** Disarms {@code slot}; nothing happens if it is not armed. */
    public void cancel(int slot) {
        if (time[leaves + slot] != NEVER) {
            replay(slot, NEVER);
        }
    }

    /** Time for which {@code slot} is armed, or {@link #NEVER}. */
    public long timeOf(int slot) {
        return time[leaves + slot];
    }

    /** Time of the earliest event, or {@link #NEVER} if none is armed. */
    public long nextTime() {
        return time[1];
    }

    /** Slot of the earliest event; meaningless if none is armed. */
    public int nextSlot() {
        return winner[1];
    }

    /** Disarms the earliest event and returns its slot, or -1 if none is armed. */
    public int pop() {
        if (time[1] == NEVER) {
            return -1;
        }
        int slot = winner[1];
        replay(slot, NEVER);
        return slot;
    }

    private void replay(int slot, long at) {
        long[] t = time;
        int[] w = winner;
        int node = leaves + slot;
        t[node] = at;
        while (node > 1) {
            long mine = t[node];
            long other = t[node ^ 1];
            int better = node;
            if (mine == other) {
                better = sequence[w[node]] < sequence[w[node ^ 1]] ? node : node ^ 1;
            } else {
                better = mine < other ? node : node ^ 1;
            }
            node >>= 1;
            t[node] = Math.min(mine, other);
            w[node] = w[better];
        }
    }

    private void grow() {
        long[] oldTime = time;
        int oldLeaves = leaves;
        leaves = 2 * oldLeaves;
        time = filled(2 * leaves);
        winner = identity(leaves);
        sequence = Arrays.copyOf(sequence, leaves);
        nextFree = Arrays.copyOf(nextFree, leaves);
        for (int slot = 0; slot < oldLeaves; slot++) {
            replay(slot, oldTime[oldLeaves + slot]);
        }
    }

    private static long[] filled(int length) {
        long[] a = new long[length];
        Arrays.fill(a, NEVER);
        return a;
    }

    private static int[] identity(int leaves) {
        int[] w = new int[2 * leaves];
        for (int node = 2 * leaves - 1; node > 0; node--) {
            w[node] = node >= leaves ? node - leaves : w[2 * node];
        }
        return w;
    }
}
