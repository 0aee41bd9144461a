package org.xenolith.scheduler;

import java.util.Iterator;
import java.util.LinkedHashSet;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.trace.TraceEvent;

/**
 * Null, the scheduler that does not schedule: every unit has a pCPU of its own, at the behaviour of Xen 4.17. For machines with
 * a pCPU for each vCPU, where all that a scheduler could do is to be in the way.
 *
 * <ol>
 *   <li><b>Assign.</b> A unit that comes online gets a free pCPU ({@link #pickPcpu}) and keeps it, also while it sleeps.
 *   <li><b>Wait.</b> If there is none, it waits, first in, first out, until one is free ({@link #deassign}); those that prefer
 *       that pCPU go first.
 *   <li><b>Run</b> the unit that the pCPU is assigned to whenever it wants to, without a timer and without preemption
 *       ({@link #schedule}).
 * </ol>
 */
@Policy(
        name = "null",
        title = "A pCPU for each vCPU, and no scheduling",
        source = "Xen 4.17, common/sched/null.c (Faggioli 2017)")
public final class NullScheduler implements Scheduler {
    private SchedulerHost host;

    /** By pCPU: the unit it is assigned to, or null. */
    private SchedUnit[] assigned;

    /** Units without a pCPU, in the order in which they came. */
    private final LinkedHashSet<SchedUnit> waiting = new LinkedHashSet<>();

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        assigned = new SchedUnit[host.topology().pcpus()];
    }

    @Override
    public void insert(SchedUnit unit) {
        if (!unit.isOnline()) {
            return;
        }
        host.setPcpu(unit, pickPcpu(unit));
        if (assigned[unit.pcpu()] == null) {
            assign(unit, unit.pcpu());
        } else {
            waiting.add(unit);
        }
    }

    @Override
    public void remove(SchedUnit unit) {
        giveUp(unit);
    }

    @Override
    public void wake(SchedUnit unit) {
        int pcpu = unit.pcpu();
        if (unit.isRunning() || waiting.contains(unit)) {
            return;
        }
        if (assigned[pcpu] == unit) {
            host.tickle(pcpu);
        } else if (assigned[pcpu] == null && suits(unit, pcpu, unit.hasSoftAffinity())) {
            assign(unit, pcpu);
            host.tickle(pcpu);
        } else {
            // It was offline, and its pCPU is taken or not the best: the first free one that decides takes it.
            waiting.add(unit);
            CpuSet usable = unit.usablePcpus();
            for (int p = usable.next(0); p >= 0; p = usable.next(p + 1)) {
                if (assigned[p] == null) {
                    host.tickle(p);
                }
            }
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        boolean passedOn = !unit.isOnline() && giveUp(unit);
        if (!passedOn && unit.isRunning()) {
            host.tickle(unit.pcpu());
        }
    }

    /**
     * The unit's own pCPU if that is free or its own, or else the first free one; both first among those it prefers. If none is
     * free, the first that it may use, to have one to wait for (Xen takes any).
     */
    @Override
    public int pickPcpu(SchedUnit unit) {
        int picked = unit.hasSoftAffinity() ? freeFor(unit, true) : -1;
        picked = picked >= 0 ? picked : freeFor(unit, false);
        picked = picked >= 0 ? picked : unit.usablePcpus().next(0);
        if (host.tracing(TraceEvent.Null.PICKED_CPU)) {
            host.trace(TraceEvent.Null.PICKED_CPU, unit.traceWord(), picked);
        }
        return picked;
    }

    @Override
    public void migrate(SchedUnit unit, int pcpu) {
        if (host.tracing(TraceEvent.Null.MIGRATE)) {
            host.trace(TraceEvent.Null.MIGRATE, unit.traceWord(), unit.pcpu() | pcpu << 16);
        }
        if (assigned[unit.pcpu()] == unit) {
            deassign(unit);
        }
        if (!unit.isOnline()) {
            waiting.remove(unit);
        } else if (assigned[pcpu] == null && suits(unit, pcpu, false)) {
            waiting.remove(unit);
            assign(unit, pcpu);
        } else {
            waiting.add(unit);
        }
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        if (host.tracing(TraceEvent.Null.SCHEDULE)) {
            host.trace(TraceEvent.Null.SCHEDULE, pcpu << 16, assigned[pcpu] == null ? -1 : assigned[pcpu].traceWord());
        }
        if (assigned[pcpu] == null && host.pcpus().contains(pcpu)) {
            serveWaiting(pcpu); // a pCPU that has just come, or one tickled for a unit that came online
        }
        SchedUnit own = assigned[pcpu];
        DecisionListener why = host.explaining();
        if (why != null) {
            explain(why, pcpu, own);
        }
        if (own != null && own.isRunnable()) {
            decision.run(own, Decision.UNLIMITED);
        } else {
            decision.idle();
        }
    }

    private void explain(DecisionListener why, int pcpu, SchedUnit own) {
        for (SchedUnit unit : waiting) {
            why.considered(unit, "pCPU", -1, "has no pCPU and waits for a free one");
        }
        if (own == null) {
            why.because("nobody is assigned to this pCPU; waiting elsewhere", waiting.size());
        } else if (own.isRunnable()) {
            why.considered(own, "pCPU", pcpu, "this pCPU is its own");
            why.because("assigned to this pCPU, and wants to run; others without a pCPU", waiting.size());
        } else {
            why.considered(own, "pCPU", pcpu, "this pCPU is its own, but it sleeps");
            why.because("assigned to a unit that sleeps, and lent to nobody; others without a pCPU", waiting.size());
        }
    }

    private int freeFor(SchedUnit unit, boolean preferredOnly) {
        int own = unit.pcpu();
        if ((assigned[own] == null || assigned[own] == unit) && suits(unit, own, preferredOnly)) {
            return own;
        }
        CpuSet usable = unit.usablePcpus();
        for (int p = usable.next(0); p >= 0; p = usable.next(p + 1)) {
            if (assigned[p] == null && suits(unit, p, preferredOnly)) {
                return p;
            }
        }
        return -1;
    }

    private static boolean suits(SchedUnit unit, int pcpu, boolean preferredOnly) {
        return unit.usable(pcpu) && (!preferredOnly || unit.softAffinity().contains(pcpu));
    }

    private void assign(SchedUnit unit, int pcpu) {
        assigned[pcpu] = unit;
        if (unit.pcpu() != pcpu) {
            host.setPcpu(unit, pcpu);
        }
        if (host.tracing(TraceEvent.Null.ASSIGN)) {
            host.trace(TraceEvent.Null.ASSIGN, unit.traceWord(), pcpu);
        }
    }

    /** {@code unit} no longer has a pCPU nor waits for one; returns whether its pCPU was passed on. */
    private boolean giveUp(SchedUnit unit) {
        waiting.remove(unit);
        return assigned[unit.pcpu()] == unit && deassign(unit);
    }

    /** Frees the pCPU of {@code unit} for one that waits; returns whether there was one. */
    private boolean deassign(SchedUnit unit) {
        int pcpu = unit.pcpu();
        assigned[pcpu] = null;
        if (host.tracing(TraceEvent.Null.DEASSIGN)) {
            host.trace(TraceEvent.Null.DEASSIGN, unit.traceWord(), pcpu);
        }
        if (!serveWaiting(pcpu)) {
            return false;
        }
        host.tickle(pcpu);
        return true;
    }

    /** Assigns {@code pcpu}, which is free, to the first that waits for it, those that prefer it first. */
    private boolean serveWaiting(int pcpu) {
        return serveWaiting(pcpu, true) || serveWaiting(pcpu, false);
    }

    private boolean serveWaiting(int pcpu, boolean preferredOnly) {
        for (Iterator<SchedUnit> units = waiting.iterator(); units.hasNext(); ) {
            SchedUnit unit = units.next();
            if ((!preferredOnly || unit.hasSoftAffinity()) && suits(unit, pcpu, preferredOnly)) {
                units.remove();
                assign(unit, pcpu);
                return true;
            }
        }
        return false;
    }
}
