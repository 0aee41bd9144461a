package org.xenolith.guest;

import java.util.Arrays;
import java.util.List;
import org.xenolith.hypervisor.Runstate;

/** Turns what was logged of a vCPU, and what was concluded of its waits, into steps of demand. */
final class DemandSteps {
    private final Waits waits;
    private final WakeCauses causes;
    private final RecordingCosts costs;
    private final Lanes lanes;

    /** Of each wait, its number in its lane, and when the wait of that number began. */
    private final int[] number;

    private final long[] beginOf;

    private final StepList[] stepsOfLane;
    private final long[] workOfLane;

    /** Events that left no record, the next of them, and the vCPU's work so far. */
    private final StepList sends;

    private final StepList takes;
    private int nextSend;

    /** Whether what is done now is a tick's work that comes by {@link #ticksOn}. */
    private boolean dropsWork;

    private final int[] nextTake;
    private long done;

    /** Work after a tick that does nothing else. */
    private final long ticksTake;

    /** Whether ticks are not replayed as they were recorded, but come whenever the vCPU waits. */
    private final boolean ticksOn;

    /** The lane that what is added belongs to. */
    private int lane = Lanes.MAIN;

    private final int[][] counts = new int[DemandStep.values().length][WakeEvidence.values().length];

    private DemandSteps(VcpuLog v, List<VcpuLog> logs, WakeCauses causes, RecordingCosts costs) {
        this.waits = causes.of(v);
        this.causes = causes;
        this.costs = costs;
        this.lanes = new Lanes(v, logs, waits);
        this.number = lanes.numbers();
        this.beginOf = new long[waits.size];
        for (int i = waits.size - 1; i >= 0; i--) {
            beginOf[number[i]] = waits.block(i);
        }
        this.stepsOfLane = new StepList[lanes.count()];
        Arrays.setAll(stepsOfLane, i -> new StepList());
        this.workOfLane = new long[stepsOfLane.length];
        this.sends = causes.hidden().sends(v);
        this.takes = causes.hidden().takes(v);
        this.nextTake = new int[logs.size()];
        this.ticksTake = waits.tickWork();
        this.ticksOn = lanes.count() > 1 && waits.ticksOn();
    }

    /**
     * The demand of {@code v}.
     *
     * @param logs all vCPUs, by the numbers in their logs
     * @param place number of each in the demand, by its number in the logs
     * @param startsAt when it first comes up, after its domain; 0 if with it
     * @param length length of the window
     */
    static VcpuDemand of(
            VcpuLog v,
            List<VcpuLog> logs,
            WakeCauses causes,
            int[] place,
            RecordingCosts costs,
            long startsAt,
            long length) {
        DemandSteps steps = new DemandSteps(v, logs, causes, costs);
        if (startsAt > 0) {
            steps.add(DemandStep.AWAIT_OUTSIDE, 0, startsAt);
        }
        boolean blocked = steps.walk(v, logs, place, length);
        boolean backlogged = !blocked && (v.ran || v.state == Runstate.RUNNABLE || v.state == Runstate.RUNNING);
        StepList all = new StepList();
        int[] laneBegins = new int[steps.stepsOfLane.length];
        for (int lane = 0; lane < laneBegins.length; lane++) {
            laneBegins[lane] = all.size();
            all.addAll(steps.stepsOfLane[lane]);
        }
        return new VcpuDemand(
                v.domain,
                v.id,
                backlogged,
                all,
                laneBegins,
                steps.counts,
                steps.waits.tickPhase() - costs.interrupt,
                steps.waits.tickPeriod());
    }

    private boolean walk(VcpuLog v, List<VcpuLog> logs, int[] place, long length) {
        boolean blocked = false;
        int wait = 0;
        for (int i = 0; i < v.entries.size(); i++) {
            long value = v.entries.value(i);
            int peer = v.entries.peer(i);
            switch (VcpuLog.kindOf(v.entries.kind(i))) {
                case VcpuLog.WORK -> addWorkAndSends(value, place);
                case VcpuLog.BLOCK -> blocked = true;
                case VcpuLog.WAKE -> {
                    dropsWork = false;
                    addWait(wait++, place);
                }
                case VcpuLog.WOKE -> {
                    Waits theirs = causes.of(logs.get(peer));
                    if (theirs.cause((int) value) == DemandStep.AWAIT_EVENT && !theirs.dropped((int) value)) {
                        addSend(peer, 0, place);
                    }
                }
                case VcpuLog.YIELD -> {
                    addWork(0);
                    add(DemandStep.YIELD, 0, 0);
                }
                case VcpuLog.SHUTDOWN -> {
                    addWork(0);
                    add(DemandStep.SHUTDOWN, 0, value);
                }
                default -> {}
            }
        }
        done = Long.MAX_VALUE;
        for (VcpuLog peer : logs) {
            addTakes(peer.index, place);
        }
        int last = v.entries.size() - 1;
        boolean waits = last > 0 && VcpuLog.kindOf(v.entries.kind(last)) == VcpuLog.BLOCK;
        if (waits && lane == Lanes.MAIN && length > v.entries.value(last)) {
            addSleep(v.entries.value(last), 0, length); // the part of the last wait that is in the window
        }
        for (lane = 0; lane < stepsOfLane.length; lane++) {
            addWork(0);
        }
        if (ticksOn) {
            lane = Lanes.TICKS;
            add(DemandStep.SLEEP_TO_TICK, 0, 1);
            add(DemandStep.WORK, 0, Math.max(1, ticksTake - costs.hypercall));
        }
        return blocked;
    }

    /** Adds {@code value} ns of work, and the sends in it that left no record. */
    private void addWorkAndSends(long value, int[] place) {
        long end = done + value;
        while (nextSend < sends.size() && sends.value(nextSend) <= end) {
            if (dropsWork) {
                dropsWork = false;
                lane = Lanes.MAIN;
            }
            long part = Math.max(0, sends.value(nextSend) - done);
            workOfLane[lane] += part;
            done += part;
            addSend(sends.peer(nextSend++), costs.hypercall + costs.eventSend, place);
        }
        workOfLane[lane] += dropsWork ? 0 : end - done;
        done = end;
    }

    private void addSend(int peer, long overhead, int[] place) {
        if (addTakes(peer, place) && lanes.serves(peer) && lane != lanes.ofService(peer)) {
            // It came in while something else was about to begin, so what is done now is done for it.
            long other = Math.min(ticksTake, workOfLane[lane]);
            long rest = workOfLane[lane] - other;
            workOfLane[lane] = other;
            lane = lanes.ofService(peer);
            workOfLane[lane] += rest;
        }
        addWork(overhead);
        add(DemandStep.SEND, place[peer], 0);
    }

    /** Before anything new between it and {@code peer}, it must have had what came from there while it was awake, if anything. */
    private boolean addTakes(int peer, int[] place) {
        boolean any = false;
        int now = lane;
        for (; nextTake[peer] < takes.size() && takes.value(nextTake[peer]) < done; nextTake[peer]++) {
            if (takes.peer(nextTake[peer]) == peer) {
                lane = lanes.count() == 1 ? Lanes.MAIN : lanes.ofService(peer);
                addWork(0);
                add(DemandStep.AWAIT_EVENT, place[peer], 0);
                counts[DemandStep.AWAIT_EVENT.ordinal()][WakeEvidence.HIDDEN.ordinal()]++;
                any = true;
            }
        }
        lane = now;
        return any;
    }

    private void addWait(int wait, int[] place) {
        if (waits.dropped(wait)) {
            lane = lanes.of(wait);
            return;
        }
        if (waits.hiddenEvent(wait) >= 0) {
            addTickAndEvent(wait, place);
            return;
        }
        if (waits.hidesShortSleep(wait) && lanes.of(wait) == Lanes.MAIN) {
            addTickAndSleep(wait);
            return;
        }
        lane = lanes.of(wait);
        if (ticksOn && lane == Lanes.VISITS && waits.isTickOnly(wait) && !waits.sent(wait)) {
            counts[waits.cause(wait).ordinal()][waits.evidence(wait).ordinal()]++;
            dropsWork = true;
            return;
        }
        DemandStep cause = waits.cause(wait);
        long wake = waits.wake(wait);
        long began = beginOf[number[wait]];
        if (cause != DemandStep.AWAIT_EVENT && lane == Lanes.VISITS) {
            cause = DemandStep.SLEEP_UNTIL;
        }
        switch (cause) {
            case SLEEP -> {
                int setAt = number[wait - waits.back(wait)];
                if (beginOf[setAt] < 0) {
                    cause = DemandStep.SLEEP_UNTIL; // it was set before the window
                    addSleepUntil(wake);
                } else {
                    addSleep(beginOf[setAt], number[wait] - setAt, wake);
                }
            }
            case SLEEP_UNTIL -> addSleepUntil(wake);
            case SLEEP_TO_TICK -> {
                if (began < 0) {
                    cause = DemandStep.SLEEP_UNTIL;
                    addSleepUntil(wake);
                } else {
                    long line = Math.floorDiv(wake - waits.tickPhase() + waits.tickPeriod() / 2, waits.tickPeriod());
                    long before = Math.floorDiv(began - waits.tickPhase(), waits.tickPeriod());
                    addWork(costs.hypercall);
                    add(cause, 0, Math.max(1, line - before));
                }
            }
            case AWAIT_OUTSIDE -> {
                addWork(0);
                add(cause, 0, Math.max(0, wake - costs.interrupt));
            }
            case AWAIT_EVENT -> {
                addTakes(waits.waker(wait), place);
                addWork(0);
                add(cause, place[waits.waker(wait)], 0);
            }
            default -> throw new IllegalStateException("no way for a wait to end: " + cause);
        }
        counts[
                waits.cause(wait) == DemandStep.SLEEP
                        ? cause.ordinal()
                        : waits.cause(wait).ordinal()][waits.evidence(wait).ordinal()]++;
        if (waits.hidden(wait) > 0) {
            addHiddenSleep(wait);
        }
    }

    /** The tick woke it, and before it was served the event came that it waits for. */
    private void addTickAndEvent(int wait, int[] place) {
        long tickWork = Math.min(ticksTake, waits.burst(wait));
        addTick(wait, tickWork);
        int peer = waits.hiddenEvent(wait);
        addTakes(peer, place);
        addWork(0);
        add(DemandStep.AWAIT_EVENT, place[peer], 0);
        workOfLane[lane] -= tickWork;
        counts[DemandStep.AWAIT_EVENT.ordinal()][WakeEvidence.HIDDEN.ordinal()]++;
    }

    /** The tick woke it, and before it was served its sleep was over. */
    private void addTickAndSleep(int wait) {
        addTick(wait, waits.hidden(wait));
        int setAt = number[wait - waits.hiddenBack(wait)];
        if (beginOf[setAt] >= 0) {
            addSleep(beginOf[setAt], number[wait] - setAt, beginOf[setAt] + waits.hiddenLength());
            counts[DemandStep.SLEEP.ordinal()][WakeEvidence.HIDDEN.ordinal()]++;
        }
        workOfLane[lane] -= waits.hidden(wait);
    }

    private void addTick(int wait, long work) {
        lane = Lanes.VISITS;
        if (!ticksOn) {
            addSleepUntil(waits.wake(wait));
            workOfLane[lane] += work;
        }
        counts[waits.cause(wait).ordinal()][waits.evidence(wait).ordinal()]++;
        lane = lanes.of(wait);
    }

    private void addHiddenSleep(int wait) {
        int back = waits.hiddenBack(wait);
        int setAt = number[wait - back];
        if (lane == Lanes.MAIN && beginOf[setAt] >= 0) {
            workOfLane[lane] = waits.hidden(wait);
            addSleep(beginOf[setAt], number[wait] - setAt + 1, beginOf[setAt] + waits.hiddenLength());
            workOfLane[lane] = -waits.hidden(wait);
            counts[DemandStep.SLEEP.ordinal()][WakeEvidence.HIDDEN.ordinal()]++;
        }
    }

    private void addSleep(long begin, int back, long wake) {
        // The timer is set by a hypercall of its own before the one that blocks.
        addWork(costs.hypercall);
        add(DemandStep.SLEEP, back, Math.max(1, wake - costs.interrupt - begin + costs.hypercall));
    }

    private void addSleepUntil(long wake) {
        addWork(costs.hypercall);
        add(DemandStep.SLEEP_UNTIL, 0, Math.max(0, wake - costs.interrupt));
    }

    /** Adds the work so far as a step, less {@code overhead} that the replay will be charged again. */
    private void addWork(long overhead) {
        if (workOfLane[lane] > 0) {
            add(DemandStep.WORK, 0, Math.max(1, workOfLane[lane] - overhead));
        }
        workOfLane[lane] = 0;
    }

    private void add(DemandStep kind, int peer, long value) {
        stepsOfLane[lane].add(kind.ordinal(), peer, value);
    }
}
