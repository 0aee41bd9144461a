package org.xenolith.experiment.decisions;

import java.util.List;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;

/**
 * Expires the scheduler's own timers when Xen did: where a record of the handler tells, then; else when they were due and the
 * interrupt had been taken, or a slop after the interrupt before it, since Xen sets its hardware timer no sooner than that.
 */
final class LateTimers {
    /** What a handler has done before it reads the clock or writes a record, at most, ns. */
    private static final long HANDLER = 2_000;

    /** How late after it is due a timer may be handled, ns: nearly two slops. */
    private static final long LATEST = 90_000;

    /** From one interrupt to the next, more than the slop: the interrupt and the handler. */
    private static final long AFTER_SLOP = 2_700;

    private final List<TraceRecord> records;
    private final RecordedState state;
    private final RecordedClock clock;
    private final SchedulerStepper stepper;
    private final long slop;
    private final long soonest;
    private final long latency;
    private final long idleLatency;

    /** When timers were handled last, as far as is known. */
    private long interrupted;

    /** When a timer of the scheduler was handled last. */
    private long handled = Long.MIN_VALUE / 2;

    LateTimers(
            List<TraceRecord> records,
            RecordedState state,
            RecordedClock clock,
            SchedulerStepper stepper,
            CostProfile costs) {
        this.records = records;
        this.state = state;
        this.clock = clock;
        this.stepper = stepper;
        TscClock cycles = new TscClock(costs.tscHertz());
        this.slop = cycles.toNanos(costs.cycles(Cost.TIMER_SLOP));
        long interrupt = cycles.toNanos(costs.cycles(Cost.TIMER_INTERRUPT));
        // The profile's figure is a median; in the shortest case it is a little less. From idle, no registers are
        // saved.
        this.soonest = interrupt * 15 / 16;
        this.latency = interrupt * 6 / 5;
        this.idleLatency = interrupt * 3 / 5;
    }

    /** An interrupt was taken at {@code at}, in which timers were handled, most likely. */
    void interrupted(long at) {
        interrupted = at;
    }

    /** How far from {@code at} a timer of the scheduler was handled, or is due, ns: the nearest. */
    long distance(long at) {
        long distance = at - handled;
        for (XenTimer timer : stepper.timers()) {
            if (timer.isSet()) {
                distance = Math.min(distance, Math.abs(stepper.dueAt(timer) - at));
            }
        }
        return distance;
    }

    /**
     * Expires those that were handled before record {@code i}, or with it.
     *
     * @param at when {@code i} was written, or the work began whose first record it is
     * @param deciding whether it is part of a decision
     * @param idle whether its pCPU was idle
     */
    void run(int i, long at, boolean deciding, boolean idle) {
        TraceRecord r = records.get(i);
        XenTimer forced = deciding ? null : state.timerOf(r);
        boolean told = !deciding && (r.event & ~0xfff) == Sched.PER_SCHEDULER_CLASS && state.kind(r.event) != null;
        while (true) {
            XenTimer first = null;
            long firstAt = Long.MAX_VALUE;
            for (XenTimer timer : stepper.timers()) {
                long when = when(timer, i, at, timer == forced, told && forced == null, idle);
                if (when < firstAt) {
                    first = timer;
                    firstAt = when;
                }
            }
            if (first == null) {
                return;
            }
            stepper.expire(first, firstAt);
            forced = first == forced ? null : forced;
            interrupted = Math.max(interrupted, firstAt - HANDLER);
            handled = firstAt;
        }
    }

    /** When {@code timer} was handled, or {@link Long#MAX_VALUE} if after {@code at}. */
    private long when(XenTimer timer, int i, long at, boolean forced, boolean told, boolean idle) {
        if (!timer.isSet()) {
            return Long.MAX_VALUE;
        }
        long due = stepper.dueAt(timer);
        if (forced && Math.abs(due - at) < LATEST) {
            return Math.max(clock.exact(i), due);
        }
        if (due + soonest > at || isHandledLater(timer, i, due)) {
            return Long.MAX_VALUE;
        }
        if (told && at - due < LATEST) {
            return clock.exact(i);
        }
        boolean slopped = due > interrupted && due < interrupted + slop;
        long when = slopped ? interrupted + slop + AFTER_SLOP : due + (idle ? idleLatency : latency);
        return when <= at ? when : Long.MAX_VALUE;
    }

    private boolean isHandledLater(XenTimer timer, int i, long due) {
        for (int j = i + 1; j < records.size(); j++) {
            TraceRecord r = records.get(j);
            if (clock.at(r) > due + LATEST) {
                return false;
            }
            if (state.timerOf(r) == timer) {
                return true;
            }
        }
        return false;
    }
}
