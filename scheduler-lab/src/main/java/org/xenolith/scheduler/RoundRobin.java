package org.xenolith.scheduler;

import java.util.ArrayDeque;
import java.util.Iterator;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/**
 * Round robin: one first-in, first-out queue for all pCPUs, equal slices, affinity obeyed, weights and caps ignored. The
 * baseline of every comparison, and the model for a first scheduler.
 *
 * <ol>
 *   <li>Who becomes runnable goes to the end of the queue and wakes an idle pCPU that may run it, if there is one.
 *   <li>Who has used up its slice, and is still runnable, goes to the end of the queue once its pCPU has let go of it.
 *   <li>A pCPU takes the first unit in the queue that may run there, or goes on with the one it has.
 * </ol>
 */
@Policy(
        name = "rr",
        title = "Round robin over one queue",
        source = "Tanenbaum and Bos, Modern Operating Systems, 4th ed., 2.4.3")
public final class RoundRobin implements Scheduler {
    @Parameter(
            name = "slice_us",
            unit = "us",
            min = 1,
            max = 1_000_000,
            help = "how long a vCPU runs while others wait")
    long sliceMicros = 10_000;

    private final ArrayDeque<SchedUnit> queue = new ArrayDeque<>();
    private SchedulerHost host;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
    }

    @Override
    public void wake(SchedUnit unit) {
        if (!unit.isRunning()) {
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

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit current = host.current(pcpu);
        DecisionListener why = host.explaining();
        if (why != null) {
            explain(pcpu, why);
        }
        SchedUnit next = takeFirst(pcpu);
        if (next == null && current != null && current.isRunnable()) {
            next = current;
        }
        if (next == null) {
            decision.idle();
        } else {
            decision.run(next, sliceMicros * 1000);
        }
    }

    private void explain(int pcpu, DecisionListener why) {
        boolean taken = false;
        int place = 1;
        for (SchedUnit unit : queue) {
            boolean fits = unit.usable(pcpu);
            why.considered(unit, "place", place++, !fits ? "pinned elsewhere" : taken ? "waits" : "first in the queue");
            taken |= fits;
        }
        SchedUnit current = host.current(pcpu);
        if (current != null && current.isRunnable()) {
            why.considered(current, "", 0, taken ? "has had its slice" : "goes on: nobody else waits");
        }
    }

    private void enqueue(SchedUnit unit) {
        queue.add(unit);
        host.tickleIdle(unit);
    }

    private SchedUnit takeFirst(int pcpu) {
        for (Iterator<SchedUnit> units = queue.iterator(); units.hasNext(); ) {
            SchedUnit unit = units.next();
            if (unit.usable(pcpu)) {
                units.remove();
                return unit;
            }
        }
        return null;
    }
}
