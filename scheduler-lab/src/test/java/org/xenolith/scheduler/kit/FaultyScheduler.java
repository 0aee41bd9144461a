package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/** Round robin with one deliberate fault, to show that the contract catches it. */
final class FaultyScheduler implements Scheduler {
    /** What is wrong. */
    enum Fault {
        /** Every fiftieth wake-up is forgotten. */
        LOSES_WAKEUPS,
        /** Caps are promised, not kept. */
        IGNORES_CAPS,
        /** A unit runs where its affinity forbids. */
        RUNS_ANYWHERE,
        /** The heaviest domain runs, and the others when it sleeps. */
        STARVES_LIGHT,
        /** A unit that has blocked goes on. */
        RUNS_BLOCKED,
        /** Idle pCPUs are not told of work. */
        NEVER_TICKLES,
        /** Slices depend on the real time. */
        READS_THE_CLOCK
    }

    private final Fault fault;
    private final List<SchedUnit> queue = new ArrayList<>();
    private SchedulerHost host;
    private int wakeups;

    FaultyScheduler(Fault fault) {
        this.fault = fault;
    }

    @Override
    public void init(SchedulerHost schedulerHost) {
        host = schedulerHost;
    }

    @Override
    public void wake(SchedUnit unit) {
        boolean lost = fault == Fault.LOSES_WAKEUPS && ++wakeups % 50 == 0;
        if (!unit.isRunning() && !lost) {
            enqueue(unit);
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else {
            queue.remove(unit);
        }
    }

    @Override
    public void contextSaved(SchedUnit unit) {
        if (unit.isRunnable()) {
            enqueue(unit);
        }
    }

    private void enqueue(SchedUnit unit) {
        queue.add(unit);
        for (int p = host.pcpus().next(0); p >= 0; p = host.pcpus().next(p + 1)) {
            boolean idle = host.current(p) == null && !host.isTickled(p);
            if (idle && mayRun(unit, p) && (fault != Fault.NEVER_TICKLES || p == 0)) {
                host.tickle(p);
                return;
            }
        }
    }

    private boolean mayRun(SchedUnit unit, int pcpu) {
        return fault == Fault.RUNS_ANYWHERE || unit.usable(pcpu);
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit current = host.current(pcpu);
        boolean goesOn = current != null && (current.isRunnable() || fault == Fault.RUNS_BLOCKED);
        SchedUnit next = goesOn && fault == Fault.STARVES_LIGHT ? current : null;
        for (SchedUnit unit : queue) {
            boolean heavier =
                    next == null || unit.domain().weight() > next.domain().weight();
            if (mayRun(unit, pcpu) && (next == null || (fault == Fault.STARVES_LIGHT && heavier))) {
                next = unit;
            }
        }
        if (fault == Fault.RUNS_BLOCKED && current != null && !current.isRunnable()) {
            next = current;
        }
        if (next == null && goesOn) {
            next = current;
        }
        queue.remove(next);
        if (next == null) {
            decision.idle();
        } else {
            decision.run(next, 10_000_000 + (fault == Fault.READS_THE_CLOCK ? System.nanoTime() % 1_000_000 : 0));
        }
    }
}
