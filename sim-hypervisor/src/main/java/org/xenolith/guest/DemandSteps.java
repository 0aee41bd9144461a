package org.xenolith.guest;

import java.util.List;
import org.xenolith.hypervisor.Runstate;

/** Turns what was logged of a vCPU, and what was concluded of its waits, into steps of demand. */
final class DemandSteps {
    private final Waits waits;
    private final WakeCauses causes;
    private final RecordingCosts costs;
    private final StepList steps = new StepList();
    private final int[][] counts = new int[DemandStep.values().length][WakeEvidence.values().length];
    private long work;

    private DemandSteps(VcpuLog v, WakeCauses causes, RecordingCosts costs) {
        this.waits = causes.of(v);
        this.causes = causes;
        this.costs = costs;
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
        DemandSteps steps = new DemandSteps(v, causes, costs);
        if (startsAt > 0) {
            steps.add(DemandStep.AWAIT_OUTSIDE, 0, startsAt);
        }
        boolean blocked = steps.walk(v, logs, place, length);
        boolean backlogged = !blocked && (v.ran || v.state == Runstate.RUNNABLE || v.state == Runstate.RUNNING);
        return new VcpuDemand(
                v.domain,
                v.id,
                backlogged,
                steps.steps,
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
                case VcpuLog.WORK -> work += value;
                case VcpuLog.BLOCK -> blocked = true;
                case VcpuLog.WAKE -> addWait(wait++, place);
                case VcpuLog.WOKE -> {
                    if (causes.of(logs.get(peer)).cause((int) value) == DemandStep.AWAIT_EVENT) {
                        addWork(0);
                        add(DemandStep.SEND, place[peer], 0);
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
        int last = v.entries.size() - 1;
        if (last > 0 && VcpuLog.kindOf(v.entries.kind(last)) == VcpuLog.BLOCK && length > v.entries.value(last)) {
            addSleep(v.entries.value(last), 0, length); // the part of the last wait that is in the window
        }
        addWork(0);
        return blocked;
    }

    private void addWait(int wait, int[] place) {
        DemandStep cause = waits.cause(wait);
        long wake = waits.wake(wait);
        switch (cause) {
            case SLEEP -> {
                long begin = waits.block(wait - waits.back(wait));
                if (begin < 0) {
                    cause = DemandStep.SLEEP_UNTIL; // it was set before the window
                    addSleepUntil(wake);
                } else {
                    addSleep(begin, waits.back(wait), wake);
                }
            }
            case SLEEP_UNTIL -> addSleepUntil(wake);
            case SLEEP_TO_TICK -> {
                if (waits.block(wait) < 0) {
                    cause = DemandStep.SLEEP_UNTIL;
                    addSleepUntil(wake);
                } else {
                    long line = Math.floorDiv(wake - waits.tickPhase() + waits.tickPeriod() / 2, waits.tickPeriod());
                    long before = Math.floorDiv(waits.block(wait) - waits.tickPhase(), waits.tickPeriod());
                    addWork(costs.hypercall);
                    add(cause, 0, Math.max(1, line - before));
                }
            }
            case AWAIT_OUTSIDE -> {
                addWork(0);
                add(cause, 0, Math.max(0, wake - costs.interrupt));
            }
            case AWAIT_EVENT -> {
                addWork(0);
                add(cause, place[waits.waker(wait)], 0);
            }
            default -> throw new IllegalStateException("no way for a wait to end: " + cause);
        }
        counts[cause.ordinal()][waits.evidence(wait).ordinal()]++;
        if (waits.hidden(wait) > 0) {
            int back = waits.hiddenBack(wait);
            long begin = waits.block(wait - back);
            if (begin >= 0) {
                work = waits.hidden(wait);
                addSleep(begin, back + 1, begin + waits.hiddenLength());
                work = -waits.hidden(wait);
                counts[DemandStep.SLEEP.ordinal()][WakeEvidence.HIDDEN.ordinal()]++;
            }
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
        if (work > 0) {
            add(DemandStep.WORK, 0, Math.max(1, work - overhead));
        }
        work = 0;
    }

    private void add(DemandStep kind, int peer, long value) {
        steps.add(kind.ordinal(), peer, value);
    }
}
