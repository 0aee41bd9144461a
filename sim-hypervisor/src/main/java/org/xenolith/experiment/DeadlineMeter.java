package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.LongUnaryOperator;
import org.xenolith.experiment.CellSummary.Budgets;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Reservation;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Measures how far a run is from an optimum for deadlines, inside a window: of the periods for which a vCPU has time reserved, how many
 * did not bring it its budget. Periods begin at the multiples of their length in system time, as those of RTDS do. One counts if it
 * lies in the window and its vCPU wanted to run from its begin to its end: it ran, waited, or was parked under its cap.
 *
 * <p>An optimum misses none as long as the set is feasible: no budget is over its period, and together those of a pool need no more than it has
 * pCPUs (Baruah, Cohen, Plaxton and Varvel, Proportionate progress: a notion of fairness in resource allocation, Algorithmica
 * 1996). Affinity is left out.
 */
final class DeadlineMeter implements TraceSink {
    /** A budget is missed by more than its {@value}th part; what is less is the hypervisor's own time. */
    private static final int TOLERANCE = 50;

    /** What a domain has reserved; asked anew whenever one of its vCPUs changes. */
    interface Claim {
        /** From what that is made which {@link #reserved} says of a vCPU: another object once it changes. */
        Object given(int vcpu);

        /** What is reserved for one of its vCPUs; null if nothing. */
        Reservation reserved(int vcpu);

        /** Whether its vCPUs are parked under a cap, rather than paused, when they are offline. */
        boolean parks();

        /** Whether it is still there. */
        boolean exists();

        /** Its cpupool; equal for domains that share one. */
        Object pool();

        /** How many pCPUs the pool has. */
        int pcpus();
    }

    /** What a domain of the model has reserved now. */
    record DomainClaim(Domain domain, Reservations reservations) implements Claim {
        @Override
        public Object given(int vcpu) {
            return domain.vcpus().get(vcpu).schedulerParameters();
        }

        @Override
        public Reservation reserved(int vcpu) {
            return reservations.of(domain.vcpus().get(vcpu));
        }

        @Override
        public boolean parks() {
            return domain.cap() > 0;
        }

        @Override
        public boolean exists() {
            return !domain.isDestroyed();
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

    /** What is known of a vCPU. Times are ns of system time. */
    private static final class Kept {
        final int domain;
        final int vcpu;
        Claim claim;
        Object given;
        Reservation reservation;
        boolean reserved;
        int pcpus;

        boolean runs;
        boolean wants;

        /** Up to when it is accounted. */
        long since;

        /** Begin of the present period, what it ran in it, and whether it wanted to throughout. */
        long begin;

        long ran;
        boolean wanted;

        long periods;
        long missed;
        long shortfall;

        Kept(int domain, int vcpu, long now) {
            this.domain = domain;
            this.vcpu = vcpu;
            this.since = now;
        }

        /** Whether anything has changed of what is claimed. */
        boolean isOutdated() {
            return given != claim.given(vcpu) || (reservation != null && pcpus != claim.pcpus());
        }

        /** From {@code now} on it is reserved what is claimed now. */
        void reread(long now) {
            Reservation before = reservation;
            given = claim.given(vcpu);
            pcpus = claim.pcpus();
            reservation = claim.reserved(vcpu);
            reserved |= reservation != null;
            if (reservation != null && !reservation.equals(before)) {
                begin(now - now % reservation.periodNanos());
                wanted = begin == now;
            }
        }

        private void begin(long time) {
            begin = time;
            ran = 0;
            wanted = true;
        }

        private void goOn(long nanos) {
            if (nanos > 0) {
                ran += runs ? nanos : 0;
                wanted &= wants;
            }
        }
    }

    private final IntFunction<Claim> claims;
    private final LongUnaryOperator nanos;
    private final long from;
    private final long to;

    /** By domain and number as records carry them; never iterated. */
    private final Map<Integer, Kept> byKey = new HashMap<>();

    private final List<Kept> all = new ArrayList<>();
    private int unknown;

    /** By domain, what was reserved in its pool when that was more than the pool had. */
    private final Map<Integer, String> excess = new HashMap<>();

    /**
     * Measures the window [{@code from}, {@code to}) of the records' time line.
     *
     * @param claims what the domain of an id has reserved; null as long as nobody knows
     * @param nanos system time, ns, at a time of the records' time line
     */
    DeadlineMeter(IntFunction<Claim> claims, LongUnaryOperator nanos, long from, long to) {
        this.claims = claims;
        this.nanos = nanos;
        this.from = nanos.applyAsLong(from);
        this.to = nanos.applyAsLong(to);
    }

    @Override
    public void accept(TraceRecord record) {
        if (!TraceEvent.isRunstateChange(record.event) || record.words < 1) {
            return;
        }
        int key = record.word[0];
        if (TraceEvent.domainOf(key) == TraceEvent.IDLE_DOMAIN) {
            return;
        }
        long now = nanos.applyAsLong(record.tsc);
        Kept k = byKey.get(key);
        if (k == null) {
            k = new Kept(TraceEvent.domainOf(key), TraceEvent.vcpuOf(key), now);
            byKey.put(key, k);
            all.add(k);
            unknown++;
        }
        learn();
        settle(k, now);
        if (k.claim != null && k.isOutdated()) {
            k.reread(now); // the period in which that changed does not count
            judge(k.claim.pool(), now);
        }
        int state = TraceEvent.newRunstate(record.event);
        k.runs = state == TraceEvent.RUNSTATE_RUNNING;
        k.wants = k.runs
                || state == TraceEvent.RUNSTATE_RUNNABLE
                || (state == TraceEvent.RUNSTATE_OFFLINE && k.claim != null && k.claim.parks());
    }

    /** Asks for the claims that are not known yet; they hold since the last change, before which nobody can have run. */
    private void learn() {
        for (int i = 0; unknown > 0 && i < all.size(); i++) {
            Kept k = all.get(i);
            if (k.claim == null) {
                k.claim = claims.apply(k.domain);
                if (k.claim != null) {
                    unknown--;
                    k.reread(k.since);
                    judge(k.claim.pool(), k.since);
                }
            }
        }
    }

    /** Brings {@code k} up to {@code now}. */
    private void settle(Kept k, long now) {
        if (k.reservation != null && now > k.since) {
            long period = k.reservation.periodNanos();
            long end = k.begin + period;
            if (now >= end) {
                k.goOn(end - k.since);
                count(k, 1, k.ran);
                k.begin(end);
                k.wanted = k.wants;
                long whole = (now - end) / period;
                count(k, whole, k.runs ? period : 0);
                k.begin(end + whole * period);
                k.since = k.begin;
            }
            k.goOn(now - k.since);
        }
        k.since = Math.max(k.since, now);
    }

    /** {@code n} periods have ended, the first of which began at {@code k.begin}, and it ran for {@code ran} in each. */
    private void count(Kept k, long n, long ran) {
        long period = k.reservation.periodNanos();
        long first = Math.max(0, Math.floorDiv(from - k.begin + period - 1, period));
        long inside = Math.min(n, Math.floorDiv(to - k.begin, period)) - first;
        if (k.wanted && inside > 0) {
            long budget = k.reservation.budgetNanos();
            k.periods += inside;
            k.missed += ran < budget - budget / TOLERANCE ? inside : 0;
            k.shortfall = Math.max(k.shortfall, budget - ran);
        }
    }

    /** Sees whether what is reserved in {@code pool} at {@code now} is feasible. */
    private void judge(Object pool, long now) {
        List<Kept> members = all.stream()
                .filter(k -> k.claim != null && k.claim.pool().equals(pool) && k.claim.exists())
                .toList();
        double sum = 0;
        boolean over = false;
        int pcpus = 0;
        for (Kept k : members) {
            if (k.reservation != null) {
                sum += (double) k.reservation.budgetNanos() / k.reservation.periodNanos();
                over |= k.reservation.budgetNanos() > k.reservation.periodNanos();
                pcpus = k.claim.pcpus();
            }
        }
        String why = over
                ? "a budget is over its period: nobody can meet it"
                : sum > pcpus + 1e-9
                        ? String.format(
                                Locale.ROOT,
                                "%.2f pCPUs are reserved where there are %d: not even an optimum meets all budgets",
                                sum,
                                pcpus)
                        : null;
        for (Kept k : members) {
            if (why != null && k.reservation != null && now < to) {
                excess.put(k.domain, why);
            } else if (now <= from) {
                excess.remove(k.domain);
            }
        }
    }

    /** How the budgets of domain {@code id} were kept in the window; null if it has none. No record may follow. */
    Budgets budgets(int id) {
        learn();
        long periods = 0;
        long missed = 0;
        long shortfall = 0;
        boolean reserved = false;
        for (Kept k : all) {
            if (k.domain == id) {
                settle(k, to);
                reserved |= k.reserved;
                periods += k.periods;
                missed += k.missed;
                shortfall = Math.max(shortfall, k.shortfall);
            }
        }
        return reserved ? new Budgets(periods, missed, periods == 0 ? null : shortfall) : null;
    }

    /** Why nobody could have kept all budgets of domain {@code id}'s pool; null if an optimum could. */
    String excess(int id) {
        return excess.get(id);
    }
}
