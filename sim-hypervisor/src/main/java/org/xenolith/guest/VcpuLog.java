package org.xenolith.guest;

import org.xenolith.hypervisor.Runstate;

/**
 * What a trace says of one vCPU in the window, before anything is concluded: work done, blocks, wakes with their
 * circumstances. Times are ns since the window's begin; what began before it has a negative time.
 */
final class VcpuLog {
    /** Work done; value: ns. */
    static final int WORK = 0;

    /** A block; value: when the guest asked for it. */
    static final int BLOCK = 1;

    /** The end of that block; value: when, peer: the vCPU that ran on that pCPU, or -1. */
    static final int WAKE = 2;

    /** A wake of another vCPU while this one ran; peer: that vCPU, value: which of its wakes, from 0. */
    static final int WOKE = 3;

    /** It gave way. */
    static final int YIELD = 4;

    /** It shut its domain down; value: the reason. */
    static final int SHUTDOWN = 5;

    /** It runs for the first time after a wake; value: when. */
    static final int STARTED = 6;

    /** It runs from here on; value: when its first instruction came. */
    static final int RAN = 7;

    private static final int KIND_MASK = 7;

    /** Flag of a wake: the waker's event-channel hypercall stands right before it. */
    static final int SENT = 8;

    /** Flag of a wake: it happened on another pCPU than the vCPU ran on last. */
    static final int ELSEWHERE = 16;

    /** Flag of a wake: the vCPU set its timer since the wake before. */
    static final int TIMER_SET = 32;

    /** Flag of a wake: the vCPU stopped its timer since the wake before. */
    static final int TIMER_STOPPED = 64;

    /** Where time is not counted as work. */
    private static final long NEVER = Long.MAX_VALUE;

    final int index;
    final int domain;
    final int id;
    final StepList entries = new StepList();

    /** Begin and end of each time it was OFFLINE, and in the peer of the begin whether a sleep record went before. */
    final StepList offline = new StepList();

    /** Begin and end of each time it was RUNNING. */
    final StepList running = new StepList();

    Runstate state;
    int lastPcpu = -1;
    boolean ran;
    int wakes;

    private long since;
    private boolean logging;
    private long workFrom = NEVER;

    /** When the guest asked to block, if it has and still holds its pCPU; else {@link #NEVER}. */
    private long askedToBlock = NEVER;

    private long blockedAt;
    private long wakeRecord = NEVER;
    private boolean sleepRecord;
    private int timerFlags;

    /** Whether the trace shows what this vCPU does with its timer. */
    boolean timerVisible;

    /** A vCPU that is first heard of, and has been in {@code state} since {@code since} for all that is known. */
    VcpuLog(int index, int domain, int id, Runstate state, long since) {
        this.index = index;
        this.domain = domain;
        this.id = id;
        this.state = state;
        this.since = since;
        this.blockedAt = since;
    }

    static int kindOf(int entryKind) {
        return entryKind & KIND_MASK;
    }

    /** The window begins. */
    void open(boolean known) {
        logging = true;
        if (state == Runstate.BLOCKED) {
            entries.add(BLOCK, 0, Math.min(blockedAt, 0));
        } else if (state == Runstate.OFFLINE) {
            offline.add(0, sleepRecord ? 1 : 0, Math.min(since, 0));
        } else if (state == Runstate.RUNNING && known) {
            ran = true;
            workFrom = 0;
            running.add(0, 0, 0);
            entries.add(RAN, 0, 0);
        }
    }

    /** The window ends at {@code now}. */
    void close(long now, RecordingCosts costs) {
        if (state == Runstate.RUNNING) {
            work(now, 0, 0);
            stops(now);
        }
        if (state == Runstate.OFFLINE) {
            offline.add(0, 0, now);
        }
        logging = false;
        entries.trim();
    }

    /** Counts work up to {@code before} ns before {@code now}, and again from {@code after} ns after it. */
    void work(long now, long before, long after) {
        if (workFrom == NEVER) {
            return;
        }
        long end = now - before;
        if (end > workFrom && logging) {
            addWork(end - workFrom);
        }
        workFrom = Math.max(workFrom, now + after);
    }

    private void addWork(long nanos) {
        int last = entries.size() - 1;
        if (last >= 0 && entries.kind(last) == WORK) {
            entries.addToValue(last, nanos);
        } else {
            entries.add(WORK, 0, nanos);
        }
    }

    /** It starts to run; its first instruction comes {@code overhead} ns later. */
    void starts(long now, int pcpu, long overhead) {
        ran |= logging;
        lastPcpu = pcpu;
        workFrom = now + overhead;
        askedToBlock = NEVER;
        if (!logging) {
            return;
        }
        if (justWoken()) {
            entries.add(STARTED, 0, now);
        }
        stops(now);
        running.add(0, 0, now);
        entries.add(RAN, 0, workFrom);
    }

    private void stops(long now) {
        if (logging && running.size() % 2 == 1) {
            running.add(0, 0, now);
        }
    }

    /** Whether it has not run since its last block. */
    boolean justWoken() {
        int last = entries.size() - 1;
        return last >= 0 && kindOf(entries.kind(last)) == WAKE;
    }

    /** Its runstate changes to {@code next}; it is no longer what it was. */
    void enters(Runstate next, long now, RecordingCosts costs) {
        if (state == Runstate.RUNNING) {
            boolean blocks = next == Runstate.BLOCKED;
            work(now, (blocks ? costs.hypercallEntry : costs.interrupt) + costs.schedule, 0);
            workFrom = NEVER;
            stops(now);
        }
        if (state == Runstate.OFFLINE && logging) {
            offline.add(0, 0, now);
        }
        if (next == Runstate.BLOCKED) {
            blockedAt = askedToBlock != NEVER ? askedToBlock : now - costs.hypercallEntry - costs.schedule;
            if (logging) {
                entries.add(BLOCK, 0, blockedAt);
            }
        } else if (next == Runstate.OFFLINE && logging) {
            offline.add(0, sleepRecord ? 1 : 0, now);
        }
        if (next == Runstate.RUNNING || next == Runstate.RUNNABLE) {
            sleepRecord = false;
        }
        askedToBlock = NEVER;
        state = next;
        since = now;
    }

    /** It asks to block. */
    void asksToBlock(long now, RecordingCosts costs) {
        if (state == Runstate.RUNNING) {
            work(now, costs.hypercallEntry, 0);
            workFrom = NEVER;
            askedToBlock = now - costs.hypercallEntry;
        }
    }

    /** A wake record of it; true if that ends a block that never took its pCPU away. */
    boolean wakeRecorded(long now, RecordingCosts costs) {
        wakeRecord = now;
        if (state != Runstate.RUNNING || askedToBlock == NEVER) {
            return false;
        }
        if (logging) {
            entries.add(BLOCK, 0, askedToBlock);
        }
        askedToBlock = NEVER;
        workFrom = now + costs.wake + costs.schedule;
        return true;
    }

    /** When its present block ended, if its wake is recorded by {@code now}. */
    long wokenAt(long now) {
        return wakeRecord != NEVER && wakeRecord >= since ? wakeRecord : now;
    }

    /** Its block ended; true if that is in the window. */
    boolean woken(long at, int byVcpu, int flags) {
        if (!logging) {
            timerFlags = 0;
            return false;
        }
        int last = entries.size() - 1;
        if (last < 0 || kindOf(entries.kind(last)) != BLOCK) {
            entries.add(BLOCK, 0, at); // its record was lost
        }
        entries.add(WAKE | flags | timerFlags, byVcpu, at);
        timerFlags = 0;
        wakes++;
        return true;
    }

    /** While it runs, {@code other}'s block number {@code ordinal} ends. */
    void woke(VcpuLog other, int ordinal) {
        if (logging) {
            entries.add(WOKE, other.index, ordinal);
        }
    }

    void yields() {
        if (logging) {
            entries.add(YIELD, 0, 0);
        }
    }

    void shutsDown(int reason) {
        if (logging) {
            entries.add(SHUTDOWN, 0, reason);
        }
        workFrom = NEVER;
    }

    void sleepRecorded() {
        sleepRecord = true;
    }

    void timerSet() {
        timerVisible = true;
        timerFlags = TIMER_SET;
    }

    void timerStopped() {
        timerVisible = true;
        timerFlags = TIMER_STOPPED;
    }
}
