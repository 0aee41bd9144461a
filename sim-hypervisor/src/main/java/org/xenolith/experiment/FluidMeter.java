package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.FluidShares;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Measures how far a run is from what weights and caps promise, inside a window: the service that each domain would have had
 * under {@link FluidShares generalised processor sharing} while it wanted to run, and the lag behind or ahead of it (Stoica,
 * Abdel-Wahab, Jeffay and others, A proportional share resource allocation algorithm for real-time, time-shared systems, RTSS
 * 1996). Who wants to run is what the run itself shows: a vCPU that runs, waits, or is parked under its cap.
 *
 * <p>Affinity is left out: the ideal knows the pool's pCPUs only. What the hypervisor spends beside guests counts as lag of all.
 */
final class FluidMeter implements TraceSink {
    /** What a domain is promised; asked anew whenever one of its vCPUs changes. */
    interface Claim {
        /** Its weight. */
        int weight();

        /** Its cap in percent of a pCPU, 0 for none. */
        int cap();

        /** Its cpupool; equal for domains that share one. */
        Object pool();

        /** How many pCPUs the pool has. */
        int pcpus();
    }

    /** A promise that never changes, on a host with one pool. */
    record FixedClaim(int weight, int cap, int pcpus) implements Claim {
        @Override
        public Object pool() {
            return "";
        }
    }

    /** What a domain of the model is promised now. */
    record DomainClaim(Domain domain) implements Claim {
        @Override
        public int weight() {
            return domain.weight();
        }

        @Override
        public int cap() {
            return domain.cap();
        }

        @Override
        public Object pool() {
            return domain.pool();
        }

        @Override
        public int pcpus() {
            return domain.pool().pcpus().size();
        }
    }

    private static final double PERCENT = 100.0;
    private static final int RUNS = 1;
    private static final int WANTS = 2;

    private static final class Served {
        final int id;
        Claim claim;
        int weight = 256;
        int cap;
        Object pool;
        int pcpus;

        /** vCPUs that want to run, and those of them that do. */
        int backlogged;

        int running;

        /** Time up to which it is accounted, and what it got and was due in the window up to then, cycles. */
        long since;

        double got;
        double due;
        double farthest;

        /** pCPUs' worth that it is due now. */
        double rate;

        Served(int id) {
            this.id = id;
        }

        /** Whether what it is promised differs from what was known. */
        boolean reread() {
            boolean changed = weight != claim.weight()
                    || cap != claim.cap()
                    || pcpus != claim.pcpus()
                    || !claim.pool().equals(pool);
            weight = claim.weight();
            cap = claim.cap();
            pcpus = claim.pcpus();
            pool = claim.pool();
            return changed;
        }

        long limit() {
            long all = backlogged * FluidShares.PCPU;
            return cap == 0 ? all : Math.min(all, cap * FluidShares.PCPU / 100);
        }
    }

    private final IntFunction<Claim> claims;
    private final long from;
    private final long to;

    /** Of each vCPU whether it runs and whether it wants to, by domain and number as records carry them; never iterated. */
    private final Map<Integer, Integer> marksOf = new HashMap<>();

    private final Map<Integer, Served> byId = new HashMap<>();
    private final List<Served> all = new ArrayList<>();
    private int unknown;

    private Served[] members = new Served[8];
    private long[] weight = new long[8];
    private long[] limit = new long[8];
    private long[] rate = new long[8];

    /**
     * Measures the window [{@code from}, {@code to}) in cycles.
     *
     * @param claims what the domain of an id is promised; null as long as nobody knows
     */
    FluidMeter(IntFunction<Claim> claims, long from, long to) {
        this.claims = claims;
        this.from = from;
        this.to = to;
    }

    @Override
    public void accept(TraceRecord record) {
        if (!TraceEvent.isRunstateChange(record.event) || record.words < 1) {
            return;
        }
        int key = record.word[0];
        int id = TraceEvent.domainOf(key);
        if (id == TraceEvent.IDLE_DOMAIN) {
            return;
        }
        if (unknown > 0) {
            learn();
        }
        Served d = byId.get(id);
        if (d == null) {
            d = new Served(id);
            d.since = from;
            byId.put(id, d);
            all.add(d);
            unknown++;
            learn();
        }
        account(d, record.tsc);
        boolean changed = d.claim != null && d.reread();
        int state = TraceEvent.newRunstate(record.event);
        int marks = (wants(state, d) ? WANTS : 0) | (state == TraceEvent.RUNSTATE_RUNNING ? RUNS : 0);
        int before = marksOf.getOrDefault(key, 0);
        marksOf.put(key, marks);
        d.running += (marks & RUNS) - (before & RUNS);
        d.backlogged += ((marks & WANTS) - (before & WANTS)) / WANTS;
        if (changed || ((marks ^ before) & WANTS) != 0) {
            divide(record.tsc);
        }
    }

    /** Parked vCPUs are OFFLINE; so are those of a capped domain that is paused, which records do not tell apart. */
    private static boolean wants(int state, Served d) {
        return state == TraceEvent.RUNSTATE_RUNNING
                || state == TraceEvent.RUNSTATE_RUNNABLE
                || (state == TraceEvent.RUNSTATE_OFFLINE && d.cap > 0);
    }

    /** Asks for the claims that are not known yet. */
    private void learn() {
        boolean learnt = false;
        for (Served d : all) {
            if (d.claim == null) {
                d.claim = claims.apply(d.id);
                if (d.claim != null) {
                    d.reread();
                    unknown--;
                    learnt = true;
                }
            }
        }
        if (learnt) {
            divide(all.stream().mapToLong(d -> d.since).max().orElse(from));
        }
    }

    /** Brings {@code d} up to {@code tsc}. Between two changes its lag goes straight, so it is farthest at one of them. */
    private void account(Served d, long tsc) {
        long until = Math.min(tsc, to);
        if (until > d.since) {
            d.got += (double) (until - d.since) * d.running;
            d.due += (until - d.since) * d.rate;
            d.since = until;
            d.farthest = Math.max(d.farthest, Math.abs(d.due - d.got));
        }
    }

    /** Somebody came or went, or is promised something else: everybody's rate may change at {@code tsc}. */
    private void divide(long tsc) {
        for (Served d : all) {
            account(d, tsc);
            d.rate = -1;
        }
        for (Served first : all) {
            if (first.rate < 0 && first.claim != null) {
                int n = 0;
                for (Served d : all) {
                    if (d.claim != null && d.pool.equals(first.pool)) {
                        grow(n + 1);
                        members[n] = d;
                        weight[n] = (long) d.weight * Math.max(1, d.backlogged); // Xen's weights are each vCPU's
                        limit[n++] = d.limit();
                    }
                }
                FluidShares.divide(first.pcpus * FluidShares.PCPU, n, weight, limit, rate);
                for (int i = 0; i < n; i++) {
                    members[i].rate = (double) rate[i] / FluidShares.PCPU;
                }
            }
        }
    }

    private void grow(int n) {
        if (n > members.length) {
            members = Arrays.copyOf(members, 2 * n);
            weight = Arrays.copyOf(weight, 2 * n);
            limit = Arrays.copyOf(limit, 2 * n);
            rate = Arrays.copyOf(rate, 2 * n);
        }
    }

    /** What domain {@code id} was due in the window, percent of one pCPU; null if it is not known. */
    Double duePercent(int id) {
        if (unknown > 0) {
            learn();
        }
        Served d = byId.get(id);
        if (d == null || d.claim == null) {
            return null;
        }
        account(d, to);
        return PERCENT * d.due / (to - from);
    }

    /** The farthest that its service in the window was ever from what it was due until then, cycles; null if it is not known. */
    Long farthestCycles(int id) {
        return duePercent(id) == null ? null : Math.round(byId.get(id).farthest);
    }
}
