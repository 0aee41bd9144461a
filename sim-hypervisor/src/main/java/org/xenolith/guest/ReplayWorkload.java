package org.xenolith.guest;

import org.xenolith.hypervisor.Abi;

/**
 * Walks the {@link VcpuDemand} of one vCPU: computes, sleeps, waits for others and sends to them as it says.
 *
 * <p>Events are counted, as through a ring in memory that sender and receiver share: a receiver that comes late finds what
 * was sent and does not wait. At the end of its demand the vCPU begins anew, so that a scheduler that serves it faster
 * than the recorded one is not mistaken for one that serves it less; absolute times then count from the new begin. One
 * whose demand follows the outside world, which has no more to say, or that of a vCPU that got next to nothing, blocks for ever.
 */
final class ReplayWorkload implements Workload {
    /** Line of what the outside raises. */
    static final int OUTSIDE_LINE = 1;

    /** First of the lines to other vCPUs. */
    static final int FIRST_PEER_LINE = 2;

    /** Demand of which so many make no window's length was of a vCPU that got nothing; it says too little to repeat it. */
    private static final long MOST_REPEATS = 100;

    /** Events sent from one vCPU to another: the producer's index of their ring. */
    static final class Mailbox {
        private long sent;
    }

    private final VcpuDemand demand;
    private final boolean computesForEver;
    private final boolean repeats;
    private final long base;
    private final long firstTick;

    /** By vCPU of the whole demand: the line to it, the rings from and to it, and what was taken from the former. */
    private final int[] lineOf;

    private final Mailbox[] inbox;
    private final Mailbox[] outbox;
    private final long[] taken;

    private int position;

    /** System time from which absolute times count. */
    private long begin;

    private boolean started;
    private long endedAfter = -1;

    /** When the latest waits began, that is when the kernel asked to block, as a ring. */
    private final long[] waitBegin = new long[Regularity.MOST_BACK + 1];

    private int waits;

    /** Whether the wait at {@link #position} has begun. */
    private boolean waiting;

    /**
     * A replay of {@code demand}, of a window of {@code length} ns, from system time {@code base} ns on.
     *
     * @param lineOf by vCPU of the whole demand, the event line to it
     * @param inbox by vCPU, what it sends to this one
     * @param outbox by vCPU, what this one sends to it
     */
    ReplayWorkload(VcpuDemand demand, long length, long base, int[] lineOf, Mailbox[] inbox, Mailbox[] outbox) {
        this.demand = demand;
        this.base = base;
        this.begin = base;
        this.firstTick = base + demand.tickPhaseNanos();
        this.lineOf = lineOf;
        this.inbox = inbox;
        this.outbox = outbox;
        this.taken = new long[inbox.length];
        computesForEver = demand.backlogged() && demand.count(DemandStep.SEND) == 0;
        repeats = demand.size() > 0
                && !demand.followsTheOutside()
                && demand.count(DemandStep.SHUTDOWN) == 0
                && total(demand) >= length / MOST_REPEATS;
    }

    /** Work and waits, as far as their length is known. */
    private static long total(VcpuDemand demand) {
        long lengths = 0;
        long latest = 0;
        for (int i = 0; i < demand.size(); i++) {
            switch (demand.kind(i)) {
                case WORK, SLEEP -> lengths += demand.value(i);
                case SLEEP_TO_TICK -> lengths += demand.value(i) * demand.tickPeriodNanos();
                case SLEEP_UNTIL -> latest = Math.max(latest, demand.value(i));
                default -> {}
            }
        }
        return lengths + latest;
    }

    /** When the demand was first used up, ns since its begin; -1 if it has not been. */
    long endedAfterNanos() {
        return endedAfter;
    }

    /** Whether it then begins anew. */
    boolean repeats() {
        return repeats;
    }

    @Override
    public void next(Task task) {
        if (computesForEver) {
            task.computeForever();
            return;
        }
        boolean busy = false;
        while (!busy) {
            if (position == demand.size()) {
                if (endedAfter < 0) {
                    endedAfter = task.nowNanos() - base;
                }
                if (!repeats) {
                    task.waitForEver();
                    return;
                }
                position = 0;
                begin = task.nowNanos();
            }
            busy = step(task);
        }
    }

    /** Takes the step at {@link #position}; false if it takes no time. */
    private boolean step(Task task) {
        long value = demand.value(position);
        int peer = demand.peer(position);
        switch (demand.kind(position)) {
            case WORK -> {
                long own = ownCycles(position + 1) + (started ? cyclesBehind(position - 1) : TinyKernel.START_CYCLES);
                started = true;
                position++;
                if (task.cycles(value) <= own) {
                    return false;
                }
                task.compute(task.cycles(value) - own);
            }
            case SLEEP -> {
                beginWait(task);
                endWait();
                task.sleepUntil(waitBegin[(waits - 1 - peer) & Regularity.MOST_BACK] + value);
            }
            case SLEEP_UNTIL -> {
                beginWait(task);
                endWait();
                task.sleepUntil(begin + value);
            }
            case SLEEP_TO_TICK -> {
                beginWait(task);
                endWait();
                long line = Math.floorDiv(task.nowNanos() - firstTick, demand.tickPeriodNanos());
                task.sleepUntil(firstTick + (line + value) * demand.tickPeriodNanos());
            }
            case AWAIT_EVENT -> {
                beginWait(task);
                if (inbox[peer].sent == taken[peer]) {
                    task.waitFor(lineOf[peer]);
                    return true;
                }
                taken[peer]++;
                endWait();
                return false;
            }
            case AWAIT_OUTSIDE -> {
                beginWait(task);
                if (task.nowNanos() < begin + value) {
                    task.waitFor(OUTSIDE_LINE);
                    return true;
                }
                endWait();
                return false;
            }
            case SEND -> {
                position++;
                outbox[peer].sent++;
                task.send(lineOf[peer]);
            }
            case YIELD -> {
                position++;
                task.giveWay();
            }
            case SHUTDOWN -> {
                position++;
                task.shutdown((int) Math.max(0, Math.min(value, Abi.SHUTDOWN_MAX)));
            }
        }
        return true;
    }

    private void beginWait(Task task) {
        if (!waiting) {
            waiting = true;
            waitBegin[waits++ & Regularity.MOST_BACK] = task.nanosAfter(ownCycles(position));
        }
    }

    private void endWait() {
        waiting = false;
        position++;
    }

    /** Cycles that the kernel takes behind the hypercall of step {@code i}. */
    private long cyclesBehind(int i) {
        return i >= 0 && (demand.kind(i) == DemandStep.SEND || demand.kind(i) == DemandStep.YIELD) ? 1 : 0;
    }

    /** Cycles that the kernel takes for step {@code i} up to its hypercall, which the recorded guest's work contains. */
    private long ownCycles(int i) {
        if (i >= demand.size()) {
            return 0;
        }
        return switch (demand.kind(i)) {
            case WORK -> 0;
            case SLEEP, SLEEP_UNTIL, SLEEP_TO_TICK -> 2;
            default -> 1;
        };
    }
}
