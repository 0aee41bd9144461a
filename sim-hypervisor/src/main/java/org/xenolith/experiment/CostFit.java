package org.xenolith.experiment;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.xenolith.machine.Cost;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Reads off a real trace what the hypervisor's work cost on the machine that made it: the distance between records that
 * stand at both ends of a piece of work. A recording perturbs what it records, and here that is wanted: the cost of
 * writing the records is part of every distance, as it was part of what the guests got.
 *
 * <ul>
 *   <li>{@code timerInterrupt}: by how much a run that its slice's timer ended is longer than the slice
 *   <li>{@code schedule}: from the scheduler's record of its decision's begin to the second runstate record
 *   <li>{@code contextSwitch}: from there to the last record of putting the old vCPU back on its runqueue, which follows
 *       the switch of state (credit2 alone writes these)
 *   <li>{@code wake}: from the wake record to the last record before something else happens
 *   <li>{@code hypercallEntry}: from the block record to the begin of the decision
 * </ul>
 *
 * <p>Records are taken in order, from one pCPU, with scheduling events (mask 0x2f000) at least.
 */
public final class CostFit implements TraceSink {
    /** Records further apart than this, in cycles at 1 GHz, do not belong to one piece of work. */
    private static final long SAME_WORK = 2_000;

    /** A run longer than its slice by more than this was held up by something else than its timer's interrupt. */
    private static final long LATEST_TIMER = 20_000;

    private final Map<Cost, Histogram> samples = new EnumMap<>(Cost.class);

    private long lastTsc;
    private long scheduleAt = -1;
    private long switchedAt = -1;
    private long wakeAt = -1;
    private long blockAt = -1;
    private long slice = -1;
    private boolean preempted;
    private int runstateRecords;

    /** What one cost came to: the number of samples and three quantiles, in cycles. */
    public record Fit(long samples, long p10, long median, long p90) {}

    /** What each cost came to that the trace tells of. */
    public Map<Cost, Fit> fits() {
        Map<Cost, Fit> fits = new EnumMap<>(Cost.class);
        samples.forEach((cost, h) -> fits.put(
                cost,
                new Fit(
                        h.getTotalCount(),
                        h.getValueAtPercentile(10),
                        h.getValueAtPercentile(50),
                        h.getValueAtPercentile(90))));
        return fits;
    }

    @Override
    public void accept(TraceRecord r) {
        if (!r.hasTsc || r.cpu != 0) {
            return;
        }
        boolean schedules = isScheduleBegin(r.event);
        if (wakeAt >= 0 && (schedules || r.tsc - lastTsc > SAME_WORK)) {
            sample(Cost.WAKE, lastTsc - wakeAt);
            wakeAt = -1;
        }
        if (switchedAt >= 0 && !isPuttingBack(r.event)) {
            if (lastTsc > switchedAt && preempted) {
                sample(Cost.CONTEXT_SWITCH, lastTsc - switchedAt);
            }
            switchedAt = -1;
        }
        if (schedules) {
            scheduleAt = r.tsc;
            if (blockAt >= 0) {
                sample(Cost.HYPERCALL_ENTRY, r.tsc - blockAt);
            }
            blockAt = -1;
        } else {
            follow(r);
        }
        lastTsc = r.tsc;
    }

    private void follow(TraceRecord r) {
        switch (r.event) {
            case TraceEvent.Sched.WAKE -> wakeAt = r.tsc;
            case TraceEvent.Sched.BLOCK -> blockAt = r.tsc;
            case TraceEvent.Sched.SWITCH_INFPREV -> {
                long late = Integer.toUnsignedLong(r.word[2]) - slice;
                if (slice > 0 && late > 0 && late < LATEST_TIMER) {
                    sample(Cost.TIMER_INTERRUPT, late);
                }
            }
            case TraceEvent.Sched.SWITCH_INFNEXT, TraceEvent.Sched.SWITCH_INFCONT -> slice = r.word[3];
            case TraceEvent.Sched.SWITCH -> runstateRecords = 0;
            default -> runstate(r);
        }
    }

    private void runstate(TraceRecord r) {
        if (scheduleAt < 0 || (r.event & ~0xff0) != TraceEvent.Sched.RUNSTATE_CHANGE) {
            return;
        }
        if (++runstateRecords == 1) {
            preempted = TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNABLE;
        } else {
            sample(Cost.SCHEDULE, r.tsc - scheduleAt);
            scheduleAt = -1;
            switchedAt = r.tsc;
        }
    }

    private static boolean isScheduleBegin(int event) {
        return event == TraceEvent.Credit.SCHEDULE
                || event == TraceEvent.Credit2.SCHEDULE
                || event == TraceEvent.Rtds.SCHEDULE;
    }

    private static boolean isPuttingBack(int event) {
        return event == TraceEvent.Credit2.RUNQ_POS || event == TraceEvent.Credit2.TICKLE_NEW;
    }

    private void sample(Cost cost, long cycles) {
        samples.computeIfAbsent(cost, c -> new Histogram(5)).recordValue(cycles);
    }

    /** The table of {@link #fits}, a line each. */
    @Override
    public String toString() {
        StringBuilder s =
                new StringBuilder(String.format("%-16s %8s %8s %8s %8s%n", "cost", "samples", "p10", "median", "p90"));
        Map<Cost, Fit> fits = fits();
        for (Cost cost : Arrays.stream(Cost.values()).filter(fits::containsKey).toList()) {
            Fit fit = fits.get(cost);
            s.append(String.format("%-16s %8d %8d %8d %8d%n", cost.key(), fit.samples, fit.p10, fit.median, fit.p90));
        }
        return s.toString();
    }
}
