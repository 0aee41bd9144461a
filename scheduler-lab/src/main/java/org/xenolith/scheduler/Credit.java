package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;

/**
 * Credit, Xen's scheduler from 3.0 on and its default until 4.11, at the behaviour of Xen 4.17 with one vCPU per unit.
 *
 * <p>Every timeslice (30 ms) each pCPU's worth of credits, 10 a millisecond, is dealt out to the domains that want them, in
 * proportion to their weights. Who has some left is UNDER, who has overdrawn is OVER, and who wakes up with some left is
 * BOOSTed above both until a tick finds it running. Every pCPU has a queue sorted by these three, FIFO within each.
 *
 * <ol>
 *   <li><b>Burn</b> 10 credits a millisecond ({@link #burn}), at every decision and tick.
 *   <li><b>Tick</b> every 10 ms: end a boost, start to earn, look for a better place ({@link #tick}).
 *   <li><b>Account</b> every 30 ms: deal out credits, park and unpark domains with a cap ({@link #account}).
 *   <li><b>Schedule</b> the head of the queue; if it is OVER, steal better work from other pCPUs ({@link #schedule}).
 *   <li><b>Wake</b>: boost, queue, and tickle an idle pCPU or the one it is placed on ({@link #wake}).
 * </ol>
 */
@Policy(
        name = "credit",
        title = "Xen's default until 4.11: a queue a pCPU, three priorities, credits dealt out every 30 ms",
        source = "Xen 4.17, common/sched/credit.c (Ackaouy 2005-2006)")
public final class Credit implements Scheduler {
    static final int BOOST = 0;
    static final int UNDER = -1;
    static final int OVER = -2;
    private static final int IDLE = -64;

    private static final int CREDITS_PER_MILLI = 10;
    private static final long NANOS_PER_CREDIT = 1_000_000 / CREDITS_PER_MILLI;
    private static final int TICKS_PER_SLICE = 3;

    /** Meant as microseconds, but Xen compares and assigns it as nanoseconds. */
    private static final long MIN_TIMER = 100;

    @Parameter(name = "version", help = "version of Xen to behave like where they differ: 3.4, 4.0, 4.17 or 4.18")
    CreditVersion version = CreditVersion.V4_17;

    @Parameter(
            name = "tslice_ms",
            unit = "ms",
            min = 1,
            max = 1000,
            changeable = true,
            help = "timeslice, and period of accounting")
    long timesliceMillis = 30;

    @Parameter(
            name = "ratelimit_us",
            unit = "us",
            max = 500_000,
            changeable = true,
            help = "how long nobody is preempted; 0 or at least 100")
    long ratelimitMicros = 1000;

    @Parameter(
            name = "migration_delay_us",
            unit = "us",
            max = 100_000,
            changeable = true,
            help = "how long a unit counts as cache hot after it ran, and is not stolen")
    long migrationDelayMicros = 0;

    @Parameter(name = "tickle_one_idle_cpu", help = "wake one suitable idle pCPU, not all of them")
    boolean tickleOneIdle = true;

    @Parameter(
            name = "load_balance_ratelimit_us",
            unit = "us",
            max = 1_000_000,
            help = "least time between looking for work elsewhere; at least 1000 in version 4.18")
    long loadBalanceRatelimitMicros = 0;

    @Parameter(name = "sched_smt_power_savings", help = "fill sockets and cores that are busy already")
    boolean smtPowerSavings = false;

    private SchedulerHost host;
    long timeslice;
    long tickPeriod;
    int creditsPerSlice;
    private long ratelimit;
    private long balanceInterval;

    CreditRunqueue[] runqueues;
    BitSet idlers;
    private CreditPlacement placement;
    private BitSet workers;
    private int[] lastTickled;
    private int[] balanceBias;
    private int pcpus;

    /** Domains with units that earn credits, those that came last or have more than they need first. */
    private final List<CreditDomain> activeDomains = new ArrayList<>();

    private int activeWeight;
    private int creditBalance;
    private int epoch;
    XenTimer accounting;

    /** When credits were dealt out last. */
    long accountedAt;

    // ---- life -------------------------------------------------------------------------------------------------------

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        reconfigured();
        Topology topology = host.topology();
        runqueues = new CreditRunqueue[topology.pcpus()];
        idlers = new BitSet(topology.pcpus());
        workers = new BitSet(topology.pcpus());
        balanceBias = new int[topology.numaNodes()];
        lastTickled = new int[topology.pcpus()];
        placement = new CreditPlacement(topology, smtPowerSavings, runqueues, idlers);
    }

    @Override
    public void reconfigured() {
        if (ratelimitMicros > 0 && ratelimitMicros < 100) {
            throw new InputException("credit: ratelimit_us must be 0 or 100 to 500000, not " + ratelimitMicros);
        }
        timeslice = timesliceMillis * 1_000_000;
        tickPeriod = timesliceMillis < TICKS_PER_SLICE ? timeslice : timeslice / 1000 / TICKS_PER_SLICE * 1000;
        creditsPerSlice = (int) timesliceMillis * CREDITS_PER_MILLI;
        ratelimit = version.ratelimited ? Math.min(ratelimitMicros * 1000, timeslice) : 0;
        balanceInterval = Math.max(loadBalanceRatelimitMicros * 1000, version.balanceInterval);
    }

    @Override
    public void addPcpu(int pcpu) {
        CreditRunqueue q = new CreditRunqueue();
        q.idleBias = host.topology().pcpus() - 1;
        q.sortedEpoch = epoch;
        runqueues[pcpu] = q;
        idlers.set(pcpu);
        pcpus++;
        if (pcpus == 1) {
            accounting = host.newTimer(pcpu, this::account);
            accounting.set(host.now() + timeslice);
        }
        q.ticker = host.newTimer(pcpu, now -> tick(pcpu));
        q.ticker.set(host.now() + tickPeriod);
    }

    @Override
    public void removePcpu(int pcpu) {
        runqueues[pcpu].ticker.stop();
        runqueues[pcpu] = null;
        idlers.clear(pcpu);
        pcpus--;
        if (pcpus == 0) {
            accounting.stop();
        } else if (accounting.pcpu() == pcpu) {
            accounting.migrate(host.pcpus().cycle(pcpu));
        }
    }

    CreditUnit of(SchedUnit unit) {
        CreditUnit u = unit.data();
        if (u == null) {
            CreditDomain domain = unit.domain().data();
            if (domain == null) {
                domain = new CreditDomain(unit.domain());
                unit.domain().setData(domain);
            }
            u = new CreditUnit(unit, domain);
            unit.setData(u);
            affinityChanged(unit);
        }
        return u;
    }

    @Override
    public void insert(SchedUnit unit) {
        host.setPcpu(unit, pickPcpu(unit));
    }

    @Override
    public void remove(SchedUnit unit) {
        CreditUnit u = of(unit);
        if (u.parked) {
            u.parked = false;
            host.unpause(unit);
        }
        if (u.active) {
            stopEarning(u);
        }
        unit.setData(null);
        unit.domain().setData(null);
    }

    @Override
    public void adjusted(Domain domain) {
        CreditDomain d = domain.data();
        if (d != null) {
            activeWeight -= d.activeWeight();
            d.weight = domain.weight();
            activeWeight += d.activeWeight();
        }
    }

    @Override
    public void affinityChanged(SchedUnit unit) {
        CreditUnit u = of(unit);
        u.pinned = unit.hardAffinity().size() == 1;
        u.hasSoftAffinity = unit.hasSoftAffinity();
    }

    // ---- waking, sleeping, placing ----------------------------------------------------------------------------------

    @Override
    public void wake(SchedUnit unit) {
        CreditUnit u = of(unit);
        if (host.current(unit.pcpu()) == unit || u.queued) {
            return;
        }
        // Those that were moved, or that a cap had parked, did not wait for anything of their own.
        boolean migrating = u.migrating;
        u.migrating = false;
        if (!migrating && u.priority == UNDER && !u.parked) {
            if (host.tracing(TraceEvent.Credit.BOOST_START)) {
                host.trace(TraceEvent.Credit.BOOST_START, unit.domain().id(), unit.id());
            }
            u.priority = BOOST;
        }
        CreditRunqueue q = runqueues[unit.pcpu()];
        q.insert(u);
        q.runnable++;
        tickle(u);
    }

    @Override
    public void sleep(SchedUnit unit) {
        CreditUnit u = of(unit);
        if (host.current(unit.pcpu()) == unit) {
            host.tickle(unit.pcpu());
        } else if (u.queued) {
            dequeue(u);
        }
    }

    private void dequeue(CreditUnit u) {
        CreditRunqueue q = runqueues[u.unit.pcpu()];
        q.remove(u);
        q.runnable--;
    }

    @Override
    public void yield(SchedUnit unit) {
        of(unit).yielding = true;
    }

    @Override
    public int pickPcpu(SchedUnit unit) {
        CreditUnit u = of(unit);
        u.migrating = true;
        return pick(u, true);
    }

    private int pick(CreditUnit u, boolean commit) {
        int pcpu = placement.pick(u, commit);
        if (host.tracing(TraceEvent.Credit.PICKED_CPU)) {
            host.trace(TraceEvent.Credit.PICKED_CPU, u.unit.domain().id(), u.unit.id(), pcpu);
        }
        return pcpu;
    }

    /**
     * Finds {@code u}, which has just been queued on its pCPU, somebody to come and get it: that pCPU if it idles, an idle
     * one otherwise, or that pCPU if nobody idles and {@code u} has the higher priority.
     */
    private void tickle(CreditUnit u) {
        SchedUnit unit = u.unit;
        int home = unit.pcpu();
        SchedUnit current = host.current(home);
        boolean ahead = current == null || u.priority > of(current).priority;
        if (current == null || (idlers.isEmpty() && ahead)) {
            tickle(home);
        } else if (!idlers.isEmpty()) {
            boolean found = (u.hasSoftAffinity && tickleIdle(unit, true)) || tickleIdle(unit, false);
            // Xen means to send the current unit to an idle pCPU as well, but asks for the affinity of the wrong one.
            if (!found && ahead) {
                tickle(home);
            }
        }
    }

    /** Tickles an idle pCPU that {@code unit} may use, each in its turn, or all of them; returns whether there was one. */
    private boolean tickleIdle(SchedUnit unit, boolean preferredOnly) {
        int here = host.here();
        int from = tickleOneIdle ? lastTickled[here] + 1 : 0;
        int p = nextIdle(unit, preferredOnly, from);
        if (p < 0 && from > 0) {
            p = nextIdle(unit, preferredOnly, 0);
        }
        boolean found = p >= 0;
        if (found && tickleOneIdle) {
            lastTickled[here] = p;
            tickle(p);
        } else {
            for (; p >= 0; p = nextIdle(unit, preferredOnly, p + 1)) {
                tickle(p);
            }
        }
        return found;
    }

    private int nextIdle(SchedUnit unit, boolean preferredOnly, int from) {
        for (int p = idlers.nextSetBit(from); p >= 0; p = idlers.nextSetBit(p + 1)) {
            if (unit.usable(p) && (!preferredOnly || unit.softAffinity().contains(p))) {
                return p;
            }
        }
        return -1;
    }

    private void tickle(int pcpu) {
        if (host.tracing(TraceEvent.Credit.TICKLE)) {
            host.trace(TraceEvent.Credit.TICKLE, pcpu);
        }
        idlers.clear(pcpu);
        host.tickle(pcpu);
    }

    // ---- credits ----------------------------------------------------------------------------------------------------

    /**
     * Charges {@code u}, which is running, for whole credits up to {@code now}. The time charged from advances by what was
     * charged, so it may run ahead of {@code now} by less than a credit, and nothing is lost.
     */
    private static void burn(CreditUnit u, long now) {
        long delta = now - u.startNanos;
        if (delta > 0) {
            long value = delta * CREDITS_PER_MILLI + u.residual;
            int credits = (int) (value / 1_000_000);
            u.residual = value % 1_000_000;
            u.credit -= credits;
            u.startNanos += credits * NANOS_PER_CREDIT;
        }
    }

    private void tick(int pcpu) {
        SchedUnit running = host.current(pcpu);
        if (running != null) {
            charge(of(running), pcpu);
        }
        CreditRunqueue q = runqueues[pcpu];
        if (q.sortedEpoch != epoch) {
            q.sortedEpoch = epoch;
            q.sort();
        }
        q.ticker.set(host.now() + tickPeriod);
    }

    /** A tick found {@code u} running. */
    private void charge(CreditUnit u, int pcpu) {
        if (u.priority == BOOST) {
            u.priority = UNDER;
            if (host.tracing(TraceEvent.Credit.BOOST_END)) {
                host.trace(TraceEvent.Credit.BOOST_END, u.unit.domain().id(), u.unit.id());
            }
        }
        if (version.sampled) {
            u.credit -= creditsPerSlice / TICKS_PER_SLICE;
        } else {
            burn(u, host.now());
        }
        if (!u.active) {
            startEarning(u);
        } else if (pick(u, false) != pcpu) {
            host.requestMigration(u.unit);
        }
    }

    void startEarning(CreditUnit u) {
        CreditDomain d = u.domain;
        u.active = true;
        if (d.active.isEmpty()) {
            activeDomains.add(0, d);
        }
        d.active.add(0, u);
        activeWeight += d.weight;
        if (host.tracing(TraceEvent.Credit.ACCOUNT_START)) {
            host.trace(TraceEvent.Credit.ACCOUNT_START, u.unit.domain().id(), u.unit.id(), d.active.size());
        }
    }

    void stopEarning(CreditUnit u) {
        CreditDomain d = u.domain;
        u.active = false;
        d.active.remove(u);
        activeWeight -= d.weight;
        if (d.active.isEmpty()) {
            activeDomains.remove(d);
        }
        if (host.tracing(TraceEvent.Credit.ACCOUNT_STOP)) {
            host.trace(TraceEvent.Credit.ACCOUNT_STOP, u.unit.domain().id(), u.unit.id(), d.active.size());
        }
    }

    /**
     * Deals out the credits of one timeslice. A domain gets its fair share by weight, but no more than its active units can
     * use up in a timeslice, or its cap; what it cannot use goes to the domains after it.
     */
    private void account(long at) {
        accountedAt = at;
        long total = (long) creditsPerSlice * pcpus - Math.min(creditBalance, 0);
        long weightTotal = activeWeight;
        long weightLeft = weightTotal;
        int balance = 0;
        boolean extraWanted = false;
        for (int i = 0; i < activeDomains.size(); ) {
            CreditDomain d = activeDomains.get(i);
            int units = d.active.size();
            long weight = d.activeWeight();
            weightLeft -= weight;

            long peak = (long) units * creditsPerSlice;
            if (creditBalance < 0) {
                peak += ceilDiv(-creditBalance * weight, weightTotal);
            }
            long capPerUnit = 0;
            int cap = d.domain.cap();
            if (cap != 0) {
                long capCredits = ceilDiv((long) cap * creditsPerSlice, 100);
                peak = Math.min(peak, capCredits);
                capPerUnit = ceilDiv(capCredits, units);
            }
            long fair = ceilDiv(total * weight, weightTotal);
            if (fair < peak) {
                extraWanted = true;
            } else {
                if (weightLeft != 0) {
                    total += ceilDiv((fair - peak) * weightTotal, weightLeft);
                }
                if (extraWanted) {
                    // Those with more than they need go first next time, so that the others can have it.
                    activeDomains.remove(i);
                    activeDomains.add(0, d);
                }
                fair = peak;
            }
            int share = (int) ceilDiv(fair, units);
            for (int j = 0; j < d.active.size(); ) {
                CreditUnit u = d.active.get(j);
                balance += grant(u, share, cap, capPerUnit);
                j += u.active ? 1 : 0;
            }
            i += d.active.isEmpty() ? 0 : 1;
        }
        creditBalance = balance;
        epoch += weightTotal == 0 ? 0 : 1;
        accounting.set(host.now() + timeslice);
    }

    /** Gives {@code u} its share and judges it anew; returns its credit. */
    private int grant(CreditUnit u, int share, int cap, long capPerUnit) {
        u.credit += share;
        if (u.credit < 0) {
            u.priority = OVER;
            if (cap != 0 && u.credit < -capPerUnit && !u.parked) {
                u.parked = true;
                host.pause(u.unit);
            }
            u.credit = Math.max(u.credit, -creditsPerSlice);
        } else {
            u.priority = UNDER;
            if (u.parked) {
                // Parked until it is awake: this is no reason for a boost.
                host.unpause(u.unit);
                u.parked = false;
            }
            if (u.credit > creditsPerSlice) {
                stopEarning(u);
                // So that it starts a little ahead when it earns again.
                u.credit /= 2;
            }
        }
        return u.credit;
    }

    private static long ceilDiv(long a, long b) {
        return (a + b - 1) / b;
    }

    // ---- deciding ---------------------------------------------------------------------------------------------------

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        CreditRunqueue q = runqueues[pcpu];
        SchedUnit running = host.current(pcpu);
        CreditUnit current = running == null ? null : of(running);
        if (host.tracing(TraceEvent.Credit.SCHEDULE)) {
            host.trace(TraceEvent.Credit.SCHEDULE, (current == null ? 1 << 24 : 0) | pcpu);
        }
        DecisionListener why = host.explaining();

        // 1. Charge who ran; within its ratelimit it goes on.
        if (current != null) {
            if (!version.sampled) {
                burn(current, now);
            }
            current.unchargedNanos = now - current.startNanos;
            current.lastRanNanos = now;
            long ran = Math.max(now - running.stateEntryNanos(), 0);
            if (!current.yielding && running.isRunnable() && ran < ratelimit) {
                current.startNanos = now - current.unchargedNanos;
                if (host.tracing(TraceEvent.Credit.RATELIMIT)) {
                    host.trace(TraceEvent.Credit.RATELIMIT, running.traceWord(), (int) ran);
                }
                if (why != null) {
                    why.considered(running, "credit", current.credit, "current, within its ratelimit");
                    why.because("ratelimit: it has run for only (ns)", ran);
                }
                decision.run(running, ran < MIN_TIMER ? MIN_TIMER : ratelimit - ran);
                return;
            }
            // 2. Queue it, if it still wants to run.
            if (running.isRunnable()) {
                q.insert(current);
            } else {
                q.runnable--;
            }
            current.yielding = false;
        }

        // 3. Take the head of the queue; if that has no credit, look for one that has, on other pCPUs.
        CreditUnit next;
        do {
            next = q.first;
            if (why != null) {
                explainQueue(q, why);
            }
            CreditUnit stolen = null;
            if (priorityOf(next) <= OVER && now - q.lastBalanceNanos > balanceInterval) {
                q.lastBalanceNanos = now;
                stolen = steal(pcpu, priorityOf(next));
            }
            if (stolen != null) {
                if (why != null) {
                    why.considered(stolen.unit, "credit", stolen.credit, "stolen from another pCPU");
                }
                next = stolen;
            } else if (next != null) {
                q.remove(next);
            }
        } while (next != null && !next.unit.isRunnable());

        // 4. Keep the tick going while there is work.
        idlers.set(pcpu, next == null);
        if (next == null) {
            if (current != null) {
                q.ticker.stop();
            }
            decision.idle();
        } else {
            if (current == null) {
                q.ticker.set(now + tickPeriod - now % tickPeriod);
            }
            next.startNanos = now - next.unchargedNanos;
            decision.run(next.unit, timeslice);
        }
    }

    private static int priorityOf(CreditUnit u) {
        return u == null ? IDLE : u.priority;
    }

    /** Takes a queued unit of higher priority than {@code priority} from another pCPU, nearest NUMA node first. */
    private CreditUnit steal(int pcpu, int priority) {
        Topology topology = host.topology();
        int own = topology.nodeOf(pcpu);
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < topology.numaNodes(); i++) {
                int node = (own + i) % topology.numaNodes();
                CreditUnit u = stealFromNode(pcpu, node, priority, pass == 0);
                if (u != null) {
                    return u;
                }
            }
        }
        return null;
    }

    private CreditUnit stealFromNode(int pcpu, int node, int priority, boolean preferredOnly) {
        CpuSet pool = host.pcpus();
        workers.clear();
        for (int p = pool.next(0); p >= 0; p = pool.next(p + 1)) {
            workers.set(p, p != pcpu && !idlers.get(p) && host.topology().nodeOf(p) == node);
        }
        int n = workers.cardinality();
        int peer = balanceBias[node];
        for (int i = 0; i < n; i++) {
            peer = CreditPlacement.cycle(workers, peer);
            boolean worthwhile = runqueues[peer].runnable > 1;
            if (host.tracing(TraceEvent.Credit.STEAL_CHECK)) {
                host.trace(TraceEvent.Credit.STEAL_CHECK, peer, worthwhile ? 1 : 0);
            }
            CreditUnit u = worthwhile ? stealFrom(peer, pcpu, priority, preferredOnly) : null;
            if (u != null) {
                balanceBias[node] = peer;
                return u;
            }
        }
        return null;
    }

    private CreditUnit stealFrom(int peer, int pcpu, int priority, boolean preferredOnly) {
        if (host.current(peer) == null) {
            // It is about to take its own work.
            return null;
        }
        for (CreditUnit u = runqueues[peer].first; u != null && u.priority > priority; u = u.after) {
            SchedUnit unit = u.unit;
            boolean fits =
                    preferredOnly ? u.hasSoftAffinity && unit.softAffinity().contains(pcpu) : true;
            if (!unit.isRunning() && fits && unit.usable(pcpu) && !isCacheHot(u)) {
                if (host.tracing(TraceEvent.Credit.STOLEN_VCPU)) {
                    host.trace(
                            TraceEvent.Credit.STOLEN_VCPU, peer, unit.domain().id(), unit.id());
                }
                dequeue(u);
                host.setPcpu(unit, pcpu);
                runqueues[pcpu].runnable++;
                return u;
            }
        }
        return null;
    }

    private boolean isCacheHot(CreditUnit u) {
        return migrationDelayMicros > 0 && host.now() - u.lastRanNanos < migrationDelayMicros * 1000;
    }

    private static void explainQueue(CreditRunqueue q, DecisionListener why) {
        for (CreditUnit u = q.first; u != null; u = u.after) {
            why.considered(u.unit, "credit", u.credit, u == q.first ? headVerdict(u) : priorityName(u.priority));
        }
    }

    private static String headVerdict(CreditUnit u) {
        return switch (u.priority) {
            case BOOST -> "head of the queue, BOOST";
            case UNDER -> "head of the queue, UNDER";
            default -> "head of the queue, OVER";
        };
    }

    static String priorityName(int priority) {
        return switch (priority) {
            case BOOST -> "BOOST";
            case UNDER -> "UNDER";
            default -> "OVER";
        };
    }
}
