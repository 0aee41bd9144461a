package org.xenolith.scheduler;

import java.util.BitSet;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.machine.Topology;

/**
 * Where {@link Credit} puts a unit: an idle pCPU whose core and socket have as much else idle as possible, so that work
 * spreads over cores first and sockets next. It stays where it is unless another place is better: more idle threads in a
 * core of the same socket, or more than twice as many idle pCPUs in another socket.
 */
final class CreditPlacement {
    private final boolean consolidate;
    private final CreditRunqueue[] runqueues;
    private final BitSet idlers;
    private final BitSet[] siblings;
    private final BitSet[] socket;

    private final BitSet candidates = new BitSet();
    private final BitSet idle = new BitSet();
    private final BitSet hereIdle = new BitSet();
    private final BitSet thereIdle = new BitSet();

    /**
     * @param consolidate prefer what is busy already, to save power
     * @param idlers idle pCPUs, kept by the scheduler
     */
    CreditPlacement(Topology t, boolean consolidate, CreditRunqueue[] runqueues, BitSet idlers) {
        this.consolidate = consolidate;
        this.runqueues = runqueues;
        this.idlers = idlers;
        siblings = new BitSet[t.pcpus()];
        socket = new BitSet[t.pcpus()];
        for (int p = 0; p < t.pcpus(); p++) {
            siblings[p] = new BitSet();
            socket[p] = new BitSet();
            for (int q = 0; q < t.pcpus(); q++) {
                siblings[p].set(q, t.coreOf(p) == t.coreOf(q));
                socket[p].set(q, t.socketOf(p) == t.socketOf(q));
            }
        }
    }

    /**
     * The pCPU for {@code u}.
     *
     * @param commit whether it will be used: then the next unit placed near it goes to another
     */
    int pick(CreditUnit u, boolean commit) {
        int pcpu = -1;
        CreditRunqueue near = null;
        for (int pass = u.hasSoftAffinity ? 0 : 1; pass < 2; pass++) {
            usable(u.unit, pass == 0, candidates);
            if (candidates.isEmpty()) {
                continue;
            }
            int home = u.unit.pcpu();
            pcpu = candidates.get(home) ? home : cycle(candidates, home);

            // A pCPU on which nobody but this unit is runnable is as good as idle.
            idle.clear();
            idle.or(idlers);
            if (home == pcpu && runqueues[pcpu].first == null) {
                idle.set(pcpu);
            }
            candidates.and(idle);
            if (!candidates.get(pcpu) && !candidates.isEmpty()) {
                pcpu = cycle(candidates, pcpu);
            }
            candidates.clear(pcpu);
            while (!candidates.isEmpty()) {
                int there = cycle(candidates, pcpu);
                if (isBetter(pcpu, there)) {
                    near = runqueues[there];
                    thereIdle.and(candidates);
                    pcpu = cycle(thereIdle, near.idleBias);
                    candidates.andNot(siblings[pcpu]);
                } else {
                    candidates.andNot(thereIdle);
                }
            }
            if (idle.get(pcpu)) {
                break;
            }
        }
        if (commit && near != null) {
            near.idleBias = pcpu;
        }
        return pcpu;
    }

    private boolean isBetter(int here, int there) {
        boolean sameSocket = socket[here].get(there);
        BitSet[] group = sameSocket ? siblings : socket;
        idleIn(group[here], hereIdle);
        idleIn(group[there], thereIdle);
        int hereCount = hereIdle.cardinality();
        int thereCount = thereIdle.cardinality();
        return consolidate ? hereCount > thereCount : hereCount * (sameSocket ? 1 : 2) < thereCount;
    }

    private void idleIn(BitSet group, BitSet into) {
        into.clear();
        into.or(idle);
        into.and(group);
    }

    private void usable(SchedUnit unit, boolean preferredOnly, BitSet into) {
        into.clear();
        CpuSet usable = unit.usablePcpus();
        for (int p = usable.next(0); p >= 0; p = usable.next(p + 1)) {
            if (!preferredOnly || unit.softAffinity().contains(p)) {
                into.set(p);
            }
        }
    }

    /** The member of {@code set}, which is not empty, that follows {@code pcpu}, going round. */
    static int cycle(BitSet set, int pcpu) {
        int next = set.nextSetBit(pcpu + 1);
        return next >= 0 ? next : set.nextSetBit(0);
    }
}
