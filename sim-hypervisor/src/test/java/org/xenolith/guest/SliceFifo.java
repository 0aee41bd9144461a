package org.xenolith.guest;

import java.util.ArrayDeque;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/** One queue, first come first served, with a time slice; the least policy that runs anything. */
final class SliceFifo implements Scheduler {
    private final long sliceNanos;
    private final ArrayDeque<SchedUnit> queue = new ArrayDeque<>();
    private SchedulerHost host;

    SliceFifo(long sliceNanos) {
        this.sliceNanos = sliceNanos;
    }

    @Override
    public void init(SchedulerHost schedulerHost) {
        host = schedulerHost;
    }

    @Override
    public void wake(SchedUnit unit) {
        if (!unit.isRunning() && !queue.contains(unit)) {
            queue.add(unit);
        }
        for (int p = host.pcpus().next(0); p >= 0; p = host.pcpus().next(p + 1)) {
            if (host.current(p) == null && !host.isTickled(p)) {
                host.tickle(p);
                return;
            }
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        }
        queue.remove(unit);
    }

    @Override
    public void contextSaved(SchedUnit unit) {
        if (unit.isRunnable()) {
            wake(unit);
        }
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit current = host.current(pcpu);
        SchedUnit next = queue.poll();
        if (next == null && current != null && current.isRunnable()) {
            next = current;
        }
        if (next == null) {
            decision.idle();
        } else {
            decision.run(next, sliceNanos);
        }
    }
}
