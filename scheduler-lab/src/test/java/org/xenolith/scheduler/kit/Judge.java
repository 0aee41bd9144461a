package org.xenolith.scheduler.kit;

import static org.xenolith.scheduler.kit.Violation.ms;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Pcpu;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.scheduler.kit.KitRun.Span;
import org.xenolith.scheduler.kit.KitRun.Watched;
import org.xenolith.scheduler.kit.KitScenario.KitDomain;
import org.xenolith.scheduler.kit.KitScenario.Load;
import org.xenolith.scheduler.kit.Orders.Epoch;
import org.xenolith.scheduler.kit.Orders.Order;

/**
 * Finds broken promises in a run, by its trace records and the hypervisor's accounting alone. Every method returns the first
 * violation, or null. All times are nanoseconds.
 */
final class Judge {
    private static final long MILLI = 1_000_000;

    /** How long what was ordered may take to have its effect. */
    private static final long GRACE = MILLI;

    /** How long reservations may take to have their effect: two of the longest periods. */
    private static final long SETTLED = 80 * MILLI;

    private final KitRun run;
    private final List<Epoch> epochs;

    Judge(KitRun run) {
        this.run = run;
        this.epochs = Orders.of(run.scenario);
    }

    /** Whether the hypervisor refused what the scheduler did because of where it wanted a vCPU to run. */
    private boolean refusedForPlace() {
        String why = run.refused == null ? "" : String.valueOf(run.refused.getMessage());
        return why.contains("where it may not run") || why.contains("may run only on") || why.contains("another pool");
    }

    /**
     * A vCPU that is left alone for longer than {@code bound} and still is when the run ends: held by nobody, or waiting if that
     * counts.
     */
    Violation lostVcpu(long bound, boolean waiting) {
        for (Watched w : run.vcpus) {
            Span last = w.spans.get(w.spans.size() - 1);
            long since = Math.max(last.from(), run.scenario.calmFrom());
            boolean left = (waiting && last.state() == KitRun.RUNNABLE) || last.state() == KitRun.OFFLINE;
            if (left
                    && run.end - since > bound
                    && lastOrder(w).there()
                    && !lastOrder(w).paused()) {
                return new Violation(
                        w + (last.state() == KitRun.RUNNABLE ? " waits for a pCPU since " : " is held by nobody since ")
                                + ms(last.from()) + " and runs no more",
                        last.from(),
                        since + bound);
            }
        }
        return null;
    }

    private Order lastOrder(Watched w) {
        return epochs.get(epochs.size() - 1).domains().get(w.domain);
    }

    /** A decision that cannot be carried out: to run what runs elsewhere or may not run at all, for no time, or none. */
    Violation impossible() {
        if (run.impossible != null) {
            return run.impossible;
        }
        if (run.refused != null && !refusedForPlace()) {
            return new Violation("the hypervisor refused: " + run.refused, run.end, run.end);
        }
        for (Watched w : run.vcpus) {
            for (Epoch e : epochs) {
                Order order = e.domains().get(w.domain);
                Violation ran = order.paused() || !order.there() ? ranIn(w, e) : null;
                if (ran != null) {
                    return ran;
                }
            }
        }
        return null;
    }

    private static Violation ranIn(Watched w, Epoch e) {
        for (Span s : w.spans) {
            if (s.state() == KitRun.RUNNING && s.from() < e.to() && s.to() > e.from() + GRACE) {
                return new Violation(
                        w + " runs though it is paused or not there", s.from(), Math.max(s.from(), e.from() + GRACE));
            }
        }
        return null;
    }

    /** A vCPU that runs where it may not. */
    Violation misplaced() {
        if (refusedForPlace()) {
            return new Violation("the hypervisor refused: " + run.refused.getMessage(), run.end, run.end);
        }
        for (Watched w : run.vcpus) {
            for (Epoch e : epochs) {
                Order order = e.domains().get(w.domain);
                for (Span s : order.there() ? w.spans : List.<Span>of()) {
                    boolean wrong =
                            s.state() == KitRun.RUNNING && !order.allowed().contains(s.pcpu());
                    if (wrong && s.from() < e.to() && s.to() > e.from() + GRACE) {
                        return new Violation(
                                w + " runs on pCPU " + s.pcpu() + ", though allowed only on " + order.allowed(),
                                s.from(),
                                Math.max(s.from(), e.from() + GRACE));
                    }
                }
            }
        }
        return null;
    }

    /** A pCPU that idles for longer than {@code bound} while someone waits who may run there. */
    Violation neglect(long bound) {
        int pcpus = run.scenario.topology().pcpus();
        Change[] changes = changes();
        Watched[] onPcpu = new Watched[pcpus];
        boolean[] waits = new boolean[run.vcpus.size()];
        long[] since = new long[pcpus];
        Arrays.fill(since, -1);
        int epoch = 0;
        for (int i = 0; i <= changes.length; i++) {
            long now = i < changes.length ? changes[i].time : run.end;
            for (int p = 0; p < pcpus; p++) {
                if (since[p] >= 0 && now - since[p] > bound) {
                    return new Violation(
                            "pCPU " + p + " idles though " + waiting(waits) + " waited for it since " + ms(since[p]),
                            since[p],
                            since[p] + bound);
                }
            }
            if (i == changes.length) {
                break;
            }
            Change c = changes[i];
            if (c.span.state() == KitRun.RUNNING) {
                onPcpu[c.span.pcpu()] = c.begins ? run.vcpus.get(c.vcpu) : null;
            } else if (c.span.state() == KitRun.RUNNABLE) {
                waits[c.vcpu] = c.begins;
            }
            while (epoch < epochs.size() - 1 && epochs.get(epoch).to() <= now) {
                epoch++;
            }
            for (int p = 0; p < pcpus; p++) {
                boolean neglects = onPcpu[p] == null && someoneMayRunOn(p, waits, epochs.get(epoch));
                since[p] = !neglects ? -1 : since[p] < 0 ? now : since[p];
            }
        }
        return null;
    }

    private boolean someoneMayRunOn(int pcpu, boolean[] waits, Epoch epoch) {
        for (int v = 0; v < waits.length; v++) {
            if (waits[v]
                    && epoch.domains().get(run.vcpus.get(v).domain).allowed().contains(pcpu)) {
                return true;
            }
        }
        return false;
    }

    private String waiting(boolean[] waits) {
        StringBuilder names = new StringBuilder();
        for (int v = 0; v < waits.length; v++) {
            if (waits[v]) {
                names.append(names.isEmpty() ? "" : ", ").append(run.vcpus.get(v));
            }
        }
        return names.toString();
    }

    /** A wait for a pCPU, or in a domain with a cap one to be let run again, that is longer than {@code bound}. */
    Violation starvation(long bound) {
        for (Watched w : run.vcpus) {
            for (Span s : w.spans) {
                if (s.state() == KitRun.RUNNABLE && s.length() > bound) {
                    return new Violation(
                            w + " waits for a pCPU for " + ms(s.length()) + ", longer than " + ms(bound),
                            s.from(),
                            s.from() + bound);
                }
            }
        }
        return null;
    }

    /**
     * A domain with a cap that ran, between any two times, for more than its cap of that time and {@code burst} for each of its
     * vCPUs beside.
     */
    Violation overCap(long burst, boolean onlySpinning) {
        for (Epoch e : epochs) {
            for (int d = 0; d < e.domains().size(); d++) {
                boolean judged = !onlySpinning || run.scenario.domains().get(d).load() == Load.SPIN;
                int cap = judged ? e.domains().get(d).cap() : 0;
                Violation over = cap == 0
                        ? null
                        : overCap(
                                d, cap, e, burst * run.scenario.domains().get(d).vcpus());
                if (over != null) {
                    return over;
                }
            }
        }
        return null;
    }

    /** What ran beyond the cap is a level that running raises and time lowers to no less than 0; it must not pass the burst. */
    private Violation overCap(int domain, int cap, Epoch e, long burst) {
        List<long[]> edges = new ArrayList<>();
        for (Watched w : run.vcpus) {
            for (Span s : w.domain == domain ? w.spans : List.<Span>of()) {
                if (s.state() == KitRun.RUNNING && s.from() < e.to() && s.to() > e.from()) {
                    edges.add(new long[] {Math.max(s.from(), e.from()), 1});
                    edges.add(new long[] {Math.min(s.to(), e.to()), -1});
                }
            }
        }
        edges.sort(Comparator.comparingLong(edge -> edge[0]));
        long level = 0; // ns times 100
        long time = e.from();
        long begin = e.from();
        long running = 0;
        for (long[] edge : edges) {
            level += (100 * running - cap) * (edge[0] - time);
            time = edge[0];
            if (level <= 0) {
                level = 0;
                begin = time;
            }
            if (level > 100 * burst) {
                return new Violation(
                        String.format(
                                Locale.ROOT,
                                "%s with a cap of %d %% ran %s in the %s from %s, %s more than its cap",
                                KitScenario.name(domain),
                                cap,
                                ms(run.ran(domain, begin, time)),
                                ms(time - begin),
                                ms(begin),
                                ms(level / 100)),
                        begin,
                        time);
            }
            running += edge[1];
        }
        return null;
    }

    /** A domain that always wants to run and gets less, or if all do more, than its weight's share to within {@code points}. */
    Violation unfairShare(double points, long settle) {
        long from = run.scenario.calmFrom() + settle;
        List<KitDomain> domains = run.scenario.domains();
        double[] fair = fairShares();
        boolean all = domains.stream().allMatch(d -> d.load() == Load.SPIN);
        for (int d = 0; d < fair.length && from < run.end; d++) {
            double share = 100.0 * run.ran(d, from, run.end) / (run.end - from);
            if (!epochs.get(epochs.size() - 1).domains().get(d).there()) {
                continue;
            }
            boolean little = domains.get(d).load() == Load.SPIN && share < fair[d] - points;
            boolean much = all && share > fair[d] + points;
            if (little || much) {
                return new Violation(
                        String.format(
                                Locale.ROOT,
                                "%s got %.2f %% of a pCPU from %s on, where its weight promises %s%.2f %%",
                                KitScenario.name(d),
                                share,
                                ms(from),
                                all ? "" : "at least ",
                                fair[d]),
                        from,
                        run.end);
            }
        }
        return null;
    }

    /**
     * What each domain gets at least, percent of a pCPU, if all want to run for ever: every vCPU has its domain's weight, as in Xen,
     * and none gets more than one pCPU. Domains share the pCPUs that they may run on: the same, or none.
     */
    private double[] fairShares() {
        List<Order> orders = epochs.get(epochs.size() - 1).domains();
        double[] share = new double[orders.size()];
        for (Order order : orders) {
            fairShares(orders, order.allowed(), share);
        }
        return share;
    }

    private void fairShares(List<Order> orders, CpuSet pcpus, double[] share) {
        double left = pcpus.size();
        double weights = 0;
        Set<Integer> open = new TreeSet<>();
        for (int d = 0; d < orders.size(); d++) {
            if (orders.get(d).there() && orders.get(d).allowed().equals(pcpus)) {
                open.add(d);
                weights += weight(orders.get(d), d);
            }
        }
        for (boolean again = true; again; ) {
            again = false;
            for (int d : List.copyOf(open)) {
                int vcpus = run.scenario.domains().get(d).vcpus();
                if (orders.get(d).weight() * left >= weights) {
                    open.remove(d);
                    share[d] = 100.0 * vcpus;
                    left -= vcpus;
                    weights -= weight(orders.get(d), d);
                    again = true;
                }
            }
        }
        for (int d : open) {
            share[d] = 100 * left * weight(orders.get(d), d) / weights;
        }
    }

    private int weight(Order order, int domain) {
        return order.weight() * run.scenario.domains().get(domain).vcpus();
    }

    /** A vCPU that is preempted after running for less than {@code limit}. */
    Violation earlyPreemption(long limit) {
        for (Watched w : run.vcpus) {
            for (Span s : w.spans) {
                if (s.state() == KitRun.RUNNING && s.next() == KitRun.RUNNABLE && s.length() < limit) {
                    return new Violation(
                            w + " was preempted after " + ms(s.length()) + ", with a ratelimit of " + ms(limit),
                            s.from(),
                            s.to());
                }
            }
        }
        return null;
    }

    /**
     * A vCPU that always wants to run and does not get its budget in every period: between any two times it must run as long as
     * the supply bound function of the periodic resource model says (Shin and Lee 2003), to within {@code tolerance}.
     */
    Violation missedBudget(String periodName, String budgetName, long tolerance) {
        for (Watched w : run.vcpus) {
            KitDomain d = run.scenario.domains().get(w.domain);
            Order order = lastOrder(w);
            if (d.load() != Load.SPIN || !order.there()) {
                continue;
            }
            long period = order.sched().get(periodName) * 1000;
            long budget = order.sched().get(budgetName) * 1000;
            for (Span first : w.spans) {
                long from = Math.max(first.to(), run.scenario.calmFrom() + SETTLED);
                long ran = 0;
                for (Span s : first.state() == KitRun.RUNNING ? w.spans : List.<Span>of()) {
                    if (s.state() == KitRun.RUNNING) {
                        ran += Math.max(0, s.to() - Math.max(s.from(), from));
                    } else if (s.to() > from && isLess(ran, supply(s.to() - from, period, budget), tolerance)) {
                        return new Violation(
                                w + " ran " + ms(ran) + " in the " + ms(s.to() - from) + " from " + ms(from)
                                        + ", where a budget of " + ms(budget) + " in each " + ms(period)
                                        + " is at least " + ms(supply(s.to() - from, period, budget)),
                                from,
                                s.to());
                    }
                }
            }
        }
        return null;
    }

    /** Whether {@code ran} is less than was promised, by more than {@code tolerance} and the hypervisor's own time: up to 2 %. */
    private static boolean isLess(long ran, long promised, long tolerance) {
        return ran < promised - promised / 50 - tolerance;
    }

    /** The least supply of a periodic resource in any {@code length} ns. */
    static long supply(long length, long period, long budget) {
        long gap = period - budget;
        long rest = length - gap;
        if (rest <= 0) {
            return 0;
        }
        return rest / period * budget + Math.max(0, rest % period - gap);
    }

    /** Cycles of a pCPU or of a vCPU's life that are counted not at all or twice. */
    Violation lostTime() {
        if (run.refused != null) {
            return null;
        }
        long all = run.xen.clock().toCycles(run.end);
        for (Pcpu p : run.xen.pcpus()) {
            long sum = p.guestCycles() + p.hypervisorCycles() + p.idleCycles();
            if (sum < all || sum > all + run.xen.clock().toCycles(GRACE)) {
                return new Violation(p + " accounts for " + sum + " of " + all + " cycles", 0, run.end);
            }
        }
        for (Vcpu v :
                run.xen.domains().stream().flatMap(d -> d.vcpus().stream()).toList()) {
            long sum = 0;
            for (Runstate state : Runstate.values()) {
                sum += v.cyclesIn(state);
            }
            if (sum != all - v.createdAt()) {
                return new Violation(
                        v + " has " + sum + " cycles in runstates of " + (all - v.createdAt()), 0, run.end);
            }
        }
        return null;
    }

    /** A run of the same scenario that has another trace. */
    Violation differs(KitRun again) {
        if (run.traceHash == again.traceHash) {
            return null;
        }
        for (int v = 0; v < run.vcpus.size(); v++) {
            List<Span> once = run.vcpus.get(v).spans;
            List<Span> twice = again.vcpus.get(v).spans;
            for (int i = 0; i < Math.min(once.size(), twice.size()); i++) {
                if (!once.get(i).equals(twice.get(i))) {
                    long at = once.get(i).from();
                    return new Violation("a second run does something else with " + run.vcpus.get(v), at, at);
                }
            }
        }
        return new Violation("a second run has other trace records", 0, run.end);
    }

    private record Change(long time, int vcpu, Span span, boolean begins) {}

    /** Begins and ends of all spans, and of epochs, in order of time, ends first. */
    private Change[] changes() {
        List<Change> all = new ArrayList<>();
        for (Epoch e : epochs) {
            Span order = new Span(KitRun.OFFLINE, -1, e.from(), e.to(), -1);
            all.add(new Change(e.from(), 0, order, true));
        }
        for (int v = 0; v < run.vcpus.size(); v++) {
            for (Span s : run.vcpus.get(v).spans) {
                if (s.length() == 0) {
                    continue;
                }
                all.add(new Change(s.from(), v, s, true));
                all.add(new Change(s.to(), v, s, false));
            }
        }
        all.sort(Comparator.comparingLong(Change::time).thenComparing(Change::begins));
        return all.toArray(Change[]::new);
    }
}
