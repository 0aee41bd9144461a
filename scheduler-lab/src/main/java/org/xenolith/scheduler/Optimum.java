package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/**
 * An optimum for reservations, laid out ahead of time: a yardstick for deadlines. Every unit gets its budget in every period
 * whenever any scheduler could give it: if no budget exceeds its period and together they need no more than there are pCPUs.
 *
 * <ol>
 *   <li><b>Cut</b> time at every deadline of any unit.
 *   <li><b>Fill</b> each piece: every unit gets its utilisation of it, one after the other along the first pCPU, then the next
 *       (McNaughton's wrap-around rule); one that wraps ends on one pCPU what it began on the next, never at once
 *       ({@link #layOut}).
 *   <li><b>Follow</b> the plan; a unit that is not runnable in its turn leaves a hole ({@link #schedule}).
 * </ol>
 *
 * <p>Nothing is moved up when somebody sleeps, and what exceeds the pCPUs is dropped from the end. A unit whose hard affinity
 * excludes the pCPU of its turn loses the turn: the optimum is one for units that may run anywhere.
 */
@Policy(
        name = "optimum",
        title = "An optimal plan for periods and budgets on several pCPUs: a yardstick for deadlines",
        source = "DP-Wrap: Levin, Funk, Sadowski, Pye and Brandt, ECRTS 2010; McNaughton, Management Science 1959")
@DomainParameter(
        name = "period_us",
        unit = "us",
        min = 10,
        max = 10_000_000,
        defaultValue = 10_000,
        help = "period of the reservation, from the unit's coming on")
@DomainParameter(
        name = "budget_us",
        unit = "us",
        min = 10,
        max = 10_000_000,
        defaultValue = 4000,
        help = "time it gets in each period")
public final class Optimum implements Scheduler {
    private static final class Reservation {
        final SchedUnit unit;
        final long begin;
        long period;
        long budget;

        Reservation(SchedUnit unit, long begin) {
            this.unit = unit;
            this.begin = begin;
            adjust();
        }

        void adjust() {
            long p = unit.parameter("period_us") * 1000;
            long b = unit.parameter("budget_us") * 1000;
            if (b > p) {
                throw new IllegalArgumentException(unit + ": budget_us " + b / 1000 + " is over period_us " + p / 1000);
            }
            period = p;
            budget = b;
        }

        /** What it is due from its coming up to {@code t}: at each deadline exactly its budgets. */
        long due(long t) {
            long elapsed = t - begin;
            return elapsed / period * budget + elapsed % period * budget / period;
        }

        long nextDeadline(long t) {
            return begin + ((t - begin) / period + 1) * period;
        }
    }

    /** A unit's turn on a pCPU, ns. */
    private record Turn(Reservation of, int pcpu, long from, long to) {}

    private final List<Reservation> reservations = new ArrayList<>();
    private final List<Turn> plan = new ArrayList<>();
    private SchedulerHost host;
    private long planBegin;
    private long planEnd;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
    }

    @Override
    public void insert(SchedUnit unit) {
        Reservation r = new Reservation(unit, host.now());
        unit.setData(r);
        reservations.add(r);
        newPlan();
    }

    @Override
    public void remove(SchedUnit unit) {
        reservations.remove(unit.<Reservation>data());
        unit.setData(null);
        newPlan();
    }

    @Override
    public void addPcpu(int pcpu) {
        newPlan();
    }

    @Override
    public void removePcpu(int pcpu) {
        newPlan();
    }

    @Override
    public void adjusted(Domain domain) {
        for (SchedUnit unit : domain.units()) {
            unit.<Reservation>data().adjust();
        }
        newPlan();
    }

    /** The plan in force is void: the pCPUs lay out another. */
    private void newPlan() {
        planEnd = host.now();
        plan.clear();
        for (int p = host.pcpus().next(0); p >= 0; p = host.pcpus().next(p + 1)) {
            host.tickle(p);
        }
    }

    @Override
    public void wake(SchedUnit unit) {
        long now = host.now();
        for (Turn turn : plan) {
            if (turn.of.unit == unit && turn.from <= now && now < turn.to) {
                host.tickle(turn.pcpu);
            }
        }
    }

    /** It has left the pCPU of its last turn; that of its next one may have begun to wait for it. */
    @Override
    public void contextSaved(SchedUnit unit) {
        wake(unit);
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        }
    }

    /** Lays out the time from {@code now} to the next deadline of anyone. */
    private void layOut(long now) {
        plan.clear();
        planBegin = now;
        planEnd = Long.MAX_VALUE;
        for (Reservation r : reservations) {
            planEnd = Math.min(planEnd, r.nextDeadline(now));
        }
        long length = planEnd - planBegin;
        int pcpu = host.pcpus().next(0);
        long used = 0;
        for (Reservation r : reservations) {
            long due = r.due(planEnd) - r.due(planBegin);
            while (due > 0 && pcpu >= 0) {
                long turn = Math.min(due, length - used);
                if (turn > 0) {
                    plan.add(new Turn(r, pcpu, planBegin + used, planBegin + used + turn));
                }
                due -= turn;
                used += turn;
                if (used == length) {
                    pcpu = host.pcpus().next(pcpu + 1);
                    used = 0;
                }
            }
        }
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        if (now >= planEnd && !reservations.isEmpty()) {
            layOut(now);
        }
        SchedUnit current = host.current(pcpu);
        DecisionListener why = host.explaining();
        long until = planEnd;
        Turn mine = null;
        for (Turn turn : plan) {
            if (turn.pcpu == pcpu && turn.from <= now && now < turn.to) {
                mine = turn;
            } else if (turn.pcpu == pcpu && turn.from > now) {
                until = Math.min(until, turn.from);
            }
            if (why != null && turn.pcpu == pcpu) {
                why.considered(
                        turn.of.unit, "turn begins at ns", turn.from, turn.equals(mine) ? "its turn" : "not its turn");
            }
        }
        SchedUnit unit = mine == null ? null : mine.of.unit;
        boolean elsewhere = unit != null && unit.isRunning() && unit != current;
        if (unit == null || elsewhere || !unit.isRunnable() || !unit.usable(pcpu)) {
            if (why != null) {
                why.because(
                        unit == null
                                ? "nobody's turn; idle until ns"
                                : "its turn, but it cannot run here; idle until ns",
                        until);
            }
            long end = mine == null ? until : mine.to;
            decision.run(null, reservations.isEmpty() ? Decision.UNLIMITED : Math.max(1, end - now));
            return;
        }
        if (why != null) {
            why.because("its turn in the plan, until ns", mine.to);
        }
        decision.run(unit, mine.to - now);
    }
}
