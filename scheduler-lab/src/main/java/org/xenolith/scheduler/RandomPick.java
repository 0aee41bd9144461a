package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/**
 * Whoever the dice say, for a slice: each of those that may run on the pCPU, the one it ran included, with the same
 * probability. A yardstick: what a policy without any thought achieves.
 */
@Policy(
        name = "random",
        title = "Any of those that may run, drawn evenly, for a slice: a yardstick",
        source = "the null hypothesis; streams of random numbers are seeded, so runs repeat")
public final class RandomPick implements Scheduler {
    @Parameter(name = "slice_us", unit = "us", min = 1, max = 1_000_000, help = "how long a vCPU runs")
    long sliceMicros = 10_000;

    /** Runnable units that do not run. */
    private final List<SchedUnit> waiting = new ArrayList<>();

    private SchedulerHost host;
    private RandomStream dice;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        dice = host.random("pick");
    }

    @Override
    public void wake(SchedUnit unit) {
        if (!unit.isRunning()) {
            waiting.add(unit);
            host.tickleIdle(unit);
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else {
            waiting.remove(unit);
        }
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
        boolean stays = current != null && current.isRunnable();
        int candidates = stays ? 1 : 0;
        for (int i = 0; i < waiting.size(); i++) {
            candidates += waiting.get(i).usable(pcpu) ? 1 : 0;
        }
        if (candidates == 0) {
            explain(pcpu, null, 0);
            decision.idle();
            return;
        }
        int drawn = dice.nextInt(candidates);
        SchedUnit next = stays && drawn == 0 ? current : take(pcpu, stays ? drawn - 1 : drawn);
        explain(pcpu, next, candidates);
        decision.run(next, sliceMicros * 1000);
    }

    /** Takes the {@code n}th of those that may run on {@code pcpu}. */
    private SchedUnit take(int pcpu, int n) {
        int seen = 0;
        for (int i = 0; ; i++) {
            if (waiting.get(i).usable(pcpu) && seen++ == n) {
                return waiting.remove(i);
            }
        }
    }

    private void explain(int pcpu, SchedUnit next, int candidates) {
        DecisionListener why = host.explaining();
        if (why == null) {
            return;
        }
        for (SchedUnit unit : waiting) {
            boolean may = unit.usable(pcpu);
            why.considered(
                    unit, "chances in a thousand", may ? 1000 / candidates : 0, may ? "not drawn" : "may not run here");
        }
        if (next == null) {
            why.because("nobody waits that may run here; waiting elsewhere", waiting.size());
        } else {
            why.considered(next, "chances in a thousand", 1000 / candidates, "drawn");
            why.because("was drawn among", candidates);
        }
    }
}
