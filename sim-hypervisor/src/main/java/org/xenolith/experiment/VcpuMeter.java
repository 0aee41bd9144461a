package org.xenolith.experiment;

import org.xenolith.machine.TscClock;
import org.xenolith.trace.TraceEvent;

/** Follows the runstates of one vCPU and measures, inside a window of cycles, what {@link RunMetrics} reports. */
final class VcpuMeter {
    private static final int UNKNOWN_PCPU = -1;
    private static final long NOT_WOKEN = -1;

    private final TscClock clock;
    private final long from;
    private final long to;

    private final long[] cyclesIn = new long[4];
    private int state = -1;

    /** When the present runstate was entered; at first, far in the past. */
    private long since = Long.MIN_VALUE;

    /** Whether {@link #since} is really when it was. */
    private boolean sinceKnown;

    /** RUNNABLE cycles since it woke and as yet without a run, or {@link #NOT_WOKEN}. */
    private long waited = NOT_WOKEN;

    private int pcpu = UNKNOWN_PCPU;

    long switches;
    long migrations;
    long preemptions;
    long wakeups;
    private boolean blocked;

    /** Wake-to-run latencies that ended in the window. */
    final Distribution latencies = new Distribution();

    /** Unbroken runs that ended in the window. */
    final Distribution runs = new Distribution();

    VcpuMeter(TscClock clock, long from, long to) {
        this.clock = clock;
        this.from = from;
        this.to = to;
    }

    /** Goes from {@code oldState} to {@code newState} at {@code tsc} on {@code cpu}; a time before the last change is taken as it. */
    void change(int oldState, int newState, long tsc, int cpu) {
        if (state != oldState) {
            // The first record, or one after records that were lost.
            state = oldState;
            sinceKnown = false;
            waited = NOT_WOKEN;
            pcpu = oldState == TraceEvent.RUNSTATE_RUNNING ? cpu : UNKNOWN_PCPU;
        }
        long now = Math.max(tsc, since);
        leave(now, now >= from && now < to, newState);
        state = newState;
        since = now;
        sinceKnown = true;
        enter(now >= from && now < to, cpu);
    }

    private void leave(long now, boolean inWindow, int next) {
        long inside = insideWindow(now);
        cyclesIn[state] += inside;
        switch (state) {
            case TraceEvent.RUNSTATE_RUNNING -> {
                if (inWindow && sinceKnown) {
                    runs.record(clock.toNanos(now - since));
                }
                recordThroughout(now, inside);
                if (inWindow && next == TraceEvent.RUNSTATE_RUNNABLE) {
                    preemptions++;
                }
            }
            case TraceEvent.RUNSTATE_RUNNABLE -> {
                if (waited != NOT_WOKEN) {
                    waited += now - since;
                }
            }
            case TraceEvent.RUNSTATE_BLOCKED -> {
                waited = next == TraceEvent.RUNSTATE_RUNNABLE ? 0 : NOT_WOKEN;
                blocked |= inside > 0 || inWindow;
                if (inWindow) {
                    wakeups++;
                }
            }
            default -> {
                // OFFLINE: neither its doing nor the scheduler's wait.
            }
        }
    }

    /** A run that goes on past the window's end, where none has ended in it, counts as long as it lasted in it. */
    private void recordThroughout(long now, long inside) {
        if (now >= to && inside > 0 && runs.count() == 0) {
            runs.record(clock.toNanos(inside));
        }
    }

    private void enter(boolean inWindow, int cpu) {
        if (state == TraceEvent.RUNSTATE_RUNNING) {
            if (inWindow) {
                switches++;
                migrations += pcpu != UNKNOWN_PCPU && pcpu != cpu ? 1 : 0;
                if (waited != NOT_WOKEN) {
                    latencies.record(clock.toNanos(waited));
                }
            }
            waited = NOT_WOKEN;
            pcpu = cpu;
        } else if (state == TraceEvent.RUNSTATE_BLOCKED) {
            waited = NOT_WOKEN;
        }
    }

    /** Cycles of the window between the last change and {@code now}. */
    private long insideWindow(long now) {
        return Math.max(0, Math.min(now, to) - Math.max(since, from));
    }

    /** Accounts the present runstate up to the end of the window; nothing may follow. */
    void finish() {
        long inside = insideWindow(to);
        cyclesIn[state] += inside;
        blocked |= state == TraceEvent.RUNSTATE_BLOCKED && inside > 0;
        if (state == TraceEvent.RUNSTATE_RUNNING) {
            recordThroughout(to, inside);
        }
        since = Math.max(since, to);
    }

    long runningCycles() {
        return cyclesIn[TraceEvent.RUNSTATE_RUNNING];
    }

    long offlineCycles() {
        return cyclesIn[TraceEvent.RUNSTATE_OFFLINE];
    }

    /** Whether it always wanted to run: it ran and never blocked. */
    boolean isBacklogged() {
        return runningCycles() > 0 && !blocked;
    }

    /** Whether it was BLOCKED for a time or woke in the window. */
    boolean hasBlocked() {
        return blocked;
    }
}
