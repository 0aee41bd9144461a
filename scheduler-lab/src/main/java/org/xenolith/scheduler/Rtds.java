package org.xenolith.scheduler;

import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.trace.TraceEvent;

/**
 * RTDS, Xen's real-time scheduler, at the behaviour of Xen 4.17: every vCPU is a deferrable server with a budget in every
 * period, and the servers of a pool share its pCPUs by global, preemptive earliest deadline first.
 *
 * <ol>
 *   <li><b>Burn.</b> Who runs burns its budget, nanosecond by nanosecond ({@link #burn}); who blocks keeps it until the period
 *       ends.
 *   <li><b>Deplete.</b> Who has none left waits for its next period; or, with extra time, gets the budget anew one priority
 *       level lower, so that it has only what no reservation claims.
 *   <li><b>Replenish.</b> At the deadline, which is the end of the period, the budget is full again and the level 0
 *       ({@link #replenishDue}). Waking after the deadline does the same.
 *   <li><b>Choose</b> the first in the queue that may run here, lower levels first, then earlier deadlines. The current one goes
 *       on only if it is strictly ahead of that ({@link #schedule}).
 *   <li><b>Run</b> until the budget is used up; there is no tick.
 *   <li><b>Tickle.</b> Who comes to the queue gets an idle pCPU, or that of the lowest priority if it is ahead ({@link #tickle}).
 * </ol>
 *
 * <p>Xen orders the queue of replenishments as it does the runqueue, by level and only then by deadline. So while someone is on
 * extra time, a later replenishment may stand before an earlier one, which then comes late or a whole period is skipped; who stands
 * behind waits, too, extra time or not. In the recording {@code rtds/s4-all}, b and c lose 9 % of what they have reserved that
 * way. {@link #replenishByDeadline} mends it.
 */
@Policy(
        name = "rtds",
        title = "Xen's real-time scheduler: budgets and periods, earliest deadline first",
        source =
                "Xen 4.17, common/sched/rt.c (Xi, Xu, Phan, Lee, Lu, Sokolsky and Gill, EMSOFT 2014; extra time: Xu 2017)")
@DomainParameter(
        name = Rtds.PERIOD,
        unit = "us",
        min = 10,
        max = 0xffff_ffffL,
        defaultValue = 10_000,
        help = "how often a vCPU gets its budget")
@DomainParameter(
        name = Rtds.BUDGET,
        unit = "us",
        min = 10,
        max = 0xffff_ffffL,
        defaultValue = 4_000,
        help = "how long a vCPU may run in each period; at most the period")
@DomainParameter(
        name = Rtds.EXTRATIME,
        max = 1,
        defaultValue = 1,
        help = "whether a vCPU may run beyond its budget when no other claims the pCPU by right")
public final class Rtds implements Scheduler {
    static final String PERIOD = "period_us";
    static final String BUDGET = "budget_us";
    static final String EXTRATIME = "extratime";

    /** No level is lower in priority: the highest number of 32 bits. */
    private static final long LOWEST_LEVEL = 0xffff_ffffL;

    @Parameter(
            name = "extratime_refills",
            help =
                    "a depleted vCPU that is given extratime gets its budget at once, as since 2026; before, in its next period")
    boolean extratimeRefills = false;

    @Parameter(
            name = "replenish_by_deadline",
            help =
                    "replenish in the order of deadlines, so that nobody loses a period to another's extra time; Xen does not")
    boolean replenishByDeadline = false;

    @Parameter(
            name = "bug_insert_does_not_tickle",
            help =
                    "Xen to this day: a vCPU that comes to the pool runnable waits until something else calls the scheduler")
    boolean insertDoesNotTickle = false;

    @Parameter(
            name = "bug_level_wraps_after",
            max = LOWEST_LEVEL,
            help =
                    "Xen until 2026: after so many budgets in a period (there 4294967295) the level is 0 again; 0 is never")
    long levelWrapsAfter = 0;

    private SchedulerHost host;
    private final RtdsQueue runqueue = new RtdsQueue(false);
    private final RtdsQueue depletedQueue = new RtdsQueue(false);
    private final RtdsQueue replenished = new RtdsQueue(false);
    private RtdsQueue replenishments;
    XenTimer replenishment;
    private boolean[] tickled;

    // ---- life -------------------------------------------------------------------------------------------------------

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        replenishments = new RtdsQueue(replenishByDeadline);
        tickled = new boolean[host.topology().pcpus()];
    }

    @Override
    public void addPcpu(int pcpu) {
        tickled[pcpu] = false;
        if (replenishment == null) {
            replenishment = host.newTimer(pcpu, this::replenishDue);
        } else if (!host.pcpus().contains(replenishment.pcpu())) {
            replenishment.migrate(pcpu);
        }
    }

    @Override
    public void removePcpu(int pcpu) {
        int other = host.pcpus().cycle(pcpu);
        if (replenishment.pcpu() == pcpu && other >= 0) {
            replenishment.migrate(other);
        }
    }

    @Override
    public void insert(SchedUnit unit) {
        RtdsUnit u = new RtdsUnit(unit);
        check(unit);
        take(u);
        unit.setData(u);
        host.setPcpu(unit, pickPcpu(unit));
        replenishIfDue(u, host.now());
        if (unit.isRunnable()) {
            insertReplenishment(u);
            enqueue(u);
            if (!insertDoesNotTickle) {
                tickle(u);
            }
        }
    }

    @Override
    public void remove(SchedUnit unit) {
        RtdsUnit u = unit.data();
        if (u.isQueued()) {
            RtdsQueue.remove(u.turn);
        }
        if (u.refill.queue != null) {
            removeReplenishment(u);
        }
    }

    /** New periods and budgets count from the next replenishment on, extra time at once. */
    @Override
    public void adjusted(Domain domain) {
        domain.units().forEach(Rtds::check);
        for (SchedUnit unit : domain.units()) {
            RtdsUnit u = unit.data();
            boolean hadExtratime = u.extratime;
            take(u);
            if (extratimeRefills && u.extratime && !hadExtratime && u.left <= 0) {
                demote(u);
                u.depleted = false;
                if (u.isQueued()) {
                    RtdsQueue.remove(u.turn);
                    enqueue(u);
                }
            }
        }
    }

    private static void check(SchedUnit unit) {
        long period = unit.parameter(PERIOD);
        long budget = unit.parameter(BUDGET);
        if (budget > period) {
            throw new IllegalArgumentException(
                    "rtds: " + unit + ": " + BUDGET + " " + budget + " is more than " + PERIOD + " " + period);
        }
    }

    private static void take(RtdsUnit u) {
        u.period = u.unit.parameter(PERIOD) * 1000;
        u.budget = u.unit.parameter(BUDGET) * 1000;
        u.extratime = u.unit.parameter(EXTRATIME) != 0;
    }

    // ---- waking and sleeping ----------------------------------------------------------------------------------------

    @Override
    public void wake(SchedUnit unit) {
        RtdsUnit u = unit.data();
        if (unit.isRunning() || u.isQueued()) {
            return;
        }
        replenishIfDue(u, host.now());
        insertReplenishment(u);
        enqueue(u);
        tickle(u);
    }

    @Override
    public void sleep(SchedUnit unit) {
        RtdsUnit u = unit.data();
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        } else if (u.isQueued()) {
            RtdsQueue.remove(u.turn);
            removeReplenishment(u);
        }
    }

    @Override
    public void contextSaved(SchedUnit unit) {
        RtdsUnit u = unit.data();
        if (unit.isRunnable()) {
            enqueue(u);
            tickle(u);
        } else {
            removeReplenishment(u);
        }
    }

    /** Puts {@code u} where it waits: for a pCPU, or without budget for its next period. */
    private void enqueue(RtdsUnit u) {
        if (u.left > 0 || u.extratime) {
            runqueue.insert(u.turn);
        } else {
            depletedQueue.push(u.turn);
        }
    }

    /** Finds {@code u}, which is queued, a pCPU that should come and get it, its last one first. */
    private void tickle(RtdsUnit u) {
        int first = u.unit.usable(u.unit.pcpu())
                ? u.unit.pcpu()
                : u.unit.usablePcpus().cycle(u.unit.pcpu());
        RtdsUnit lowest = null;
        int target = -1;
        int p = first;
        do {
            if (!tickled[p]) {
                SchedUnit running = host.current(p);
                if (running == null) {
                    tickle(p);
                    return;
                }
                RtdsUnit current = running.data();
                if (lowest == null || lowest.isAheadOf(current)) {
                    lowest = current;
                    target = p;
                }
            }
            p = u.unit.usablePcpus().cycle(p);
        } while (p != first);
        if (lowest != null && u.isAheadOf(lowest)) {
            tickle(target);
        }
    }

    private void tickle(int pcpu) {
        if (host.tracing(TraceEvent.Rtds.TICKLE)) {
            host.trace(TraceEvent.Rtds.TICKLE, pcpu);
        }
        tickled[pcpu] = true;
        host.tickle(pcpu);
    }

    // ---- budgets ----------------------------------------------------------------------------------------------------

    /** Charges {@code u}, which is running, for its time up to {@code now}. */
    private void burn(RtdsUnit u, long now) {
        long delta = now - u.chargedUntil;
        u.left -= delta;
        u.chargedUntil = now;
        if (u.left <= 0) {
            if (u.extratime) {
                demote(u);
            } else {
                u.left = 0;
                u.depleted = true;
            }
        }
        if (host.tracing(TraceEvent.Rtds.BURN)) {
            host.trace(
                    TraceEvent.Rtds.BURN,
                    u.unit.traceWord(),
                    (int) u.left,
                    (int) (u.left >>> 32),
                    (int) delta,
                    (int) u.level,
                    u.extratime ? 1 : 0);
        }
    }

    /** Gives {@code u}, which has used up its budget, another one, at a lower priority. */
    private void demote(RtdsUnit u) {
        u.left = u.budget;
        if (levelWrapsAfter > 0 && u.level >= levelWrapsAfter) {
            u.level = 0;
        } else if (u.level < LOWEST_LEVEL) {
            u.level++;
        }
    }

    /** Begins a new period of {@code u} if its last one has ended: the one that {@code now} is in. */
    private void replenishIfDue(RtdsUnit u, long now) {
        if (now < u.deadline) {
            return;
        }
        u.deadline += ((now - u.deadline) / u.period + 1) * u.period;
        u.left = u.budget;
        u.level = 0;
        u.chargedUntil = now;
        if (host.tracing(TraceEvent.Rtds.REPLENISH)) {
            host.trace(
                    TraceEvent.Rtds.REPLENISH,
                    u.unit.traceWord(),
                    (int) u.level,
                    (int) u.deadline,
                    (int) (u.deadline >>> 32),
                    (int) u.left,
                    (int) (u.left >>> 32));
        }
    }

    /** The period of {@code u} ends at {@code deadline}, whatever was thought before: for following a recording. */
    void dueAt(RtdsUnit u, long deadline) {
        u.deadline = deadline;
        if (u.refill.queue != null) {
            removeReplenishment(u);
            insertReplenishment(u);
        }
        if (u.isQueued()) {
            RtdsQueue.remove(u.turn);
            enqueue(u);
        }
    }

    /** {@code u} was chosen but does not run: for following a recording. */
    void putBack(RtdsUnit u) {
        if (u.unit.isRunnable() && !u.isQueued()) {
            enqueue(u);
        } else if (!u.unit.isRunnable()) {
            removeReplenishment(u);
        }
    }

    private void insertReplenishment(RtdsUnit u) {
        replenishments.insert(u.refill);
        if (replenishments.first() == u.refill) {
            replenishment.set(u.deadline);
        }
    }

    private void removeReplenishment(RtdsUnit u) {
        boolean first = replenishments.first() == u.refill;
        RtdsQueue.remove(u.refill);
        if (replenishments.isEmpty()) {
            replenishment.stop();
        } else if (first) {
            replenishment.set(replenishments.first().unit.deadline);
        }
    }

    /** The timer: begins new periods, and tickles where the order of priorities has changed by that. */
    private void replenishDue(long now) {
        while (!replenishments.isEmpty() && now >= replenishments.first().unit.deadline) {
            RtdsUnit u = replenishments.first().unit;
            RtdsQueue.remove(u.refill);
            boolean queued = u.isQueued();
            if (queued) {
                RtdsQueue.remove(u.turn);
            }
            replenishIfDue(u, now);
            replenished.push(u.refill);
            if (queued) {
                enqueue(u);
            }
        }
        while (!replenished.isEmpty()) {
            RtdsUnit u = replenished.first().unit;
            if (host.current(u.unit.pcpu()) == u.unit && !runqueue.isEmpty()) {
                RtdsUnit waiting = runqueue.first().unit;
                if (waiting.isAheadOf(u)) {
                    tickle(waiting);
                }
            } else if (u.depleted) {
                u.depleted = false;
                if (u.isQueued()) {
                    tickle(u);
                }
            }
            RtdsQueue.remove(u.refill);
            replenishments.insert(u.refill);
        }
        if (!replenishments.isEmpty()) {
            replenishment.set(replenishments.first().unit.deadline);
        }
    }

    // ---- deciding ---------------------------------------------------------------------------------------------------

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        SchedUnit running = host.current(pcpu);
        RtdsUnit current = running == null ? null : running.data();
        if (host.tracing(TraceEvent.Rtds.SCHEDULE)) {
            int flags = (tickled[pcpu] ? 1 << 24 : 0) | (current == null ? 1 << 28 : 0);
            host.trace(TraceEvent.Rtds.SCHEDULE, pcpu | flags);
        }
        tickled[pcpu] = false;

        // 1. Charge who ran.
        if (current != null) {
            burn(current, now);
        }

        // 2. The first in the queue that may run here, or the current one if it is ahead.
        DecisionListener why = host.explaining();
        RtdsUnit next = firstFor(pcpu, why);
        boolean mayGoOn = current != null && current.unit.isRunnable() && current.left > 0;
        boolean goesOn = mayGoOn && (next == null || current.isAheadOf(next));
        if (why != null) {
            explain(why, current, mayGoOn, goesOn, next);
        }
        if (goesOn) {
            next = current;
        }

        // 3. Run it until its budget is used up.
        if (next == null) {
            decision.idle();
            return;
        }
        if (next != current) {
            RtdsQueue.remove(next.turn);
            host.setPcpu(next.unit, pcpu);
        }
        next.chargedUntil = now;
        // Who was given extra time on the depleted queue, before that refilled, has nothing left and is charged at
        // once.
        decision.run(next.unit, Math.max(next.left, 1));
    }

    private RtdsUnit firstFor(int pcpu, DecisionListener why) {
        RtdsQueue.Place place = runqueue.first();
        while (place != null && !place.unit.unit.usable(pcpu)) {
            if (why != null) {
                why.considered(place.unit.unit, "deadline (ns)", place.unit.deadline, "pinned elsewhere");
            }
            place = place.next;
        }
        if (place == null) {
            return null;
        }
        RtdsUnit u = place.unit;
        if (host.tracing(TraceEvent.Rtds.RUNQ_PICK)) {
            host.trace(
                    TraceEvent.Rtds.RUNQ_PICK,
                    u.unit.traceWord(),
                    (int) u.deadline,
                    (int) (u.deadline >>> 32),
                    (int) u.left,
                    (int) (u.left >>> 32));
        }
        return u;
    }

    /** Tells {@code why} what was compared: levels first, then deadlines. */
    private void explain(DecisionListener why, RtdsUnit current, boolean mayGoOn, boolean goesOn, RtdsUnit first) {
        if (current != null) {
            String verdict = !current.unit.isRunnable()
                    ? "current, blocks or is held"
                    : !mayGoOn ? "current, budget used up" : goesOn ? "current, ahead" : "current, not ahead";
            considered(why, current, verdict);
        }
        if (first != null) {
            considered(why, first, goesOn ? "first in the queue, not ahead of the current one" : "first in the queue");
            for (RtdsQueue.Place p = first.turn.next; p != null; p = p.next) {
                considered(why, p.unit, "behind the first in the queue");
            }
        }
        for (RtdsQueue.Place p = depletedQueue.first(); p != null; p = p.next) {
            considered(why, p.unit, "budget used up until its deadline");
        }
        RtdsUnit chosen = goesOn ? current : first;
        if (chosen == null) {
            why.because("nobody who may run here has budget; next replenishment due (ns)", nextReplenishment());
            return;
        }
        RtdsUnit other = goesOn ? first : mayGoOn ? current : null;
        if (other == null) {
            why.because("nobody else who may run here has budget; its own (ns)", chosen.left);
        } else if (chosen.level != other.level) {
            why.because("fewer budgets used up in this period than the other; it has used up", chosen.level);
        } else if (chosen.deadline != other.deadline) {
            why.because("its deadline is earlier by (ns)", other.deadline - chosen.deadline);
        } else {
            why.because("same level and deadline, and who waits goes before who runs; budget (ns)", chosen.left);
        }
    }

    private long nextReplenishment() {
        return replenishments.isEmpty() ? -1 : replenishments.first().unit.deadline;
    }

    private static void considered(DecisionListener why, RtdsUnit u, String verdict) {
        why.considered(u.unit, "level", u.level, verdict);
        why.considered(u.unit, "deadline (ns)", u.deadline, verdict);
        why.considered(u.unit, "budget (ns)", u.left, verdict);
    }
}
