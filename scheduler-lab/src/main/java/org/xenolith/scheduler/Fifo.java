package org.xenolith.scheduler;

import java.util.ArrayDeque;
import java.util.Iterator;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/**
 * First come, first served: one queue for all pCPUs, and who runs, runs until it blocks. A yardstick: what happens when nobody
 * is ever preempted.
 */
@Policy(
        name = "fifo",
        title = "First come, first served, without preemption: a yardstick",
        source = "Tanenbaum and Bos, Modern Operating Systems, 4th ed., 2.4.2")
public final class Fifo implements Scheduler {
    private final ArrayDeque<SchedUnit> queue = new ArrayDeque<>();
    private SchedulerHost host;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
    }

    @Override
    public void wake(SchedUnit unit) {
        if (!unit.isRunning()) {
            queue.add(unit);
            host.tickleIdle(unit);
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
            wake(unit); // it came back while it was leaving
        }
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit current = host.current(pcpu);
        DecisionListener why = host.explaining();
        if (current != null && current.isRunnable()) {
            if (why != null) {
                why.because("still runs, and nobody is preempted; others wait", queue.size());
            }
            decision.run(current, Decision.UNLIMITED);
            return;
        }
        int ahead = 0;
        for (Iterator<SchedUnit> units = queue.iterator(); units.hasNext(); ahead++) {
            SchedUnit unit = units.next();
            boolean may = unit.usable(pcpu);
            if (why != null) {
                why.considered(unit, "place in the queue", ahead, may ? "first that may run here" : "may not run here");
            }
            if (may) {
                units.remove();
                if (why != null) {
                    why.because("waited longest of those that may run here; place", ahead);
                }
                decision.run(unit, Decision.UNLIMITED);
                return;
            }
        }
        if (why != null) {
            why.because("nobody waits that may run here; waiting elsewhere", ahead);
        }
        decision.idle();
    }
}
