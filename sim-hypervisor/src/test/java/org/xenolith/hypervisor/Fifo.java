package org.xenolith.hypervisor;

import java.util.ArrayDeque;
import java.util.Deque;

/** The least scheduler that works on any number of pCPUs, for tests of everything else: one queue, in order of arrival. */
class Fifo implements Scheduler {
    static final long SLICE_NANOS = 1_000_000;

    final Deque<SchedUnit> queue = new ArrayDeque<>();
    SchedulerHost host;

    @Override
    public void init(SchedulerHost schedulerHost) {
        host = schedulerHost;
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

    private void enqueue(SchedUnit unit) {
        queue.add(unit);
        CpuSet pcpus = unit.usablePcpus();
        for (int p = pcpus.next(0); p >= 0; p = pcpus.next(p + 1)) {
            if (host.current(p) == null && !host.isTickled(p)) {
                host.tickle(p);
                return;
            }
        }
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        for (SchedUnit unit : queue) {
            if (unit.usable(pcpu)) {
                queue.remove(unit);
                decision.run(unit, SLICE_NANOS);
                return;
            }
        }
        SchedUnit current = host.current(pcpu);
        if (current != null && current.isRunnable()) {
            decision.run(current, SLICE_NANOS);
        } else {
            decision.idle();
        }
    }
}
