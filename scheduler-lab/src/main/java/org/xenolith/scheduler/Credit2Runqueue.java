package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;

/**
 * A runqueue of {@link Credit2}: the pCPUs that share it, the units that belong to it, and those of them that wait, in
 * order of falling credit, first in first out among equals.
 */
final class Credit2Runqueue {
    /** How pCPUs are put together into runqueues. */
    enum Arrangement {
        CPU,
        CORE,
        SOCKET,
        NODE,
        ALL;

        private boolean joins(Topology t, int a, int b) {
            return switch (this) {
                case CPU -> false;
                case CORE -> t.coreOf(a) == t.coreOf(b);
                case SOCKET -> t.socketOf(a) == t.socketOf(b);
                case NODE -> t.nodeOf(a) == t.nodeOf(b);
                case ALL -> true;
            };
        }
    }

    final int id;

    /** The units that belong here, in order of arrival. */
    final List<Credit2Unit> members = new ArrayList<>();

    /** pCPUs, ascending. */
    int[] pcpus = new int[0];

    /** Highest weight of a member: the one that burns one credit a nanosecond. */
    int maxWeight = 1;

    /** pCPU on which a unit was placed last; the next goes to the one after it. */
    int pickBias;

    /** Waiting and running units, and the averages of that number; see {@link Credit2Load}. */
    int load;

    long averageLoad;

    /** The average as it will be once the migrations that were decided take effect. */
    long balancedLoad;

    long loadUpdated;

    Credit2Unit first;
    private Credit2Unit last;
    private final SchedulerHost host;

    Credit2Runqueue(int id, SchedulerHost host) {
        this.id = id;
        this.host = host;
    }

    /**
     * Adds {@code pcpu} to the emptiest of {@code runqueues} that the arrangement allows and that has room for its core, or
     * to a new one; threads of a core stay together.
     *
     * @param most pCPUs in a runqueue; they are spread evenly below that
     */
    static Credit2Runqueue join(
            int pcpu, List<Credit2Runqueue> runqueues, Arrangement arrangement, int most, SchedulerHost host) {
        Topology t = host.topology();
        int even = t.pcpus() / ((t.pcpus() - 1) / most + 1);
        Credit2Runqueue best = null;
        int unusedId = 0;
        for (Credit2Runqueue q : runqueues) {
            unusedId += q.id == unusedId ? 1 : 0;
            if (!arrangement.joins(t, q.pcpus[0], pcpu)) {
                continue;
            }
            if (q.sharesCoreWith(pcpu, t)) {
                best = q;
                break;
            }
            boolean room = (q.cores(t) + 1) * t.threadsPerCore() <= even;
            if (room && (best == null || q.pcpus.length < best.pcpus.length)) {
                best = q;
            }
        }
        if (best == null) {
            best = new Credit2Runqueue(unusedId, host);
            runqueues.add(unusedId, best);
        }
        best.addPcpu(pcpu);
        return best;
    }

    private boolean sharesCoreWith(int pcpu, Topology t) {
        return Arrays.stream(pcpus).anyMatch(p -> t.coreOf(p) == t.coreOf(pcpu));
    }

    private int cores(Topology t) {
        return (int) Arrays.stream(pcpus).map(t::coreOf).distinct().count();
    }

    private void addPcpu(int pcpu) {
        if (pcpus.length == 0) {
            pickBias = pcpu;
        }
        pcpus = Arrays.copyOf(pcpus, pcpus.length + 1);
        pcpus[pcpus.length - 1] = pcpu;
        Arrays.sort(pcpus);
    }

    void removePcpu(int pcpu) {
        pcpus = Arrays.stream(pcpus).filter(p -> p != pcpu).toArray();
        if (pcpus.length > 0 && pickBias == pcpu) {
            pickBias = pcpus[0];
        }
    }

    boolean hasUsablePcpu(SchedUnit unit) {
        for (int p : pcpus) {
            if (unit.usable(p)) {
                return true;
            }
        }
        return false;
    }

    boolean hasPreferredPcpu(SchedUnit unit) {
        for (int p : pcpus) {
            if (unit.usable(p) && unit.softAffinity().contains(p)) {
                return true;
            }
        }
        return false;
    }

    /** The pCPU after the one picked last that {@code unit} may use, and prefers if {@code soft}; it is picked. */
    int pickPcpu(SchedUnit unit, boolean soft) {
        int start = 0;
        while (start < pcpus.length && pcpus[start] <= pickBias) {
            start++;
        }
        for (int i = 0; i < pcpus.length; i++) {
            int p = pcpus[(start + i) % pcpus.length];
            if (unit.usable(p) && (!soft || unit.softAffinity().contains(p))) {
                pickBias = p;
                return p;
            }
        }
        throw new IllegalStateException(unit + " may use no pCPU of runqueue " + id);
    }

    void assign(Credit2Unit u) {
        u.runqueue = this;
        members.add(u);
        updateMaxWeight(u.weight, 0);
        balancedLoad += u.load;
        if (host.tracing(TraceEvent.Credit2.RUNQ_ASSIGN)) {
            host.trace(TraceEvent.Credit2.RUNQ_ASSIGN, u.unit.traceWord(), id);
        }
    }

    void deassign(Credit2Unit u) {
        members.remove(u);
        updateMaxWeight(0, u.weight);
        balancedLoad = Math.max(balancedLoad - u.load, 0);
        u.runqueue = null;
    }

    /** A member's weight changed from {@code oldWeight} to {@code newWeight}; 0 stands for a member that is not here. */
    void updateMaxWeight(int newWeight, int oldWeight) {
        if (newWeight > maxWeight) {
            maxWeight = newWeight;
        } else if (oldWeight == maxWeight) {
            maxWeight = 1;
            for (int i = 0; i < members.size(); i++) {
                maxWeight = Math.max(maxWeight, members.get(i).weight);
            }
        }
        if (host.tracing(TraceEvent.Credit2.MAX_WEIGHT)) {
            host.trace(TraceEvent.Credit2.MAX_WEIGHT, (maxWeight << 16) | id);
        }
    }

    /** Queues {@code u} behind everyone with at least its credit. */
    void insert(Credit2Unit u) {
        int position = 0;
        Credit2Unit next = first;
        while (next != null && u.credit <= next.credit) {
            next = next.after;
            position++;
        }
        u.after = next;
        u.before = next == null ? last : next.before;
        if (u.before == null) {
            first = u;
        } else {
            u.before.after = u;
        }
        if (next == null) {
            last = u;
        } else {
            next.before = u;
        }
        u.queued = true;
        if (host.tracing(TraceEvent.Credit2.RUNQ_POS)) {
            host.trace(TraceEvent.Credit2.RUNQ_POS, u.unit.traceWord(), position);
        }
    }

    void remove(Credit2Unit u) {
        if (u.before == null) {
            first = u.after;
        } else {
            u.before.after = u.after;
        }
        if (u.after == null) {
            last = u.before;
        } else {
            u.after.before = u.before;
        }
        u.before = null;
        u.after = null;
        u.queued = false;
    }
}
