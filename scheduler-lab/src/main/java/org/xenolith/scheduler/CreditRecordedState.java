package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.xenolith.experiment.decisions.RecordedState;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * What trace records of Xen's credit tell of its state: no credits, but what comes of them. Who has some left is boosted when it
 * wakes, who has more than a timeslice's stops to earn, who has overdrawn its cap is parked.
 */
public final class CreditRecordedState implements RecordedState {
    /** What a guest has that was paused for long is between half a timeslice's credits and half as many again. */
    private static final int LIKELY_CREDIT = 187;

    /** From a tick's expiry to its first record, ns. */
    private static final long TICK_TO_RECORD = 4_000;

    /** From the record of a tick or an accounting to its handler's setting the timer anew, ns. */
    private static final long RECORD_TO_TIMER = 500;

    /** Less than this after the expiry of accounting a sleep or wake is its doing, ns. */
    private static final long NEAR = 100_000;

    private SchedulerStepper stepper;
    private Credit scheduler;

    @Override
    public String scheduler() {
        return "credit";
    }

    @Override
    public int scheduleEvent() {
        return TraceEvent.Credit.SCHEDULE;
    }

    /** Ticks begin on multiples of their period. */
    @Override
    public long systemTime(List<TraceRecord> records, TraceDescription description) {
        long first = records.get(0).tsc;
        long someTime = 1_000_000_000_000L;
        for (TraceRecord r : records) {
            if (r.event == TraceEvent.Credit.BOOST_END || r.event == TraceEvent.Credit.ACCOUNT_START) {
                return someTime - (r.tsc - first) % 10_000_000 + TICK_TO_RECORD;
            }
        }
        return someTime;
    }

    @Override
    public void attach(SchedulerStepper stepper) {
        this.stepper = stepper;
        this.scheduler = (Credit) stepper.scheduler();
    }

    @Override
    public List<String> start(List<TraceRecord> records, long offset, TraceDescription description) {
        List<String> assumed = new ArrayList<>();
        assumed.add("when ticks and accounting come is taken from the first record of each");
        assumed.add("whether a vCPU earns is taken from the first record that tells it");
        Set<Integer> seen = new HashSet<>();
        boolean accounted = false;
        for (TraceRecord r : records) {
            boolean stops = r.event == TraceEvent.Credit.ACCOUNT_STOP;
            boolean tells = stops || r.event == TraceEvent.Credit.ACCOUNT_START;
            if (tells && unit(unitWord(r)) != null && seen.add(unitWord(r))) {
                earns(scheduler.of(unit(unitWord(r))), stops);
            }
            if (stops && !accounted) {
                accounted = true;
                long now = stepper.host().now();
                long at = r.tsc + offset;
                scheduler.accounting.set(now + (at - now) % scheduler.timeslice - NEAR / 5);
            }
        }
        long now = stepper.host().now();
        long tick = scheduler.tickPeriod;
        for (int p = 0; p < description.pcpus(); p++) {
            scheduler.runqueues[p].ticker.set(now + tick - now % tick);
        }
        for (Domain domain : stepper.domains()) {
            DomainDescription d = description.domain(domain.id());
            Integer told = d.credit();
            int credit = told == null ? LIKELY_CREDIT : told;
            assumed.add(domain.name() + " starts with " + credit + " credits, "
                    + (told == null ? "which is likely for one that was paused" : "as the description says"));
            for (SchedUnit unit : domain.units()) {
                CreditUnit u = scheduler.of(unit);
                u.migrating = false;
                u.credit = credit;
                u.priority = credit < 0 ? Credit.OVER : Credit.UNDER;
            }
        }
        return assumed;
    }

    private void earns(CreditUnit u, boolean active) {
        if (active && !u.active) {
            scheduler.startEarning(u);
        } else if (!active && u.active) {
            scheduler.stopEarning(u);
        }
    }

    private SchedUnit unit(int word) {
        return stepper.unit(TraceEvent.domainOf(word), TraceEvent.vcpuOf(word));
    }

    @Override
    public Kind kind(int event) {
        return switch (event) {
            case TraceEvent.Credit.ACCOUNT_START,
                    TraceEvent.Credit.ACCOUNT_STOP,
                    TraceEvent.Sched.SLEEP,
                    TraceEvent.Sched.WAKE -> Kind.GRANT;
            case TraceEvent.Credit.BOOST_START, TraceEvent.Credit.BOOST_END, TraceEvent.Credit.PICKED_CPU -> Kind.OTHER;
            default -> null;
        };
    }

    @Override
    public int unitWord(TraceRecord record) {
        return TraceEvent.packVcpu(record.word[0], record.word[1]);
    }

    /** That it was written is what it tells. */
    @Override
    public boolean isSame(TraceRecord recorded, TraceRecord simulated) {
        return recorded.event != TraceEvent.Credit.PICKED_CPU || recorded.word[2] == simulated.word[2];
    }

    @Override
    public boolean isOwn(TraceRecord r, long at) {
        long since = at - scheduler.accountedAt;
        return isSleepOrWake(r) && isCapped(r) && (since < NEAR || Math.abs(since - scheduler.timeslice) < NEAR);
    }

    private static boolean isSleepOrWake(TraceRecord r) {
        return r.event == TraceEvent.Sched.SLEEP || r.event == TraceEvent.Sched.WAKE;
    }

    @Override
    public XenTimer timerOf(TraceRecord r) {
        return switch (r.event) {
            case TraceEvent.Credit.BOOST_END, TraceEvent.Credit.ACCOUNT_START, TraceEvent.Credit.PICKED_CPU ->
                scheduler.runqueues[r.cpu].ticker;
            case TraceEvent.Credit.ACCOUNT_STOP -> scheduler.accounting;
            case TraceEvent.Sched.SLEEP, TraceEvent.Sched.WAKE -> isCapped(r) ? scheduler.accounting : null;
            default -> null;
        };
    }

    private boolean isCapped(TraceRecord r) {
        SchedUnit unit = unit(unitWord(r));
        return unit != null && unit.domain().cap() > 0;
    }

    @Override
    public void told(TraceRecord recorded, long at) {
        XenTimer timer = timerOf(recorded);
        if (timer != null) {
            long period = timer == scheduler.accounting ? scheduler.timeslice : scheduler.tickPeriod;
            timer.set(at + period + RECORD_TO_TIMER);
        }
    }

    @Override
    public void correct(SchedUnit unit, TraceRecord recorded, TraceRecord simulated) {
        CreditUnit u = scheduler.of(unit);
        boolean really = recorded != null;
        switch (really ? recorded.event : simulated.event) {
            case TraceEvent.Credit.BOOST_START -> prioritise(u, really ? Credit.BOOST : Credit.OVER);
            case TraceEvent.Credit.BOOST_END -> u.priority = really ? Credit.UNDER : u.priority;
            case TraceEvent.Credit.ACCOUNT_START -> earns(u, true);
            case TraceEvent.Credit.ACCOUNT_STOP -> {
                // At least one credit more than a timeslice's, and halved; or not even that.
                u.credit = really ? (scheduler.creditsPerSlice + 1) / 2 : scheduler.creditsPerSlice;
                u.priority = Credit.UNDER;
                earns(u, !really);
            }
            case TraceEvent.Sched.SLEEP -> park(u, really);
            case TraceEvent.Sched.WAKE -> park(u, !really);
            default -> {}
        }
    }

    private void prioritise(CreditUnit u, int priority) {
        u.priority = priority;
        if (u.queued) {
            CreditRunqueue q = scheduler.runqueues[u.unit.pcpu()];
            q.remove(u);
            q.insert(u);
        }
    }

    /** A capped unit was parked or not, other than the model has it: its credit was such by as little as can be. */
    private void park(CreditUnit u, boolean parked) {
        if (parked == u.parked) {
            return;
        }
        if (parked) {
            u.credit = Math.min(u.credit, -u.unit.domain().cap() * scheduler.creditsPerSlice / 100 - 1);
            u.priority = Credit.OVER;
            u.parked = true;
            stepper.host().pause(u.unit);
        } else {
            u.credit = Math.max(u.credit, 0);
            u.priority = Credit.UNDER;
            stepper.host().unpause(u.unit);
            u.parked = false;
        }
    }

    @Override
    public void runInstead(int pcpu, SchedUnit chosen, SchedUnit recorded, long now) {
        CreditRunqueue q = scheduler.runqueues[pcpu];
        if (chosen != null && chosen.isRunnable()) {
            q.insert(scheduler.of(chosen));
        }
        if (recorded != null) {
            CreditUnit u = scheduler.of(recorded);
            if (u.queued) {
                q.remove(u);
            }
            u.startNanos = now - u.unchargedNanos;
        }
        scheduler.idlers.set(pcpu, recorded == null);
    }
}
