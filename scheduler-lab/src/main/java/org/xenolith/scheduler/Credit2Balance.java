package org.xenolith.scheduler;

import java.util.List;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.trace.TraceEvent;

/**
 * Spreads units over the runqueues of {@link Credit2}: where a unit is placed, and what is moved when loads drift apart.
 *
 * <ul>
 *   <li><b>Placing</b> takes the least loaded runqueue the unit may use, one that it prefers if there is any. Its own load
 *       does not count against the runqueue it is on.
 *   <li><b>Balancing</b> happens when credits are reset. It compares the local runqueue with the one whose load differs
 *       most; if that is worth it, it tries every pair of a unit to push and a unit to pull (either may be none) and
 *       carries out the one that brings the loads closest.
 * </ul>
 */
final class Credit2Balance {
    private final Credit2 scheduler;
    private final SchedulerHost host;
    private final Credit2Load loads;
    private final List<Credit2Runqueue> runqueues;
    private final long tolerance;
    private final long overloadTolerance;

    private Credit2Runqueue local;
    private Credit2Runqueue other;
    private long leastDelta;
    private Credit2Unit bestPush;
    private Credit2Unit bestPull;

    /**
     * @param under logarithm to base 2 of the difference in load from which on it pays to move units between runqueues
     *     that have pCPUs to spare
     * @param over the same where a runqueue has more to run than pCPUs
     */
    Credit2Balance(
            Credit2 scheduler,
            SchedulerHost host,
            Credit2Load loads,
            List<Credit2Runqueue> runqueues,
            int under,
            int over) {
        this.scheduler = scheduler;
        this.host = host;
        this.loads = loads;
        this.runqueues = runqueues;
        this.tolerance = 1L << (loads.precision + under);
        this.overloadTolerance = 1L << (loads.precision + over);
    }

    /** The pCPU on which {@code u} is placed. */
    int pick(Credit2Unit u) {
        Credit2Runqueue ordered = u.orderedTo;
        u.orderedTo = null;
        if (ordered != null && ordered.hasUsablePcpu(u.unit)) {
            return picked(u, ordered, ordered.pickPcpu(u.unit, false), Long.MAX_VALUE);
        }
        Credit2Runqueue least = null;
        Credit2Runqueue leastPreferred = null;
        long leastLoad = Long.MAX_VALUE;
        long leastPreferredLoad = Long.MAX_VALUE;
        for (int i = 0; i < runqueues.size(); i++) {
            Credit2Runqueue q = runqueues.get(i);
            if (!q.hasUsablePcpu(u.unit)) {
                continue;
            }
            long load = q == u.runqueue ? Math.max(q.balancedLoad - u.load, 0) : q.balancedLoad;
            if (u.hasSoftAffinity && load < leastPreferredLoad && q.hasPreferredPcpu(u.unit)) {
                leastPreferred = q;
                leastPreferredLoad = load;
            }
            if (load < leastLoad) {
                least = q;
                leastLoad = load;
            }
        }
        if (leastPreferred != null) {
            return picked(u, leastPreferred, leastPreferred.pickPcpu(u.unit, true), leastLoad);
        }
        if (least == null) {
            throw new IllegalStateException(u.unit + " may use no pCPU of its pool");
        }
        return picked(u, least, least.pickPcpu(u.unit, false), leastLoad);
    }

    private int picked(Credit2Unit u, Credit2Runqueue q, int pcpu, long load) {
        if (host.tracing(TraceEvent.Credit2.PICKED_CPU)) {
            host.trace(
                    TraceEvent.Credit2.PICKED_CPU,
                    (int) load,
                    (int) (load >> 32),
                    u.unit.traceWord(),
                    (pcpu << 16) | q.id);
        }
        return pcpu;
    }

    /** Evens out the load of {@code queue} and the runqueue that differs most from it. */
    void balance(Credit2Runqueue queue, long now) {
        local = queue;
        loads.updateQueue(local, 0, now);
        Credit2Runqueue furthest = null;
        Credit2Runqueue lastSeen = null;
        leastDelta = 0;
        for (int i = 0; i < runqueues.size(); i++) {
            Credit2Runqueue q = runqueues.get(i);
            lastSeen = q;
            if (q == local) {
                continue;
            }
            loads.updateQueue(q, 0, now);
            long delta = Math.abs(local.balancedLoad - q.balancedLoad);
            if (delta > leastDelta) {
                leastDelta = delta;
                furthest = q;
            }
        }
        if (furthest == null || !worthIt(lastSeen)) {
            return;
        }
        other = furthest;
        if (host.tracing(TraceEvent.Credit2.LOAD_BALANCE)) {
            host.trace(
                    TraceEvent.Credit2.LOAD_BALANCE,
                    (int) local.balancedLoad,
                    (int) (local.balancedLoad >> 32),
                    (int) other.balancedLoad,
                    (int) (other.balancedLoad >> 32),
                    (other.id << 16) | local.id,
                    0);
        }
        findBestPair(now);
        if (bestPush != null) {
            scheduler.moveTo(bestPush, other, now);
        }
        if (bestPull != null) {
            scheduler.moveTo(bestPull, local, now);
        }
    }

    /** Xen judges whether there are pCPUs to spare by the runqueue it looked at last, be it the furthest or not. */
    private boolean worthIt(Credit2Runqueue lastSeen) {
        if (host.tracing(TraceEvent.Credit2.LOAD_CHECK)) {
            host.trace(TraceEvent.Credit2.LOAD_CHECK, (lastSeen.id << 16) | local.id, (int) leastDelta);
        }
        long highest = Math.max(local.balancedLoad, lastSeen.balancedLoad);
        long pcpus = Math.max(local.pcpus.length, lastSeen.pcpus.length);
        return leastDelta >= (highest < (pcpus << loads.precision) ? tolerance : overloadTolerance);
    }

    private void findBestPair(long now) {
        bestPush = null;
        bestPull = null;
        boolean pullLoadsUpdated = false;
        for (int i = 0; i < local.members.size(); i++) {
            Credit2Unit push = local.members.get(i);
            loads.updateUnit(push, 0, now);
            if (!mayMove(push, other)) {
                continue;
            }
            for (int j = 0; j < other.members.size(); j++) {
                Credit2Unit pull = other.members.get(j);
                if (!pullLoadsUpdated) {
                    loads.updateUnit(pull, 0, now);
                }
                if (mayMove(pull, local)) {
                    consider(push, pull);
                }
            }
            pullLoadsUpdated = true;
            consider(push, null);
        }
        for (int j = 0; j < other.members.size(); j++) {
            Credit2Unit pull = other.members.get(j);
            if (mayMove(pull, local)) {
                consider(null, pull);
            }
        }
    }

    private static boolean mayMove(Credit2Unit u, Credit2Runqueue to) {
        SchedUnit unit = u.unit;
        return u.orderedTo == null && to.hasUsablePcpu(unit);
    }

    private void consider(Credit2Unit push, Credit2Unit pull) {
        long moved = (push == null ? 0 : push.load) - (pull == null ? 0 : pull.load);
        long delta = Math.abs(local.balancedLoad - moved - (other.balancedLoad + moved));
        if (delta < leastDelta) {
            leastDelta = delta;
            bestPush = push;
            bestPull = pull;
        }
    }
}
