package org.xenolith.hypervisor;

/**
 * Core scheduling: the pCPUs of a core (or socket) decide together and switch together, so that never two domains are on them at once. A unit
 * holds as many vCPUs as there are pCPUs, each with a place of its own; where one is missing or has nothing to do, its pCPU idles meanwhile.
 * Follows {@code sched_wait_rendezvous_in}, {@code sched_slave} and {@code sched_context_switched} of {@code common/sched/core.c} of Xen 4.17.
 *
 * <ol>
 *   <li><b>Call.</b> A pCPU that is to decide calls its siblings by a softirq and waits; so does each that comes ({@link #arrive}).
 *   <li><b>Decide.</b> The last to come asks the scheduler, which knows of the master only ({@link #decide}).
 *   <li><b>Switch.</b> Each switches to its own vCPU of the unit chosen, or to idling ({@link SchedCore#switchTo}).
 *   <li><b>Leave.</b> When all have switched, the unit that left may be queued or moved, and all go on.
 * </ol>
 *
 * <p>A vCPU of a running unit that wakes, or is paused, while the others go on is switched to or away by its own pCPU without a decision
 * ({@link #force}). Unlike in Xen, where the last to come records what changed on all of them, each pCPU records its own switch.
 */
final class CoreScheduling {
    private final Hypervisor hypervisor;
    private final SchedCore core;

    /** Resources of {@code size} pCPUs each. */
    CoreScheduling(Hypervisor hypervisor, SchedCore core, int size) {
        this.hypervisor = hypervisor;
        this.core = core;
        for (int first = 0; first < hypervisor.pcpus().size(); first += size) {
            Pcpu[] pcpus = new Pcpu[size];
            for (int i = 0; i < size; i++) {
                pcpus[i] = hypervisor.pcpu(first + i);
            }
            SchedResource resource = new SchedResource(pcpus);
            for (Pcpu p : pcpus) {
                p.resource = resource;
            }
        }
    }

    /** Does one softirq of {@code p} that is pending. Where it waits for its siblings afterwards, {@link Pcpu#waiting} says so. */
    void softirq(Pcpu p) {
        if (p.slaveSoftirq) {
            p.slaveSoftirq = false;
            called(p);
            return;
        }
        p.scheduleSoftirq = false;
        SchedResource r = p.resource;
        if (r.toArrive > 0) {
            p.scheduleSoftirq = true; // once more, when this is over
            arrive(p);
            return;
        }
        r.master().sliceTimer.stop();
        if (p.pool == null) {
            return; // it is in no pool, and idles
        }
        r.toArrive = r.pcpus.length;
        for (Pcpu sibling : r.pcpus) {
            if (sibling != p) {
                hypervisor.raiseSlaveSoftirq(sibling);
            }
        }
        arrive(p);
    }

    /** {@code v} has become runnable: if no other of its unit was, the scheduler hears of it. */
    void woken(Vcpu v) {
        SchedUnit unit = v.unit();
        if (!unit.awake) {
            unit.awake = true;
            unit.domain().pool().scheduler.wake(unit);
        }
        if (unit.running && !v.isOnPcpu()) {
            force(v);
        }
    }

    /** {@code v} is not runnable any more: if no other of its unit is, the scheduler hears of it. */
    void slept(Vcpu v) {
        SchedUnit unit = v.unit();
        if (!unit.isRunnable()) {
            unit.awake = false;
            unit.domain().pool().scheduler.sleep(unit);
        } else if (unit.running && v.isOnPcpu() && unit.onPcpus() > 1) {
            force(v);
        }
    }

    /** {@code v}, of a unit that runs, has begun or ceased to be runnable: its pCPU sees to it alone. */
    private void force(Vcpu v) {
        if (!v.forced) {
            v.forced = true;
            hypervisor.raiseSlaveSoftirq(hypervisor.pcpu(v.pcpu()));
        }
    }

    /** Xen's {@code sched_slave}. */
    private void called(Pcpu p) {
        SchedResource r = p.resource;
        Vcpu v = r.current == null ? null : r.current.at(p.id() - r.master().id());
        boolean inVain = false;
        if (v != null && v.forced) {
            v.forced = false;
            inVain = !switchAlone(p, v);
        }
        if (r.toArrive > 0) {
            arrive(p);
        } else if (inVain) {
            hypervisor.raiseScheduleSoftirq(p);
        }
    }

    /** Switches {@code p} to {@code v} or away from it, if that is due; not away from the last of a unit. */
    private boolean switchAlone(Pcpu p, Vcpu v) {
        if (v.isRunnable() == (p.current == v)) {
            return false;
        }
        if (!v.isRunnable() && v.unit().onPcpus() == 1) {
            return false;
        }
        core.switchTo(p, v.isRunnable() ? v : null, p.clock);
        return true;
    }

    private void arrive(Pcpu p) {
        if (--p.resource.toArrive > 0) {
            p.waiting = true;
            return;
        }
        decide(p.resource, p);
    }

    /** All have come, {@code p} as the last: the decision, the switch of all, and their leave. */
    private void decide(SchedResource r, Pcpu p) {
        together(r);
        long switchTime = p.clock;
        SchedUnit prev = r.current;
        SchedUnit next = p.pool == null ? null : core.ask(r.master(), prev);
        r.current = next;
        if (next != null && next != prev) {
            next.running = true;
            next.pcpu = r.master().id();
            next.stateSince = switchTime;
        }
        together(r);
        for (int i = 0; i < r.pcpus.length; i++) {
            Pcpu q = r.pcpus[i];
            hypervisor.workOn(q);
            Vcpu v = next == null ? null : next.at(i);
            if (v != null) {
                v.forced = false;
            }
            core.switchTo(q, v != null && v.isRunnable() ? v : null, switchTime);
        }
        hypervisor.workOn(p);
        together(r);
        if (prev != null && prev != next) {
            left(r.master(), prev);
        }
        together(r);
        for (Pcpu q : r.pcpus) {
            q.waiting = false;
        }
        for (Pcpu q : r.pcpus) {
            if (q != p) {
                hypervisor.resume(q);
            }
        }
        hypervisor.workOn(p);
    }

    /** {@code unit} has left {@code master} and its siblings: it may be queued or moved. */
    private void left(Pcpu master, SchedUnit unit) {
        unit.running = false;
        unit.stateSince = hypervisor.time();
        unit.members().forEach(v -> v.forced = false);
        unit.awake = unit.isRunnable();
        unit.domain().pool().scheduler.contextSaved(unit);
        core.finishMigration(unit);
        hypervisor.letGo(master, unit.domain());
    }

    /** Those of {@code r} that wait do so until the last of them has come. */
    private static void together(SchedResource r) {
        long latest = 0;
        for (Pcpu q : r.pcpus) {
            latest = Math.max(latest, q.clock);
        }
        for (Pcpu q : r.pcpus) {
            q.work(latest - q.clock);
        }
    }
}
