package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/** One queue for all pCPUs, first come first served, in slices of 10 ms: right, unless it is told to make a mistake. */
public final class WrongQueue implements Scheduler {
    /** A mistake. */
    enum Fault {
        NONE("nothing"),
        LOSES_WAKEUPS("every fiftieth wake-up is forgotten"),
        LOSES_PREEMPTED("a unit whose slice ends is not queued again if two more wait"),
        LOSES_PAUSED("a unit that was queued when it was paused is not queued when the pause ends"),
        LOSES_MOVED("a unit whose affinity changes while it waits is taken off the queue"),
        LOSES_WHEN_FULL("the queue holds six units, who comes then is dropped"),
        RUNS_ANYWHERE("hard affinity is not looked at"),
        STEALS_PINNED("a pCPU that would idle takes any unit, even one that is pinned elsewhere"),
        KEEPS_OLD_AFFINITY("the affinity that a unit came with holds for ever"),
        MOVES_BY_MODULO("a unit that must move goes to the next pCPU, allowed or not"),
        RUNS_BLOCKED("a unit that has blocked goes on"),
        KEEPS_SLEEPERS("a unit that is paused stays in the queue"),
        QUEUES_TWICE("a unit whose slice ends is queued twice"),
        RUNS_ON_TWO("the choice is not taken off the queue"),
        SLICE_OF_NOTHING("the last of seven decisions gives a slice of 0 ns"),
        NEVER_TICKLES("idle pCPUs are not told of work, but for pCPU 0"),
        TICKLES_WHERE_IT_WAS("only the pCPU that a unit ran on last is told of it"),
        TICKLES_ONE_FOR_TWO("two units that wake up at once tickle the same idle pCPU"),
        NO_TICKLE_ON_PREEMPTION("nobody is told of a unit whose slice has ended"),
        READS_THE_CLOCK("slices depend on the real time"),
        ORDERS_BY_HASH("of those that wait, the one with the lowest identity hash is taken"),
        LAST_COME_FIRST("last come, first served"),
        FAVOURS_LOW_IDS("of those that wait, the first domain's is taken");

        final String about;

        Fault(String about) {
            this.about = about;
        }
    }

    private static final long SLICE = 10_000_000;
    private static final int FULL = 6;

    @Parameter(name = "fault", help = "the mistake to make")
    Fault fault = Fault.NONE;

    private final List<SchedUnit> queue = new ArrayList<>();
    private final Set<SchedUnit> pausedInQueue = new HashSet<>();
    private SchedulerHost host;
    private int wakeups;
    private int decisions;

    /** Without a mistake. */
    public WrongQueue() {}

    WrongQueue(Fault fault) {
        this.fault = fault;
    }

    private boolean is(Fault mistake) {
        return fault == mistake;
    }

    @Override
    public void init(SchedulerHost schedulerHost) {
        host = schedulerHost;
    }

    @Override
    public void insert(SchedUnit unit) {
        unit.setData(unit.usablePcpus());
    }

    @Override
    public void wake(SchedUnit unit) {
        boolean lost = is(Fault.LOSES_WAKEUPS) && ++wakeups % 50 == 0;
        lost |= is(Fault.LOSES_PAUSED) && pausedInQueue.remove(unit);
        if (!lost && !unit.isRunning()) {
            enqueue(unit);
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else if (!is(Fault.KEEPS_SLEEPERS) && queue.remove(unit) && !unit.isMigrating()) {
            pausedInQueue.add(unit);
        }
    }

    @Override
    public void contextSaved(SchedUnit unit) {
        boolean lost = is(Fault.LOSES_PREEMPTED) && queue.size() >= 2;
        if (unit.isRunnable() && is(Fault.NO_TICKLE_ON_PREEMPTION)) {
            queue.add(unit);
        } else if (unit.isRunnable() && !lost) {
            enqueue(unit);
            if (is(Fault.QUEUES_TWICE)) {
                queue.add(unit);
            }
        }
    }

    @Override
    public int pickPcpu(SchedUnit unit) {
        int pcpu = unit.pcpu();
        if (is(Fault.MOVES_BY_MODULO)) {
            return host.pcpus().cycle(pcpu);
        }
        return unit.usable(pcpu) ? pcpu : unit.usablePcpus().cycle(pcpu);
    }

    @Override
    public void affinityChanged(SchedUnit unit) {
        if (queue.contains(unit)) {
            if (is(Fault.LOSES_MOVED)) {
                queue.remove(unit);
            } else {
                tickleFor(unit);
            }
        }
    }

    private void enqueue(SchedUnit unit) {
        boolean full = is(Fault.LOSES_WHEN_FULL) && queue.size() >= FULL;
        if (!queue.contains(unit) && !full) {
            queue.add(is(Fault.LAST_COME_FIRST) ? 0 : queue.size(), unit);
        }
        tickleFor(unit);
    }

    private void tickleFor(SchedUnit unit) {
        for (int p = host.pcpus().next(0); p >= 0; p = host.pcpus().next(p + 1)) {
            boolean idle = host.current(p) == null && (!host.isTickled(p) || is(Fault.TICKLES_ONE_FOR_TWO));
            boolean told = !(is(Fault.NEVER_TICKLES) && p > 0) && !(is(Fault.TICKLES_WHERE_IT_WAS) && p != unit.pcpu());
            if (idle && told && mayRun(unit, p)) {
                host.tickle(p);
                return;
            }
        }
    }

    private boolean mayRun(SchedUnit unit, int pcpu) {
        CpuSet atFirst = unit.data();
        return is(Fault.RUNS_ANYWHERE) || (is(Fault.KEEPS_OLD_AFFINITY) ? atFirst.contains(pcpu) : unit.usable(pcpu));
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit current = host.current(pcpu);
        if (is(Fault.RUNS_BLOCKED) && current != null && !current.isRunnable()) {
            decision.run(current, SLICE);
            return;
        }
        SchedUnit next = choose(pcpu);
        if (next == null && current != null && current.isRunnable()) {
            next = current;
        }
        if (next == null && is(Fault.STEALS_PINNED) && !queue.isEmpty()) {
            next = queue.get(0);
        }
        if (!is(Fault.RUNS_ON_TWO)) {
            queue.remove(next);
        }
        if (next == null) {
            decision.idle();
        } else {
            boolean nothing = is(Fault.SLICE_OF_NOTHING) && ++decisions % 7 == 0;
            long noise = is(Fault.READS_THE_CLOCK) ? System.nanoTime() % 1_000_000 : 0;
            decision.run(next, nothing ? 0 : SLICE + noise);
        }
    }

    private SchedUnit choose(int pcpu) {
        SchedUnit chosen = null;
        for (SchedUnit unit : queue) {
            boolean better = chosen == null
                    || (is(Fault.ORDERS_BY_HASH) && System.identityHashCode(unit) < System.identityHashCode(chosen))
                    || (is(Fault.FAVOURS_LOW_IDS) && unit.traceWord() < chosen.traceWord());
            if (better && mayRun(unit, pcpu)) {
                chosen = unit;
            }
        }
        return chosen;
    }
}
