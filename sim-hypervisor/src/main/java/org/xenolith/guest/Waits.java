package org.xenolith.guest;

/** The waits of one vCPU in order, and what is concluded of each. Times are ns since the window's begin. */
final class Waits {
    final int size;
    private final long[] block;
    private final long[] wake;
    private final int[] waker;
    private final byte[] flags;
    private final byte[] cause;
    private final byte[] evidence;
    private final byte[] back;

    private static final DemandStep[] CAUSES = DemandStep.values();
    private static final WakeEvidence[] EVIDENCE = WakeEvidence.values();
    private static final byte UNDECIDED = -1;

    Waits(VcpuLog log) {
        size = log.wakes;
        block = new long[size];
        wake = new long[size];
        waker = new int[size];
        flags = new byte[size];
        cause = new byte[size];
        evidence = new byte[size];
        back = new byte[size];
        int n = 0;
        for (int i = 1; i < log.entries.size(); i++) {
            if (VcpuLog.kindOf(log.entries.kind(i)) == VcpuLog.WAKE) {
                block[n] = log.entries.value(i - 1);
                wake[n] = log.entries.value(i);
                waker[n] = log.entries.peer(i);
                flags[n] = (byte) log.entries.kind(i);
                cause[n++] = UNDECIDED;
            }
        }
    }

    /** When wait {@code i} began. */
    long block(int i) {
        return block[i];
    }

    /** When it ended. */
    long wake(int i) {
        return wake[i];
    }

    /** Log of the vCPU that ran where it ended, or -1. */
    int waker(int i) {
        return waker[i];
    }

    boolean flag(int i, int flag) {
        return (flags[i] & flag) != 0;
    }

    boolean decided(int i) {
        return cause[i] != UNDECIDED;
    }

    void decide(int i, DemandStep newCause, WakeEvidence newEvidence) {
        cause[i] = (byte) newCause.ordinal();
        evidence[i] = (byte) newEvidence.ordinal();
    }

    /** A timer that was set {@code waitsEarlier} waits before wait {@code i}. */
    void decideSleep(int i, int waitsEarlier, WakeEvidence newEvidence) {
        decide(i, DemandStep.SLEEP, newEvidence);
        back[i] = (byte) waitsEarlier;
    }

    /** What ended wait {@code i}. */
    DemandStep cause(int i) {
        return CAUSES[cause[i]];
    }

    /** Why that is believed. */
    WakeEvidence evidence(int i) {
        return EVIDENCE[evidence[i]];
    }

    /** How many waits earlier the timer was set. */
    int back(int i) {
        return back[i];
    }

    /** The waits of which nothing is decided yet, in order. */
    int[] undecided() {
        int n = 0;
        for (int i = 0; i < size; i++) {
            n += decided(i) ? 0 : 1;
        }
        int[] all = new int[n];
        n = 0;
        for (int i = 0; i < size; i++) {
            if (!decided(i)) {
                all[n++] = i;
            }
        }
        return all;
    }

    /** Time spent waiting. */
    long blockedNanos() {
        long sum = 0;
        for (int i = 0; i < size; i++) {
            sum += wake[i] - block[i];
        }
        return sum;
    }
}
