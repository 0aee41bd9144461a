package org.xenolith.guest;

/** One lane of a vCPU's demand as it is replayed: where it is, and what it waits for. */
final class ReplayLane {
    private static final int NO_PEER = -1;

    /** A time that never comes. */
    static final long NEVER = Workload.Task.NEVER;

    /** Steps from here on, in the vCPU's demand; the lane ends before {@link #end}. */
    final int first;

    final int end;

    /** Whether it begins anew at its end. */
    final boolean repeats;

    int position;

    /** Whether it has come to its end once. */
    boolean ended;

    /** System time from which absolute times count. */
    long begin;

    /** Whether the wait at {@link #position} has begun. */
    boolean waiting;

    /** When that ends, if by time; else {@link #NEVER}. */
    long until;

    /** On whose event it ends, if on one; else negative. */
    int peer;

    /** When the latest waits began, that is when the kernel asked to block, as a ring. */
    private final long[] waitBegin = new long[Regularity.MOST_BACK + 1];

    private int waits;

    ReplayLane(int first, int end, long begin, boolean repeats) {
        this.first = first;
        this.end = end;
        this.begin = begin;
        this.repeats = repeats;
        this.position = first;
    }

    /** Begins anew. */
    void again(long now) {
        position = first;
        begin = now;
    }

    /** A wait begins; it ends at {@code time}, or on the event of {@code ofPeer} if that is not negative. */
    void waitBegins(long now) {
        waiting = true;
        until = NEVER;
        peer = NO_PEER;
        waitBegin[waits++ & Regularity.MOST_BACK] = now;
    }

    /** When the wait began that is {@code back} waits before the present one. */
    long waitBegan(int back) {
        return waitBegin[(waits - 1 - back) & Regularity.MOST_BACK];
    }

    void waitEnds() {
        waiting = false;
        position++;
    }
}
