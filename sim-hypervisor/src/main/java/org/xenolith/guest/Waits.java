package org.xenolith.guest;

import java.util.Arrays;

/** The waits of one vCPU in order, and what is concluded of each. Times are ns since the window's begin. */
final class Waits {
    final int size;
    private final long[] block;
    private final long[] wake;
    private final long[] started;
    private final long[] burst;

    /** Whether the vCPU sent an event to another in that burst. */
    private final boolean[] sent;

    private final int[] waker;
    private final byte[] flags;
    private final byte[] cause;
    private final byte[] evidence;
    private final byte[] back;
    private final long[] hidden;
    private final byte[] hiddenBack;
    private final int[] hiddenEvent;
    private final boolean[] dropped;
    private long hiddenLength;
    private long sleepWork;
    private long tickPeriod;
    private long tickPhase;

    private static final DemandStep[] CAUSES = DemandStep.values();
    private static final WakeEvidence[] EVIDENCE = WakeEvidence.values();
    private static final byte UNDECIDED = -1;

    /** A kernel's tick takes less than this part of its period. */
    private static final int TICK_PART = 20;

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
        sent = new boolean[size];
        hidden = new long[size];
        hiddenBack = new byte[size];
        hiddenEvent = new int[size];
        dropped = new boolean[size];
        Arrays.fill(hiddenEvent, -1);
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

    /** Whether it sent an event in that burst, as far as is known. */
    boolean sent(int i) {
        return sent[i];
    }

    /** The events that {@code v}, whose waits these are, is known to have sent to vCPUs with the waits {@code all}. */
    void findSent(VcpuLog v, Waits[] all) {
        int n = -1;
        for (int i = 0; i < v.entries.size(); i++) {
            int kind = VcpuLog.kindOf(v.entries.kind(i));
            if (kind == VcpuLog.WAKE) {
                n++;
            } else if (kind == VcpuLog.WOKE && n >= 0) {
                Waits w = all[v.entries.peer(i)];
                int wait = (int) v.entries.value(i);
                sent[n] |= w.decided(wait) && w.cause(wait) == DemandStep.AWAIT_EVENT;
            }
        }
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

    /** Before the vCPU was served after wait {@code i} and did the tick's work, an event of vCPU {@code peer} came. */
    void hideEvent(int i, int peer) {
        hiddenEvent[i] = peer;
    }

    /** Nobody waits for what ended wait {@code i}, and nobody sends it. */
    void drop(int i) {
        dropped[i] = true;
    }

    boolean dropped(int i) {
        return dropped[i];
    }

    /** Whose event came in after wait {@code i}; negative if none. */
    int hiddenEvent(int i) {
        return hiddenEvent[i];
    }

    /** Whether the tick ended wait {@code i} and the vCPU did nothing else before it waited on. */
    boolean isTickOnly(int i) {
        return evidence(i) == WakeEvidence.TICK
                && TICK_PART * burst[i] < tickPeriod
                && hidden[i] == 0
                && hiddenEvent[i] < 0;
    }

    /** Whether its tick breaks most waits that last until the next one. */
    boolean ticksOn() {
        long lines = 0;
        long ticks = 0;
        for (int i = 0; i < size && tickPeriod > 0; i++) {
            lines += Math.floorDiv(wake[i] - tickPhase, tickPeriod) - Math.floorDiv(block[i] - tickPhase, tickPeriod);
            ticks += evidence(i) == WakeEvidence.TICK ? 1 : 0;
        }
        return ticks > 0 && 4 * ticks >= 3 * lines;
    }

    /** What the vCPU does after a sleep. */
    void setSleepWork(long nanos) {
        sleepWork = nanos;
    }

    /** What ticks take, by those after which nothing else is known to have been done; 0 if there are none. */
    long tickWork() {
        long[] bursts = new long[size];
        int n = 0;
        for (int i = 0; i < size; i++) {
            if (isTickOnly(i) && !sent[i] && (sleepWork == 0 || 2 * burst[i] < sleepWork)) {
                bursts[n++] = burst[i];
            }
        }
        Arrays.sort(bursts, 0, n);
        return n == 0 ? 0 : bursts[n / 2];
    }

    /** Whether wait {@code i} hides a sleep that its tick may or may not break. */
    boolean hidesShortSleep(int i) {
        return hidden[i] > 0 && hiddenLength <= tickPeriod;
    }

    /** Whether wait {@code i} ends a sleep that its tick may or may not break, and that began with an earlier wait. */
    boolean endsShortSleep(int i) {
        return cause(i) == DemandStep.SLEEP && back[i] > 0 && wake[i] - block[i - back[i]] <= tickPeriod;
    }

    /** Whether the vCPU was blocked at {@code time}. */
    boolean blockedAt(long time) {
        int i = Arrays.binarySearch(block, time);
        int last = i >= 0 ? i : -i - 2;
        return last >= 0 && time < wake[last];
    }

    /** The last wait that ended up to {@code time}; negative if there is none. */
    int lastBefore(long time) {
        int i = Arrays.binarySearch(wake, time);
        return i >= 0 ? i : -i - 2;
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
