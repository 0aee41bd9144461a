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
 * Periods begin at the multiples of their length in system time, as RTDS's do.
 *
 * <ol>
 *   <li><b>Cut</b> time at every deadline of any unit.
 *   <li><b>Fill</b> each piece: every unit gets what its budget comes to up to the end of it, less what it had in this period
 *       ({@link Reservation#wants}), one after the other along the first pCPU, then the next (McNaughton's wrap-around rule); one
 *       that wraps ends on one pCPU what it began on the next, never at once ({@link #layOut}).
 *   <li><b>Follow</b> the plan; a unit that is not runnable in its turn leaves a hole ({@link #schedule}).
 * </ol>
 *
 * <p>What nobody has reserved of a piece makes turns longer, by what the hypervisor takes of them for switching, and makes up for what it
 * took before; a set that fills the pCPUs wholly has no time to be switched in. Nothing is moved up when somebody sleeps. Who wakes, comes
 * or is given another reservation gets its part of the rest of its period, and whole budgets from the next one on. What exceeds the pCPUs is
 * dropped from the end. A unit whose hard affinity excludes the pCPU of its turn loses the turn: the optimum is one for units that may run
 * anywhere.
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
        help = "period of the reservation; the first began at system time 0")
@DomainParameter(
        name = "budget_us",
        unit = "us",
        min = 10,
        max = 10_000_000,
        defaultValue = 4000,
        help = "time it gets in each period")
public final class Optimum implements Scheduler {
    /** What a unit has reserved, and what it had of that. */
    private static final class Reservation {
        final SchedUnit unit;
        private long periodMicros;
        private long budgetMicros;

        /** Begin of its present period, ns. */
        private long begin;

        /** What it had in this period, or would have had while it slept, up to {@link #chargedUntil}, ns. */
        private long got;

        private long chargedUntil;

        /** What it is to have by the present plan, ns. */
        private long planned;

        Reservation(SchedUnit unit, long now) {
            this.unit = unit;
            adjust(now);
        }

        void adjust(long now) {
            long p = unit.parameter("period_us");
            long b = unit.parameter("budget_us");
            if (b > p) {
                throw new IllegalArgumentException(unit + ": budget_us " + b + " is over period_us " + p);
            }
            periodMicros = p;
            budgetMicros = b;
            begin = now - now % (p * 1000);
            got = share(now - begin);
            chargedUntil = now;
        }

        /** What it is due in {@code nanos} of a period; in a whole one exactly its budget. */
        long share(long nanos) {
            return nanos * budgetMicros / periodMicros;
        }

        long deadline() {
            return begin + periodMicros * 1000;
        }

        /** It has been running up to {@code now}. */
        void charge(long now) {
            got += Math.max(0, now - Math.max(chargedUntil, unit.stateEntryNanos()));
            chargedUntil = now;
        }

        /** It did not want what it was due up to {@code now}. */
        void forgo(long now) {
            got = Math.max(got, share(Math.min(now, deadline()) - begin));
            chargedUntil = now;
        }

        /** Its period is that of {@code now}: what it had, or missed, in an earlier one is over. */
        void turnOver(long now) {
            if (now >= deadline()) {
                begin = now - now % (periodMicros * 1000);
                got = 0;
            }
        }

        /** What it still needs up to {@code end}, which is in its present period or ends it. */
        long wants(long end) {
            return Math.max(0, share(end - begin) - got);
        }
    }

    /** A unit's turn on a pCPU, ns. */
    private record Turn(Reservation of, int pcpu, long from, long to) {}

    private final List<Reservation> reservations = new ArrayList<>();
    private final List<Turn> plan = new ArrayList<>();
    private SchedulerHost host;
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
            unit.<Reservation>data().adjust(host.now());
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
        unit.<Reservation>data().forgo(host.now());
        tickleInTurn(unit);
    }

    private void tickleInTurn(SchedUnit unit) {
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
        tickleInTurn(unit);
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
        planEnd = Long.MAX_VALUE;
        for (Reservation r : reservations) {
            r.turnOver(now);
            planEnd = Math.min(planEnd, r.deadline());
        }
        long length = planEnd - now;
        long left = length * host.pcpus().size();
        for (Reservation r : reservations) {
            r.planned = Math.min(r.wants(planEnd), r.share(length));
            left -= r.planned;
        }
        for (Reservation r : reservations) {
            long late = Math.min(r.wants(planEnd), length) - r.planned;
            long made = Math.max(0, Math.min(late, left));
            r.planned += made;
            left -= made;
        }
        placeTurns(now, length, Math.max(0, left) / Math.max(1, reservations.size()));
    }

    /** Places what is planned in the {@code length} ns from {@code now}, with {@code spare} ns for each to be switched in. */
    private void placeTurns(long now, long length, long spare) {
        int pcpu = host.pcpus().next(0);
        long used = 0;
        for (Reservation r : reservations) {
            long need = r.planned == 0 ? 0 : Math.min(length, r.planned + spare);
            while (need > 0 && pcpu >= 0) {
                long turn = Math.min(need, length - used);
                if (turn > 0) {
                    plan.add(new Turn(r, pcpu, now + used, now + used + turn));
                }
                need -= turn;
                used += turn;
                if (used == length) {
                    pcpu = host.pcpus().next(pcpu + 1);
                    used = 0;
                }
            }
        }
    }

    private void chargeRunning(long now) {
        for (int p = host.pcpus().next(0); p >= 0; p = host.pcpus().next(p + 1)) {
            SchedUnit running = host.current(p);
            if (running != null) {
                running.<Reservation>data().charge(now);
            }
        }
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        if (now >= planEnd && !reservations.isEmpty()) {
            chargeRunning(now);
            layOut(now);
        }
        SchedUnit current = host.current(pcpu);
        if (current != null) {
            current.<Reservation>data().charge(now);
        }
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
        long wants = mine == null ? 0 : mine.of.wants(planEnd);
        SchedUnit unit = wants == 0 ? null : mine.of.unit;
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
        decision.run(unit, Math.min(wants, mine.to - now));
    }
}
