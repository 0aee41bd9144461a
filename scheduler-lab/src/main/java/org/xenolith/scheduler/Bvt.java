package org.xenolith.scheduler;

import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/**
 * Borrowed virtual time, Xen's scheduler until August 2006 and the one of its first paper, at the behaviour of Xen 3.0.2.
 *
 * <p>Each unit has an actual virtual time (AVT) that advances while it runs, the faster the lower its weight. The one with the
 * lowest effective virtual time (EVT) runs. A unit may <em>warp</em>: its EVT is then its AVT less a constant, so that it
 * borrows against its future share and is dispatched early.
 *
 * <ol>
 *   <li><b>Charge</b> the unit that ran for whole minimum charging units of 100 us ({@link BvtUnit#charge}).
 *   <li><b>Choose</b> the lowest EVT of the pCPU's queue; the lowest AVT becomes the system virtual time (SVT).
 *   <li><b>Slice</b>: the context-switch allowance; ten of them if nobody else waits.
 *   <li><b>Wake</b>: nobody saves up while asleep, so AVT is at least SVT; preempt if EVT is not above the running one's.
 * </ol>
 *
 * <p>There is a queue a pCPU and no balancing: a unit stays where it was placed. Virtual times have 64 bits here, so the
 * rebasing that Xen's 32 bits need does not occur. They count in 256ths, so that a weight need not divide anything.
 */
@Policy(
        name = "bvt",
        title = "Borrowed virtual time: the lowest effective virtual time runs; Xen's scheduler until 2006",
        source = "Duda and Cheriton, SOSP 1999; Xen 3.0.2, common/sched_bvt.c")
@DomainParameter(
        name = "mcu_advance",
        max = 1_000_000,
        help = "virtual time that 100 us cost, an inverse weight; 0 takes 10 for weight 256, 5 for 512 and so on")
@DomainParameter(name = "warpback", max = 1, help = "whether it may warp")
@DomainParameter(name = "warpvalue", max = 1_000_000_000, help = "by how much virtual time it warps")
@DomainParameter(
        name = "warpl_ms",
        unit = "ms",
        defaultValue = 2000,
        max = 1_000_000,
        help = "longest time to run warped")
@DomainParameter(
        name = "warpu_ms",
        unit = "ms",
        defaultValue = 1000,
        max = 1_000_000,
        help = "time it must then go without before it warps again")
public final class Bvt implements Scheduler {
    @Parameter(
            name = "ctx_allow_us",
            unit = "us",
            min = 10,
            max = 1_000_000,
            help = "context-switch allowance: how long a unit runs before another of lower EVT gets its turn")
    long allowanceMicros = 5000;

    private SchedulerHost host;
    private BvtPcpu[] pcpus;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        pcpus = new BvtPcpu[host.topology().pcpus()];
    }

    @Override
    public void addPcpu(int pcpu) {
        pcpus[pcpu] = new BvtPcpu(host.newTimer(pcpu, now -> host.tickle(pcpu)));
    }

    @Override
    public void removePcpu(int pcpu) {
        pcpus[pcpu].preemption.stop();
        pcpus[pcpu] = null;
    }

    private static BvtUnit of(SchedUnit unit) {
        return unit.data();
    }

    /** Places the unit where the fewest are, as Xen's domain builder did, with the virtual time of that pCPU. */
    @Override
    public void insert(SchedUnit unit) {
        BvtUnit u = new BvtUnit(unit);
        unit.setData(u);
        int best = -1;
        for (int p = unit.usablePcpus().next(0); p >= 0; p = unit.usablePcpus().next(p + 1)) {
            if (best < 0 || pcpus[p].placed < pcpus[best].placed) {
                best = p;
            }
        }
        host.setPcpu(unit, best);
        pcpus[best].placed++;
        u.avt = pcpus[best].svt;
    }

    @Override
    public void remove(SchedUnit unit) {
        pcpus[unit.pcpu()].placed--;
        unit.setData(null);
    }

    @Override
    public void adjusted(Domain domain) {
        domain.units().forEach(unit -> of(unit).adjust());
    }

    @Override
    public void migrate(SchedUnit unit, int pcpu) {
        BvtUnit u = of(unit);
        BvtPcpu from = pcpus[unit.pcpu()];
        from.placed--;
        pcpus[pcpu].placed++;
        u.avt += pcpus[pcpu].svt - from.svt; // virtual times of two pCPUs have nothing to do with each other
    }

    // ---- waking, sleeping -------------------------------------------------------------------------------------------

    @Override
    public void wake(SchedUnit unit) {
        BvtUnit u = of(unit);
        BvtPcpu p = pcpus[unit.pcpu()];
        if (u.queued) {
            return;
        }
        long now = host.now();
        p.addFirst(u);
        u.avt = Math.max(u.avt, p.svt);
        u.startWarp(now);
        SchedUnit current = host.current(unit.pcpu());
        if (current == null) {
            host.tickle(unit.pcpu());
            return;
        }
        BvtUnit c = of(current);
        long ahead = u.evt(now) - c.evtAfterRunning(now);
        if (ahead <= 0) {
            host.tickle(unit.pcpu());
        } else {
            p.preemptAt(c.since + ahead / c.advance + allowance());
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (host.current(unit.pcpu()) == unit) {
            host.tickle(unit.pcpu());
        } else if (of(unit).queued) {
            pcpus[unit.pcpu()].remove(of(unit));
        }
    }

    // ---- the decision -----------------------------------------------------------------------------------------------

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        BvtPcpu p = pcpus[pcpu];
        p.preemption.stop();
        SchedUnit prev = host.current(pcpu);
        if (prev != null) {
            // 1. Charge who ran, and queue it behind the others.
            BvtUnit u = of(prev);
            u.charge(now);
            p.remove(u);
            if (prev.isRunnable()) {
                p.addLast(u);
            } else {
                u.endWarp(now);
            }
        }

        // 2. Choose the lowest effective virtual time, and see who comes second.
        BvtUnit next = null;
        BvtUnit second = null;
        long svt = Long.MAX_VALUE;
        for (int i = 0; i < p.size(); i++) {
            BvtUnit u = p.get(i);
            if (next == null || u.evt(now) < next.evt(now)) {
                second = next;
                next = u;
            } else if (second == null || u.evt(now) < second.evt(now)) {
                second = u;
            }
            svt = Math.min(svt, u.avt);
        }
        explain(p, next, now);
        if (next == null) {
            decision.idle();
            return;
        }
        p.svt = svt;

        // 3. Run it until the other's turn has come. Xen adds the quotient, a count of charging units, as nanoseconds.
        next.since = now;
        long slice = second == null ? 10 * allowance() : (second.evt(now) - next.evt(now)) / next.advance + allowance();
        p.sliceEnd = now + Math.min(slice, next.warpLeft(now));
        decision.run(next.unit, p.sliceEnd - now);
    }

    private long allowance() {
        return allowanceMicros * 1000;
    }

    private void explain(BvtPcpu p, BvtUnit next, long now) {
        DecisionListener why = host.explaining();
        if (why == null) {
            return;
        }
        for (int i = 0; i < p.size(); i++) {
            BvtUnit u = p.get(i);
            String verdict = u == next ? "lowest" : u.warping ? "warping, but not the lowest" : "higher";
            why.considered(u.unit, "effective virtual time", u.evt(now) / BvtUnit.SCALE, verdict);
        }
        if (next == null) {
            why.because("nobody is runnable here", 0);
        } else {
            why.because("has the lowest effective virtual time", next.evt(now) / BvtUnit.SCALE);
        }
    }
}
