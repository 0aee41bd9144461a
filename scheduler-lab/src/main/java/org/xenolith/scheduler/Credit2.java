package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.scheduler.Credit2Runqueue.Arrangement;
import org.xenolith.trace.TraceEvent;

/**
 * Credit2, the default scheduler of Xen since 4.12, at the behaviour of Xen 4.17 with one vCPU per unit (no core
 * scheduling).
 *
 * <p>A credit is a nanosecond of the domain with the highest weight; others burn theirs faster, in proportion. pCPUs that
 * share a socket share a runqueue, sorted by credit.
 *
 * <ol>
 *   <li><b>Burn.</b> Whoever runs burns {@code time * highest weight / own weight}.
 *   <li><b>Choose</b> the waiting unit with the most credit if it has more than the current one, after the current one has
 *       had its ratelimit ({@link #candidate}).
 *   <li><b>Reset.</b> When the best one has no credit left, everyone gets 10 ms more ({@link #resetCredits}), and load is
 *       balanced between runqueues ({@link Credit2Balance}).
 *   <li><b>Run</b> until its credit falls to that of the next one waiting ({@link #runtime}).
 *   <li><b>Tickle.</b> Who wakes is queued by its credit and gets the best pCPU if it deserves one ({@link #tickle}).
 *   <li><b>Cap.</b> A domain with a cap also spends a budget ({@link Credit2Cap}).
 * </ol>
 */
@Policy(
        name = "credit2",
        title = "Xen's default since 4.12: one queue a socket, sorted by credit",
        source = "Xen 4.17, common/sched/credit2.c (Dunlap 2010; caps: Faggioli 2017)")
public final class Credit2 implements Scheduler {
    /** No timer is set for less, ns. */
    static final long MIN_TIMER = 500_000;

    /** What a unit starts with, and what a reset adds. */
    static final long CREDIT_INIT = 10_000_000;

    private static final long CREDIT_MIN = -CREDIT_INIT;
    private static final long CREDIT_MAX = CREDIT_INIT + MIN_TIMER;
    private static final long MIGRATION_COMPENSATION = 50_000;
    private static final long RATELIMIT_TOLERANCE = 50_000;
    private static final int IDLE_DOMAIN = 32767;

    @Parameter(name = "version", help = "version of Xen to behave like where they differ: 4.1, 4.17 or 4.21")
    Credit2Version version = Credit2Version.V4_17;

    @Parameter(
            name = "bug_ignores_affinity",
            help = "Xen's first credit2: the queue is served whatever the hard affinity")
    boolean ignoresAffinity = false;

    @Parameter(
            name = "bug_resets_too_seldom",
            help =
                    "Xen until 2020: no credit reset if a unit was passed over in the queue, such as one pinned elsewhere")
    boolean resetsTooSeldom = false;

    @Parameter(
            name = "ratelimit_us",
            unit = "us",
            max = 500_000,
            changeable = true,
            help = "how long nobody is preempted; 0 or at least 100")
    long ratelimitMicros = 1000;

    @Parameter(
            name = "sched_credit2_migrate_resist",
            unit = "us",
            max = 100_000,
            help = "credit by which a unit must be ahead to be pulled from another pCPU of the runqueue")
    long migrateResistMicros = 500;

    @Parameter(name = "credit2_runqueue", help = "which pCPUs share a runqueue: cpu, core, socket, node or all")
    Arrangement arrangement = Arrangement.SOCKET;

    @Parameter(
            name = "sched_credit2_max_cpus_runqueue",
            min = 1,
            max = 256,
            help = "most pCPUs in a runqueue; siblings stay together all the same")
    int maxPcpusPerRunqueue = 16;

    @Parameter(
            name = "credit2_load_window_shift",
            min = 11,
            max = 40,
            help = "load is averaged over 2 to this many nanoseconds")
    int loadWindowShift = 30;

    @Parameter(
            name = "credit2_load_precision_shift",
            min = 4,
            max = 22,
            help = "bits behind the point of an average load")
    int loadPrecisionShift = 18;

    @Parameter(
            name = "credit2_balance_under",
            min = -4,
            max = 4,
            help = "balance below capacity if loads differ by 2 to this")
    int balanceUnder = 0;

    @Parameter(
            name = "credit2_balance_over",
            min = -4,
            max = 4,
            help = "balance above capacity if loads differ by 2 to this")
    int balanceOver = -3;

    @Parameter(
            name = "credit2_cap_period_ms",
            unit = "ms",
            min = 1,
            max = 10_000,
            help = "how often the budget of a capped domain is filled up")
    long capPeriodMillis = 10;

    @Parameter(
            name = "sched_smt_power_savings",
            help = "fill cores that are half busy before waking idle ones, instead of after")
    boolean smtPowerSavings = false;

    private SchedulerHost host;
    private long ratelimit;
    private long migrateResist;
    private Credit2Load loads;
    private Credit2Balance balance;
    private final List<Credit2Runqueue> runqueues = new ArrayList<>();

    private Credit2Pcpus pcpus;

    /** The unit that the decision being taken has settled on so far. */
    private Credit2Unit chosen;

    /** Whether the last look at the queue passed over a unit. */
    private boolean passedOver;

    // ---- life -------------------------------------------------------------------------------------------------------

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        reconfigured();
        migrateResist = migrateResistMicros * 1000;
        pcpus = new Credit2Pcpus(host.topology(), smtPowerSavings);
        loads = new Credit2Load(host, loadWindowShift, loadPrecisionShift);
        balance = new Credit2Balance(this, host, loads, runqueues, balanceUnder, balanceOver);
    }

    /** The domain's cap in percent of a pCPU; 0 for none. */
    int capOf(Domain domain) {
        return version.limits ? domain.cap() : 0;
    }

    @Override
    public void reconfigured() {
        if (ratelimitMicros > 0 && ratelimitMicros < 100) {
            throw new InputException("credit2: ratelimit_us must be 0 or 100 to 500000, not " + ratelimitMicros);
        }
        ratelimit = version.limits ? ratelimitMicros * 1000 : 0;
    }

    long capPeriodNanos() {
        return capPeriodMillis * 1_000_000;
    }

    /** What is kept of {@code unit}. */
    Credit2Unit of(SchedUnit unit) {
        Credit2Unit u = unit.data();
        if (u == null) {
            Domain domain = unit.domain();
            Credit2Cap cap = domain.data();
            if (cap == null) {
                cap = new Credit2Cap(domain, this, host);
                domain.setData(cap);
            }
            u = new Credit2Unit(unit, cap, domain.weight(), loadPrecisionShift, host.now());
            unit.setData(u);
            affinityChanged(unit);
        }
        return u;
    }

    @Override
    public void addPcpu(int pcpu) {
        pcpus.runqueue[pcpu] = Credit2Runqueue.join(pcpu, runqueues, arrangement, maxPcpusPerRunqueue, host);
        pcpus.idle[pcpu] = true;
        pcpus.tickled[pcpu] = false;
    }

    @Override
    public void removePcpu(int pcpu) {
        Credit2Runqueue q = pcpus.runqueue[pcpu];
        q.removePcpu(pcpu);
        if (q.pcpus.length == 0) {
            runqueues.remove(q);
        }
        pcpus.runqueue[pcpu] = null;
    }

    @Override
    public void insert(SchedUnit unit) {
        Credit2Unit u = of(unit);
        host.setPcpu(unit, balance.pick(u));
        pcpus.runqueue[unit.pcpu()].assign(u);
        u.cap.adjust();
    }

    @Override
    public void remove(SchedUnit unit) {
        Credit2Unit u = of(unit);
        u.runqueue.deassign(u);
        u.cap.forget(u);
    }

    @Override
    public void adjusted(Domain domain) {
        Credit2Cap cap = domain.data();
        if (cap != null) {
            cap.adjust();
        }
    }

    @Override
    public void affinityChanged(SchedUnit unit) {
        Credit2Unit u = of(unit);
        u.pinned = unit.hardAffinity().size() == 1;
        u.hasSoftAffinity = unit.hasSoftAffinity();
    }

    // ---- waking, sleeping, moving -----------------------------------------------------------------------------------

    @Override
    public void wake(SchedUnit unit) {
        Credit2Unit u = of(unit);
        if (host.current(unit.pcpu()) == unit || u.queued) {
            return;
        }
        if (u.scheduled) {
            u.requeue = true;
            return;
        }
        enqueue(u, host.now());
    }

    private void enqueue(Credit2Unit u, long now) {
        loads.update(u.runqueue, u, 1, now);
        u.runqueue.insert(u);
        tickle(u, now);
    }

    @Override
    public void sleep(SchedUnit unit) {
        Credit2Unit u = of(unit);
        if (host.current(unit.pcpu()) == unit) {
            tickle(unit.pcpu());
        } else if (u.queued) {
            dequeue(u, host.now());
        } else {
            u.requeue = false;
        }
    }

    private void dequeue(Credit2Unit u, long now) {
        loads.update(u.runqueue, u, -1, now);
        u.runqueue.remove(u);
    }

    @Override
    public void yield(SchedUnit unit) {
        of(unit).yielding = true;
    }

    @Override
    public void contextSaved(SchedUnit unit) {
        Credit2Unit u = of(unit);
        long now = host.now();
        u.scheduled = false;
        boolean returned = u.isCapped() && u.budget > 0;
        if (returned) {
            u.cap.giveBack(u);
        }
        boolean requeue = u.requeue;
        u.requeue = false;
        if (requeue && unit.isRunnable()) {
            u.runqueue.insert(u);
            tickle(u, now);
        } else {
            loads.update(u.runqueue, u, -1, now);
        }
        if (returned) {
            u.cap.unparkIfFunded();
        }
    }

    @Override
    public int pickPcpu(SchedUnit unit) {
        return balance.pick(of(unit));
    }

    @Override
    public void migrate(SchedUnit unit, int pcpu) {
        Credit2Unit u = of(unit);
        if (u.runqueue != null && u.runqueue != pcpus.runqueue[pcpu]) {
            moveTo(u, pcpus.runqueue[pcpu], host.now());
        }
    }

    /** Moves {@code u} to another runqueue: at once, or when its pCPU has let go of it. */
    void moveTo(Credit2Unit u, Credit2Runqueue to, long now) {
        if (host.tracing(TraceEvent.Credit2.MIGRATE)) {
            host.trace(TraceEvent.Credit2.MIGRATE, u.unit.traceWord(), (to.id << 16) | u.runqueue.id);
        }
        if (u.scheduled) {
            u.orderedTo = to;
            if (u != chosen) {
                host.requestMigration(u.unit);
                tickle(u.unit.pcpu());
            }
            return;
        }
        boolean queued = u.queued;
        if (queued) {
            u.runqueue.remove(u);
            loads.update(u.runqueue, null, -1, now);
        }
        u.runqueue.deassign(u);
        host.setPcpu(u.unit, to.pickPcpu(u.unit, false));
        to.assign(u);
        if (queued) {
            loads.update(to, null, 1, now);
            to.insert(u);
            tickle(u, now);
        }
    }

    /** Takes {@code u}, which has no budget, out of the race. */
    void park(Credit2Unit u) {
        host.park(u.unit);
        if (u.queued) {
            u.runqueue.remove(u);
            loads.update(u.runqueue, u, -1, host.now());
        }
    }

    /** Lets {@code u} compete for budget again. */
    void unpark(Credit2Unit u) {
        host.unpark(u.unit);
        if (u.scheduled) {
            u.requeue = true;
        } else if (u.unit.isRunnable()) {
            enqueue(u, host.now());
        }
    }

    /** From now on {@code u} has to ask for budget; what it has run so far is not held against it. */
    void startBudgeting(Credit2Unit u, long now) {
        int pcpu = u.unit.pcpu();
        if (host.current(pcpu) == u.unit) {
            burn(u, now);
            tickle(pcpu);
        }
        u.budget = 0;
    }

    // ---- tickling ---------------------------------------------------------------------------------------------------

    private void tickle(int pcpu) {
        pcpus.tickled[pcpu] = true;
        host.tickle(pcpu);
    }

    /** Finds {@code u}, which has just been queued, a pCPU that should come and get it. */
    private void tickle(Credit2Unit u, long now) {
        SchedUnit unit = u.unit;
        if (host.tracing(TraceEvent.Credit2.TICKLE_NEW)) {
            host.trace(TraceEvent.Credit2.TICKLE_NEW, unit.traceWord(), unit.pcpu(), (int) u.credit);
        }
        int target = u.pinned && pcpus.isIdleAndUntickled(unit.pcpu()) ? unit.pcpu() : -1;
        if (target < 0 && u.hasSoftAffinity) {
            target = pcpus.idlePcpuFor(u, true);
        }
        if (target < 0) {
            target = pcpus.idlePcpuFor(u, false);
        }
        if (target < 0) {
            target = busyPcpuFor(u, now);
        }
        if (target >= 0) {
            if (host.tracing(TraceEvent.Credit2.TICKLE)) {
                host.trace(TraceEvent.Credit2.TICKLE, target);
            }
            tickle(target);
            u.tickledPcpu = target;
        }
    }

    /** The busy pCPU that {@code u} deserves most, or -1 if it deserves none. */
    private int busyPcpuFor(Credit2Unit u, long now) {
        int home = u.unit.pcpu();
        int best = -1;
        long bestScore = 0;
        if (mayPreempt(u, home)) {
            bestScore = Math.max(score(u, home, now), 0);
            if (bestScore > 0) {
                best = home;
                if (u.unit.softAffinity().contains(home)) {
                    return home;
                }
            }
        }
        for (int p : u.runqueue.pcpus) {
            if (p != home && mayPreempt(u, p)) {
                long score = score(u, p, now);
                if (score > bestScore) {
                    bestScore = score;
                    best = p;
                }
            }
        }
        return best;
    }

    private boolean mayPreempt(Credit2Unit u, int pcpu) {
        return !pcpus.idle[pcpu] && !pcpus.tickled[pcpu] && u.unit.usable(pcpu);
    }

    /** How far {@code u} is ahead of the one that {@code pcpu} runs; a preference is worth a whole reset. */
    private long score(Credit2Unit u, int pcpu, long now) {
        SchedUnit running = host.current(pcpu);
        if (running == null || !isPreemptable(running, now)) {
            return -1;
        }
        Credit2Unit current = of(running);
        burn(current, now);
        long score = u.credit - current.credit;
        if (u.unit.pcpu() != pcpu) {
            score -= migrateResist;
        }
        if (score > 0) {
            score += u.unit.softAffinity().contains(pcpu) ? CREDIT_INIT : 0;
            score += running.softAffinity().contains(pcpu) ? 0 : CREDIT_INIT;
        }
        if (host.tracing(TraceEvent.Credit2.TICKLE_CHECK)) {
            host.trace(TraceEvent.Credit2.TICKLE_CHECK, running.traceWord(), (int) current.credit, (int) score);
        }
        return score;
    }

    private boolean isPreemptable(SchedUnit running, long now) {
        return ratelimit <= RATELIMIT_TOLERANCE || now - running.stateEntryNanos() > ratelimit - RATELIMIT_TOLERANCE;
    }

    // ---- credits ----------------------------------------------------------------------------------------------------

    /** Charges {@code u}, which is running, for its time up to {@code now}. */
    private void burn(Credit2Unit u, long now) {
        long delta = now - u.startNanos;
        if (delta > 0) {
            long burnt = delta * u.runqueue.maxWeight + u.residual;
            u.residual = burnt % u.weight;
            u.credit = Math.max(u.credit - burnt / u.weight, CREDIT_MIN);
            if (u.isCapped()) {
                u.budget -= delta;
            }
            u.startNanos = now;
        }
        if (host.tracing(TraceEvent.Credit2.BURN)) {
            int budget = u.isCapped() ? (int) u.budget : Integer.MIN_VALUE;
            host.trace(TraceEvent.Credit2.BURN, u.unit.traceWord(), (int) u.credit, budget, (int) delta);
        }
    }

    /** A new epoch: everyone in the runqueue of {@code next} gets credit. */
    private void resetCredits(Credit2Runqueue q, Credit2Unit next, long now) {
        // Who ran far longer than intended may sit at the floor; one portion would leave it at nothing.
        long more = next.credit == CREDIT_MIN ? 2 * CREDIT_INIT : CREDIT_INIT;
        for (int i = 0; i < q.members.size(); i++) {
            Credit2Unit u = q.members.get(i);
            int pcpu = u.unit.pcpu();
            if (host.current(pcpu) == u.unit) {
                burn(u, now);
                if (u.budget <= 0) {
                    tickle(pcpu);
                }
            }
            long before = u.credit;
            u.credit = Math.min(u.credit + more, CREDIT_MAX);
            u.startNanos = now;
            if (host.tracing(TraceEvent.Credit2.CREDIT_RESET)) {
                host.trace(TraceEvent.Credit2.CREDIT_RESET, u.unit.traceWord(), (int) before, (int) u.credit);
            }
        }
    }

    /** {@code pcpu} is idle or not, whatever was decided for it. */
    void settled(int pcpu, boolean idle) {
        pcpus.idle[pcpu] = idle;
    }

    // ---- deciding ---------------------------------------------------------------------------------------------------

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        Credit2Runqueue q = pcpus.runqueue[pcpu];
        SchedUnit running = host.current(pcpu);
        Credit2Unit current = running == null ? null : of(running);
        boolean wasTickled = pcpus.tickled[pcpu];
        pcpus.tickled[pcpu] = false;
        if (host.tracing(TraceEvent.Credit2.SCHEDULE)) {
            int flags = (current == null ? 1 << 8 : 0)
                    | (pcpus.isCoreIdle(pcpu) ? 1 << 16 : 0)
                    | (wasTickled ? 1 << 24 : 0);
            host.trace(TraceEvent.Credit2.SCHEDULE, (q.id << 16) | pcpu, flags);
        }
        DecisionListener why = host.explaining();

        // 1. Charge who ran; a capped one that has used up its budget asks for more, or is parked.
        if (current != null) {
            burn(current, now);
            if (current.budget <= 0 && !current.cap.grab(current) && why != null) {
                why.because("cap used up: parked until the budget is filled up", capPeriodMillis);
            }
        }

        // 2. Choose, and if even the best has no credit left, give everyone more and look at the load.
        chosen = take(q, current, pcpu, now, why);
        if (chosen != null && bestCredit(q) <= 0) {
            if (why != null) {
                why.because("credit reset: the best had no more than", bestCredit(q));
            }
            pcpus.idle[pcpu] = false;
            resetCredits(q, chosen, now);
            balance.balance(q, now);
            if (chosen.orderedTo != null) {
                // Xen switches to it all the same, only to send it away at once.
                sendAway(chosen, current, now);
                chosen = take(q, current, pcpu, now, why);
            }
        }
        Credit2Unit next = chosen;
        chosen = null;

        // 3. Idle, or account from now on for the one that runs.
        pcpus.idle[pcpu] = next == null;
        if (next == null) {
            loads.update(q, null, 0, now);
            decision.idle();
            return;
        }
        next.startNanos = now;
        next.tickledPcpu = -1;
        if (next.unit.pcpu() != pcpu) {
            next.credit += MIGRATION_COMPENSATION;
            host.setPcpu(next.unit, pcpu);
        }

        // 4. Run it until someone else is due.
        decision.run(next.unit, runtime(q, next, current, now));
    }

    /** Takes the best candidate off the queue; the current one goes there, if another is better, once it has stopped. */
    private Credit2Unit take(Credit2Runqueue q, Credit2Unit current, int pcpu, long now, DecisionListener why) {
        Credit2Unit next = candidate(q, current, pcpu, now, why);
        if (current != null) {
            current.requeue = next != current && current.unit.isRunnable();
        }
        if (next != null && next == current) {
            loads.update(q, next, 0, now);
        } else if (next != null) {
            q.remove(next);
            next.scheduled = true;
        }
        return next;
    }

    private long bestCredit(Credit2Runqueue q) {
        if (resetsTooSeldom) {
            return passedOver ? Long.MAX_VALUE : chosen.credit;
        }
        return q.first == null ? chosen.credit : Math.max(chosen.credit, q.first.credit);
    }

    /** Carries out the order of the load balancer to move {@code u}, which has just been chosen. */
    private void sendAway(Credit2Unit u, Credit2Unit current, long now) {
        if (u == current) {
            host.requestMigration(u.unit);
            return;
        }
        Credit2Runqueue to = u.orderedTo;
        u.orderedTo = null;
        u.scheduled = false;
        u.runqueue.insert(u);
        moveTo(u, to, now);
    }

    /** Whom {@code pcpu} runs next: the unit with the most credit that may run there. Null for idle. */
    private Credit2Unit candidate(Credit2Runqueue q, Credit2Unit current, int pcpu, long now, DecisionListener why) {
        Credit2Unit next = null;
        boolean yielding = false;
        if (current != null) {
            yielding = current.yielding;
            current.yielding = false;
            boolean runnable = current.unit.isRunnable();
            long ran = now - current.unit.stateEntryNanos();
            if (!yielding && runnable && ran < ratelimit) {
                if (host.tracing(TraceEvent.Credit2.RATELIMIT)) {
                    host.trace(TraceEvent.Credit2.RATELIMIT, current.unit.traceWord(), (int) ran);
                }
                if (why != null) {
                    why.considered(current.unit, "credit", current.credit, "current, within its ratelimit");
                    why.because("ratelimit: it has run for only (ns)", ran);
                }
                return current;
            }
            if (runnable && !pcpus.isBetterOffElsewhere(current, pcpu)) {
                next = current;
            }
            if (why != null) {
                why.considered(
                        current.unit,
                        "credit",
                        current.credit,
                        next == null ? "current, cannot or need not go on" : yielding ? "current, yields" : "current");
            }
        }
        passedOver = false;
        for (Credit2Unit u = q.first; u != null; u = u.after) {
            if (host.tracing(TraceEvent.Credit2.CANDIDATE_CHECK)) {
                host.trace(TraceEvent.Credit2.CANDIDATE_CHECK, u.unit.traceWord());
            }
            long toBeat = next == null ? version.idleCredit : next.credit;
            String skipped = pcpus.whyNot(u, pcpu, toBeat + migrateResist, ignoresAffinity);
            if (skipped != null) {
                passedOver = true;
                if (why != null) {
                    why.considered(u.unit, "credit", u.credit, skipped);
                }
                continue;
            }
            boolean ahead = yielding || u.credit > toBeat;
            boolean funded = !ahead || !u.isCapped() || u.cap.grab(u);
            if (why != null) {
                why.considered(
                        u.unit, "credit", u.credit, !ahead ? "not ahead" : funded ? "most credit" : "cap used up");
            }
            if (ahead && funded) {
                next = u;
            }
            break;
        }
        if (host.tracing(TraceEvent.Credit2.CANDIDATE)) {
            if (next == null) {
                host.trace(TraceEvent.Credit2.CANDIDATE, (IDLE_DOMAIN << 16) | pcpu, -1, (int) version.idleCredit);
            } else {
                host.trace(TraceEvent.Credit2.CANDIDATE, next.unit.traceWord(), next.tickledPcpu, (int) next.credit);
            }
        }
        return next;
    }

    /**
     * How long {@code next} runs: until its credit is that of the first in the queue, or 0 if nobody waits. The unit that
     * gives way is not queued yet and so does not count, in every Xen before July 2025.
     */
    private long runtime(Credit2Runqueue q, Credit2Unit next, Credit2Unit current, long now) {
        long least = MIN_TIMER;
        if (ratelimit > 0) {
            least = Math.max(least, next == current ? next.unit.stateEntryNanos() + ratelimit - now : ratelimit);
        }
        long rival = q.first == null ? 0 : Math.max(q.first.credit, 0);
        if (version.countsWhoGivesWay && current != null && current.requeue) {
            rival = Math.max(rival, current.credit);
        }
        long credit = next.credit - rival;
        long time = credit > 0 ? credit * next.weight / q.maxWeight : 0;
        if (next.isCapped()) {
            time = Math.min(time, next.budget);
        }
        return time < least ? least : Math.min(time, version.maxTimer);
    }
}
