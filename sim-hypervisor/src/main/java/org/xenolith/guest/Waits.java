package org.xenolith.guest;

/** The waits of one vCPU in order, and what is concluded of each. Times are ns since the window's begin. */
final class Waits {
    final int size;
    private final long[] block;
    private final long[] wake;
    private final long[] started;
    private final long[] burst;
    private final int[] waker;
    private final byte[] flags;
    private final byte[] cause;
    private final byte[] evidence;
    private final byte[] back;
    private final long[] hidden;
    private final byte[] hiddenBack;
    private long hiddenLength;
    private long tickPeriod;
    private long tickPhase;

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
        started = new long[size];
        burst = new long[size];
        hidden = new long[size];
        hiddenBack = new byte[size];
        StepList entries = log.entries;
        int n = -1;
        for (int i = 0; i < entries.size(); i++) {
            switch (VcpuLog.kindOf(entries.kind(i))) {
                case VcpuLog.WAKE -> {
                    n++;
                    block[n] = entries.value(i - 1);
                    wake[n] = entries.value(i);
                    started[n] = wake[n];
                    waker[n] = entries.peer(i);
                    flags[n] = (byte) entries.kind(i);
                    cause[n] = UNDECIDED;
                }
                case VcpuLog.STARTED -> started[n] = entries.value(i);
                case VcpuLog.WORK -> {
                    if (n >= 0) {
                        burst[n] += entries.value(i);
                    }
                }
                default -> {}
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

    /** When the vCPU ran again. */
    long started(int i) {
        return started[i];
    }

    /** Its work from then on to the next block. */
    long burst(int i) {
        return burst[i];
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

    /** The kernel's tick: a line of its grid, ns since the window's begin, and the distance of lines. */
    void setTick(long phase, long period) {
        tickPhase = phase;
        tickPeriod = period;
    }

    /** Distance of the kernel's ticks, 0 if they are not known. */
    long tickPeriod() {
        return tickPeriod;
    }

    /** When a tick is. */
    long tickPhase() {
        return tickPhase;
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

    /**
     * Wait {@code i} hides a sleep: after it and {@code tickWork} of work the vCPU would have slept on until {@code length}
     * after the begin of the wait {@code waitsEarlier} before it.
     */
    void hide(int i, long tickWork, int waitsEarlier, long length) {
        hidden[i] = tickWork;
        hiddenBack[i] = (byte) waitsEarlier;
        hiddenLength = length;
    }

    /** Work after wait {@code i} up to the sleep that it hides; 0 if it hides none. */
    long hidden(int i) {
        return hidden[i];
    }

    /** How many waits before {@code i} the sleep that it hides began. */
    int hiddenBack(int i) {
        return hiddenBack[i];
    }

    /** Length of hidden sleeps. */
    long hiddenLength() {
        return hiddenLength;
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
