package org.xenolith.scheduler;

import java.util.List;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.scheduler.SedfUnit.Mode;

/**
 * Simple earliest deadline first, shipped with Xen from 2.0 to 4.5, at the behaviour of Xen 4.0.0.
 *
 * <p>A unit may have a slice reserved in every period. Among those whose period has begun the earliest deadline runs. What
 * they leave goes out as extra time in quanta of 500 us: first to those that lost part of a slice by blocking, then by weight.
 *
 * <ol>
 *   <li><b>Put away</b> who ran: charge the slice, or the extra time ({@link #putAway}).
 *   <li><b>Update</b> the queues: periods that have begun, deadlines that have passed ({@link SedfPcpu#update}).
 *   <li><b>Choose</b> the earliest deadline until its slice ends or a period begins; else extra time ({@link #schedule}).
 *   <li><b>Wake</b>: within the same period the rest of the slice is lost; later a new period begins ({@link #wake}).
 * </ol>
 *
 * <p>Domains without a reservation (all but dom0, which has 15 of 20 ms) share extra time alone. There is a set of queues a
 * pCPU and no balancing. The domain's own weight and cap mean nothing here; {@code sedf_weight} does.
 */
@Policy(
        name = "sedf",
        title = "Simple earliest deadline first: slices reserved in periods, the rest as weighted extra time",
        source = "Xen 4.0.0, common/sched_sedf.c (Diestelhorst 2004)")
@DomainParameter(name = "period_us", unit = "us", max = 10_000_000, help = "period of the reservation; 0 for none")
@DomainParameter(name = "slice_us", unit = "us", max = 10_000_000, help = "time reserved in each period")
@DomainParameter(name = "extratime", max = 1, defaultValue = 1, help = "whether it takes extra time")
@DomainParameter(
        name = "sedf_weight",
        max = 32_767,
        help = "with extratime and no period, its share of extra time; otherwise its share of what nobody reserved")
public final class Sedf implements Scheduler {
    /** Period of those that have no reservation, and of reservations by weight. */
    static final long WEIGHT_PERIOD = 100_000_000;

    /** What reservations by weight leave of it. */
    private static final long WEIGHT_SAFETY = 5_000_000;

    private static final long EXTRA_QUANTUM = 500_000;
    private static final long IDLE_SLICE = 1_000_000_000;

    private SchedulerHost host;
    private SedfPcpu[] pcpus;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        pcpus = new SedfPcpu[host.topology().pcpus()];
    }

    @Override
    public void addPcpu(int pcpu) {
        pcpus[pcpu] = new SedfPcpu();
    }

    @Override
    public void removePcpu(int pcpu) {
        pcpus[pcpu] = null;
    }

    private static SedfUnit of(SchedUnit unit) {
        return unit.data();
    }

    /** Places the unit where the fewest are, as Xen's domain builder did. */
    @Override
    public void insert(SchedUnit unit) {
        SedfUnit u = new SedfUnit(unit);
        unit.setData(u);
        int best = -1;
        for (int p = unit.usablePcpus().next(0); p >= 0; p = unit.usablePcpus().next(p + 1)) {
            if (best < 0 || pcpus[p].placed.size() < pcpus[best].placed.size()) {
                best = p;
            }
        }
        host.setPcpu(unit, best);
        pcpus[best].placed.add(u);
        reserveByWeight(pcpus[best]);
    }

    @Override
    public void remove(SchedUnit unit) {
        SedfPcpu p = pcpus[unit.pcpu()];
        p.placed.remove(of(unit));
        reserveByWeight(p);
        unit.setData(null);
    }

    @Override
    public void migrate(SchedUnit unit, int pcpu) {
        SedfUnit u = of(unit);
        pcpus[unit.pcpu()].placed.remove(u);
        pcpus[pcpu].placed.add(u);
        reserveByWeight(pcpus[unit.pcpu()]);
        reserveByWeight(pcpus[pcpu]);
    }

    @Override
    public void adjusted(Domain domain) {
        for (SchedUnit unit : domain.units()) {
            SedfUnit u = of(unit);
            u.adjust();
            SedfPcpu p = pcpus[unit.pcpu()];
            reserveByWeight(p);
            if (!u.takesExtra && u.mode != Mode.EXTRA && u.queuedForExtra) {
                p.extra.remove(u);
                u.queuedForExtra = false;
            } else if (u.takesExtra && !u.queuedForExtra && u.queued) {
                p.addExtra(u, 0);
            }
        }
    }

    /** Deals out what nobody reserved to those that have a weight instead of a slice. */
    private static void reserveByWeight(SedfPcpu p) {
        long weights = 0;
        long reserved = 0;
        for (SedfUnit u : p.placed) {
            weights += u.weight;
            reserved += u.weight > 0 ? 0 : WEIGHT_PERIOD * u.slice / u.period;
        }
        for (SedfUnit u : p.placed) {
            if (u.weight > 0) {
                u.slice = u.weight * Math.max(0, WEIGHT_PERIOD - WEIGHT_SAFETY - reserved) / weights;
            }
        }
    }

    // ---- waking, sleeping -------------------------------------------------------------------------------------------

    @Override
    public void wake(SchedUnit unit) {
        SedfUnit u = of(unit);
        SedfPcpu p = pcpus[unit.pcpu()];
        if (u.queued) {
            return;
        }
        long now = host.now();
        if (u.deadline == 0) {
            u.deadline = now + u.slice;
        }
        if (now < u.periodBegin()) {
            // It blocked in extra time.
        } else if (now < u.deadline) {
            u.loseSlice();
        } else {
            u.startPeriod(now);
        }
        if (u.wantsCompensation) {
            p.addCompensation(u, 0);
        }
        if (u.takesExtra) {
            p.addExtra(u, 0);
        }
        if (u.periodBegin() > now) {
            p.addWaiting(u);
        } else {
            p.addRunning(u);
        }
        if (preempts(u, host.current(unit.pcpu()), p)) {
            host.tickle(unit.pcpu());
        }
    }

    private static boolean preempts(SedfUnit u, SchedUnit current, SedfPcpu p) {
        if (current == null || u.periodBegin() < p.sliceEnd) {
            return true;
        }
        SedfUnit c = of(current);
        return switch (c.mode) {
            case RESERVED -> false;
            case COMPENSATION -> u.wantsCompensation && u.compensationScore < c.compensationScore;
            case EXTRA -> u.wantsCompensation;
        };
    }

    @Override
    public void sleep(SchedUnit unit) {
        SedfUnit u = of(unit);
        if (host.current(unit.pcpu()) == unit) {
            host.tickle(unit.pcpu());
        } else if (u.queued) {
            pcpus[unit.pcpu()].dequeue(u);
            pcpus[unit.pcpu()].dequeueExtra(u);
        }
    }

    // ---- the decision -----------------------------------------------------------------------------------------------

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SedfPcpu p = pcpus[pcpu];
        SchedUnit prev = host.current(pcpu);
        if (prev != null) {
            putAway(of(prev), p, now);
        }
        p.update(now);

        SedfUnit next = null;
        long slice = IDLE_SLICE;
        long nextPeriod =
                p.waiting.isEmpty() ? Long.MAX_VALUE : p.waiting.get(0).periodBegin();
        if (!p.running.isEmpty()) {
            next = p.running.get(0);
            slice = Math.min(next.slice - next.used, nextPeriod - now);
        } else if (nextPeriod != Long.MAX_VALUE) {
            slice = nextPeriod - now;
            next = slice < EXTRA_QUANTUM ? null : extra(p);
            slice = next == null ? slice : EXTRA_QUANTUM;
        }
        if (slice <= 0) {
            slice = EXTRA_QUANTUM; // behind schedule, as Xen calls it, and goes on so
        }
        explain(p, next, slice);
        p.sliceEnd = now + slice;
        if (next == null) {
            decision.run(null, slice);
        } else {
            next.startedAt = now;
            decision.run(next.unit, slice);
        }
    }

    /** Who takes extra time next, or null. */
    private static SedfUnit extra(SedfPcpu p) {
        SedfUnit u = null;
        if (!p.compensation.isEmpty()) {
            u = p.compensation.get(0);
            u.mode = Mode.COMPENSATION;
        } else if (!p.extra.isEmpty()) {
            u = p.extra.get(0);
            u.mode = Mode.EXTRA;
        }
        return u;
    }

    /** Charges {@code u} for having run, and queues it for what it is due next, or nowhere if it is not runnable. */
    private static void putAway(SedfUnit u, SedfPcpu p, long now) {
        long ran = now - u.startedAt;
        boolean runnable = u.unit.isRunnable();
        Mode mode = u.mode;
        u.mode = Mode.RESERVED;
        switch (mode) {
            case RESERVED -> {
                u.used += ran;
                if (u.used >= u.slice) {
                    u.used -= u.slice;
                    u.deadline += u.period;
                    p.dequeue(u);
                    p.addWaiting(u);
                }
            }
            case COMPENSATION -> {
                u.used = 0;
                p.compensation.remove(u);
                u.queuedForCompensation = false;
                u.compensate(ran);
                if (u.wantsCompensation) {
                    p.addCompensation(u, 0);
                }
            }
            case EXTRA -> {
                u.used = 0;
                p.extra.remove(u);
                u.queuedForExtra = false;
                long passed = u.extraScore;
                u.scoreExtra();
                if (u.takesExtra) {
                    p.addExtra(u, passed);
                }
            }
        }
        if (!runnable) {
            u.blocked();
            p.dequeue(u);
            p.dequeueExtra(u);
        }
    }

    private void explain(SedfPcpu p, SedfUnit next, long slice) {
        DecisionListener why = host.explaining();
        if (why == null) {
            return;
        }
        boolean reserved = !p.running.isEmpty();
        consider(why, p.running, next, "reserved slice, deadline in ns", reserved ? "later deadline" : "");
        for (SedfUnit u : p.waiting) {
            why.considered(u.unit, "next period begins at ns", u.periodBegin(), u == next ? "in extra time" : "waits");
        }
        if (next == null) {
            why.because(p.waiting.isEmpty() ? "nobody is runnable here" : "idle until a period begins, ns", slice);
        } else if (next.mode == Mode.RESERVED) {
            why.because("has the earliest deadline, at ns", next.deadline);
        } else if (next.mode == Mode.COMPENSATION) {
            why.because("extra time makes up for a slice lost by blocking; score", next.compensationScore);
        } else {
            why.because("extra time by weight; score", next.extraScore);
        }
    }

    private static void consider(
            DecisionListener why, List<SedfUnit> units, SedfUnit next, String metric, String otherwise) {
        for (SedfUnit u : units) {
            why.considered(u.unit, metric, u.deadline, u == next ? "earliest deadline" : otherwise);
        }
    }
}
