package org.xenolith.guest;

import org.xenolith.hypervisor.Abi;

/**
 * Walks the {@link VcpuDemand} of one vCPU: computes, sleeps, waits for others and sends to them as it says. Of several
 * lanes it goes on with the next that need not wait, whenever the one before has come to a wait.
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
    private final long base;
    private final long firstTick;

    /** By vCPU of the whole demand: the line to it, the rings from and to it, and what was taken from the former. */
    private final int[] lineOf;

    private final Mailbox[] inbox;
    private final Mailbox[] outbox;
    private final long[] taken;

    private final ReplayLane[] lanes;

    /** The lane that computes, or did last. */
    private int active;

    private boolean started;
    private long endedAfter = -1;

    /** What the timer is set for while it waits for several things at once. */
    private long armedFor;

    /** Whether all lanes wait, and since when. */
    private boolean waits;

    private long waitsSince;

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
        this.firstTick = base + demand.tickPhaseNanos();
        this.lineOf = lineOf;
        this.inbox = inbox;
        this.outbox = outbox;
        this.taken = new long[inbox.length];
        computesForEver = demand.backlogged() && demand.count(DemandStep.SEND) == 0;
        lanes = new ReplayLane[demand.lanes()];
        for (int lane = 0; lane < lanes.length; lane++) {
            int first = demand.laneBegin(lane);
            int end = demand.laneBegin(lane + 1);
            lanes[lane] = new ReplayLane(first, end, base, repeats(demand, first, end, length));
        }
    }

    private static boolean repeats(VcpuDemand demand, int first, int end, long length) {
        for (int i = first; i < end; i++) {
            if (demand.kind(i) == DemandStep.AWAIT_OUTSIDE || demand.kind(i) == DemandStep.SHUTDOWN) {
                return false;
            }
        }
        boolean reacts = first > 0
                && first < end
                && (demand.kind(first) == DemandStep.AWAIT_EVENT || demand.kind(first) == DemandStep.SLEEP_TO_TICK);
        return reacts || first < end && total(demand, first, end) >= length / MOST_REPEATS;
    }

    /** Work and waits, as far as their length is known. */
    private static long total(VcpuDemand demand, int first, int end) {
        long lengths = 0;
        long latest = 0;
        for (int i = first; i < end; i++) {
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
        for (ReplayLane lane : lanes) {
            if (lane.first < lane.end && !lane.repeats) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void next(Task task) {
        if (computesForEver) {
            task.computeForever();
            return;
        }
        boolean busy = false;
        while (!busy) {
            ReplayLane lane = lanes[active];
            if (lane.position == lane.end && !ends(lane, task.nowNanos())) {
                busy = chooseOrWait(task);
            } else if (isWait(demand.kind(lane.position))) {
                beginWait(lane, task);
                if (lanes.length == 1) {
                    busy = waitAlone(lane, task);
                } else {
                    busy = chooseOrWait(task);
                }
            } else {
                busy = step(lane, task);
            }
        }
    }

    /** The lane has come to its end; true if it goes on all the same. */
    private boolean ends(ReplayLane lane, long now) {
        lane.ended |= lane.first < lane.end;
        if (endedAfter < 0 && allEnded()) {
            endedAfter = now - base;
        }
        if (lane.repeats) {
            lane.again(now);
        }
        return lane.repeats;
    }

    private boolean allEnded() {
        for (ReplayLane lane : lanes) {
            if (!lane.ended && lane.first < lane.end) {
                return false;
            }
        }
        return true;
    }

    private static boolean isWait(DemandStep kind) {
        return switch (kind) {
            case SLEEP, SLEEP_UNTIL, SLEEP_TO_TICK, AWAIT_EVENT, AWAIT_OUTSIDE -> true;
            default -> false;
        };
    }

    private void beginWait(ReplayLane lane, Task task) {
        if (lane.waiting) {
            return;
        }
        lane.waitBegins(task.nanosAfter(ownCycles(lane, lane.position)));
        long value = demand.value(lane.position);
        switch (demand.kind(lane.position)) {
            case SLEEP -> lane.until = lane.waitBegan(demand.peer(lane.position)) + value;
            case SLEEP_TO_TICK -> lane.until = tick(task.nowNanos(), value);
            case AWAIT_EVENT -> lane.peer = demand.peer(lane.position);
            default -> lane.until = lane.begin + value;
        }
    }

    /** When tick number {@code next} after {@code now} is. */
    private long tick(long now, long next) {
        long line = Math.floorDiv(now - firstTick, demand.tickPeriodNanos());
        return firstTick + (line + next) * demand.tickPeriodNanos();
    }

    /** Waits as the one lane says; false if that takes no time. */
    private boolean waitAlone(ReplayLane lane, Task task) {
        DemandStep kind = demand.kind(lane.position);
        if (kind != DemandStep.AWAIT_EVENT && kind != DemandStep.AWAIT_OUTSIDE) {
            long until = lane.until;
            lane.waitEnds();
            task.sleepUntil(until);
            return true;
        }
        if (take(lane, task.nowNanos())) {
            return false;
        }
        task.waitFor(lane.peer < 0 ? OUTSIDE_LINE : lineOf[lane.peer]);
        return true;
    }

    /** Whether the wait of {@code lane} is over, and if so, ends it. */
    private boolean take(ReplayLane lane, long now) {
        if (lane.peer < 0) {
            if (now < lane.until) {
                return false;
            }
        } else if (inbox[lane.peer].sent == taken[lane.peer]) {
            return false;
        } else {
            taken[lane.peer]++;
        }
        lane.waitEnds();
        return true;
    }

    /** Goes on with a lane that need not wait, in turn; if there is none, waits for any of them and returns true. */
    private boolean chooseOrWait(Task task) {
        if (lanes.length == 1) {
            task.waitForEver();
            return true;
        }
        forgetEvents(task);
        long now = task.nowNanos();
        if (!waits) {
            waitsSince = now;
        }
        waits = false;
        long until = ReplayLane.NEVER;
        for (int k = 1; k <= lanes.length; k++) {
            int next = (active + k) % lanes.length;
            ReplayLane lane = lanes[next];
            boolean over = lane.position == lane.end;
            if (!over && next == Lanes.TICKS && lane.waiting && lane.until < waitsSince) {
                lane.until = tick(now, 1); // that came while it computed, as did those that its work contains
            }
            if (!over && (!lane.waiting || take(lane, now))) {
                active = next;
                return false;
            }
            until = over ? until : Math.min(until, lane.until);
        }
        waits = true;
        if (until != ReplayLane.NEVER && until != armedFor) {
            armedFor = until;
            task.setTimer(until);
        } else {
            task.waitForAny();
        }
        return true;
    }

    /** What has come is about to be looked at. */
    private void forgetEvents(Task task) {
        if (task.takeTimer()) {
            armedFor = 0;
        }
        task.takeEvent(OUTSIDE_LINE);
        for (int line : lineOf) {
            if (line > 0) {
                task.takeEvent(line);
            }
        }
    }

    /** Takes the step at the position of {@code lane}, which is no wait; false if it takes no time. */
    private boolean step(ReplayLane lane, Task task) {
        int at = lane.position++;
        long value = demand.value(at);
        int peer = demand.peer(at);
        switch (demand.kind(at)) {
            case WORK -> {
                long own = ownCycles(lane, at + 1) + (started ? cyclesBehind(lane, at - 1) : TinyKernel.START_CYCLES);
                started = true;
                if (task.cycles(value) <= own) {
                    return false;
                }
                task.compute(task.cycles(value) - own);
            }
            case SEND -> {
                outbox[peer].sent++;
                task.send(lineOf[peer]);
            }
            case YIELD -> task.giveWay();
            case SHUTDOWN -> task.shutdown((int) Math.max(0, Math.min(value, Abi.SHUTDOWN_MAX)));
            default -> throw new IllegalStateException("a wait, not a step: " + demand.kind(at));
        }
        return true;
    }

    /** Cycles that the kernel takes behind the hypercall of step {@code i}. */
    private long cyclesBehind(ReplayLane lane, int i) {
        return i >= lane.first && (demand.kind(i) == DemandStep.SEND || demand.kind(i) == DemandStep.YIELD) ? 1 : 0;
    }

    /** Cycles that the kernel takes for step {@code i} up to its hypercall, which the recorded guest's work contains. */
    private long ownCycles(ReplayLane lane, int i) {
        if (i >= lane.end) {
            return 0;
        }
        return switch (demand.kind(i)) {
            case WORK -> 0;
            case SLEEP, SLEEP_UNTIL, SLEEP_TO_TICK -> 2;
            default -> 1;
        };
    }
}
