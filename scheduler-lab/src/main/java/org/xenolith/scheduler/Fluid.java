package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.FluidShares;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/**
 * The fluid ideal, as near as whole pCPUs come to it: a yardstick for weights and caps.
 *
 * <p>Under {@link FluidShares generalised processor sharing} every runnable unit would run at once, each at its rate. Here each
 * has a lag, the time it is due less the time it got since it woke, and every quantum goes to the one that lags most. So
 * nobody is ever more than about a quantum a competitor from the ideal. A domain's rate is shared evenly by its runnable units.
 *
 * <ol>
 *   <li><b>Account</b>: lags grow at the rates and shrink by running ({@link #account}).
 *   <li><b>Divide</b> anew whenever a unit comes, goes, or is promised something else ({@link #divide}).
 *   <li><b>Choose</b> the greatest lag; a unit under a cap only if it is not ahead ({@link #schedule}).
 * </ol>
 *
 * <p>Every decision looks at every runnable unit, which Xen's schedulers do not.
 */
@Policy(
        name = "fluid",
        title = "Generalised processor sharing, in quanta: a yardstick for weights and caps",
        source = "Parekh and Gallager, IEEE/ACM ToN 1993; lags after Stoica and others, RTSS 1996")
public final class Fluid implements Scheduler {
    @Parameter(name = "quantum_us", unit = "us", min = 10, max = 100_000, help = "how long the one that lags most runs")
    long quantumMicros = 1000;

    /** Most quanta that anybody is owed. */
    private static final long MOST_QUANTA = 5;

    private static final class Flow {
        final SchedUnit unit;

        /** Time due less time got since it woke, in ns times {@link FluidShares#PCPU}. */
        long lag;

        long rate;
        boolean runs;

        Flow(SchedUnit unit) {
            this.unit = unit;
        }

        boolean isCapped() {
            return unit.domain().cap() > 0;
        }

        long lagNanos() {
            return lag / FluidShares.PCPU;
        }
    }

    /** Runnable units, those that run included. */
    private final List<Flow> flows = new ArrayList<>();

    private final List<Domain> domains = new ArrayList<>();
    private SchedulerHost host;
    private long since;
    private long mostLag;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        mostLag = MOST_QUANTA * quantumMicros * 1000 * FluidShares.PCPU;
    }

    @Override
    public void addPcpu(int pcpu) {
        account(host.now());
        divide();
    }

    @Override
    public void removePcpu(int pcpu) {
        account(host.now());
        divide();
    }

    @Override
    public void insert(SchedUnit unit) {
        unit.setData(new Flow(unit));
    }

    @Override
    public void remove(SchedUnit unit) {
        leave(unit.data());
        unit.setData(null);
    }

    @Override
    public void adjusted(Domain domain) {
        account(host.now());
        divide();
    }

    @Override
    public void wake(SchedUnit unit) {
        Flow f = unit.data();
        if (flows.contains(f)) {
            return;
        }
        account(host.now());
        // Nobody saves up while asleep, and who ran ahead of its cap still has to wait for it.
        f.lag = f.isCapped() ? Math.min(0, f.lag) : 0;
        flows.add(f);
        divide();
        if (!unit.isRunning() && !host.tickleIdle(unit)) {
            preempt(f);
        }
    }

    /** Tickles the pCPU whose unit is farthest ahead, if {@code f} may run there and lags more. */
    private void preempt(Flow f) {
        SchedUnit ahead = null;
        long least = f.lag;
        for (Flow other : flows) {
            if (other.runs && other.lag < least && f.unit.usable(other.unit.pcpu())) {
                least = other.lag;
                ahead = other.unit;
            }
        }
        if (ahead != null) {
            host.tickle(ahead.pcpu());
        }
    }

    /** It gave way to another; a pCPU that idles may take it at once. */
    @Override
    public void contextSaved(SchedUnit unit) {
        if (unit.isRunnable()) {
            host.tickleIdle(unit);
        }
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else {
            leave(unit.data());
        }
    }

    private void leave(Flow f) {
        account(host.now());
        f.runs = false;
        if (flows.remove(f)) {
            divide();
        }
    }

    // ---- rates and lags ---------------------------------------------------------------------------------------------

    /** Everybody gains what it is due, and loses what it got, since the last time. */
    private void account(long now) {
        long elapsed = Math.max(0, now - since); // another pCPU may be a little ahead
        since = Math.max(now, since);
        for (Flow f : flows) {
            // What affinity keeps it from getting is not owed for ever.
            f.lag = Math.min(f.lag + elapsed * (f.rate - (f.runs ? FluidShares.PCPU : 0)), mostLag);
        }
    }

    /** Rates for those that are runnable now. */
    private void divide() {
        domains.clear();
        for (Flow f : flows) {
            if (!domains.contains(f.unit.domain())) {
                domains.add(f.unit.domain());
            }
        }
        int n = domains.size();
        long[] weight = new long[n];
        long[] limit = new long[n];
        long[] rate = new long[n];
        long[] units = new long[n];
        for (Flow f : flows) {
            units[domains.indexOf(f.unit.domain())]++;
        }
        for (int i = 0; i < n; i++) {
            Domain d = domains.get(i);
            long all = units[i] * FluidShares.PCPU;
            weight[i] = d.weight() * units[i]; // Xen's weights are each vCPU's
            limit[i] = d.cap() == 0 ? all : Math.min(all, d.cap() * FluidShares.PCPU / 100);
        }
        FluidShares.divide(host.pcpus().size() * FluidShares.PCPU, n, weight, limit, rate);
        for (Flow f : flows) {
            int i = domains.indexOf(f.unit.domain());
            f.rate = rate[i] / units[i];
        }
    }

    // ---- the decision -----------------------------------------------------------------------------------------------

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit current = host.current(pcpu);
        account(now);
        if (current != null) {
            Flow f = current.data();
            f.runs = false;
            if (!current.isRunnable()) {
                leave(f);
            } else if (flows.remove(f)) {
                flows.add(f); // of those that lag the same, who ran last comes last
            }
        }
        DecisionListener why = host.explaining();
        Flow next = null;
        for (Flow f : flows) {
            boolean free = !f.unit.isRunning() || f.unit == current;
            boolean may = free && f.unit.isRunnable() && f.unit.usable(pcpu) && !(f.isCapped() && f.lag < 0);
            if (may && (next == null || f.lag > next.lag)) {
                next = f;
            }
            if (why != null) {
                why.considered(
                        f.unit,
                        "lag in ns",
                        f.lagNanos(),
                        free ? may ? "may run" : "not here, or ahead of its cap" : "runs elsewhere");
            }
        }
        if (next == null) {
            if (why != null) {
                why.because("nobody may run here; runnable are", flows.size());
            }
            decision.run(null, flows.isEmpty() ? Decision.UNLIMITED : quantumMicros * 1000);
            return;
        }
        if (why != null) {
            why.because("lags most behind the fluid ideal, ns", next.lagNanos());
        }
        next.runs = true;
        decision.run(next.unit, quantumMicros * 1000);
    }
}
