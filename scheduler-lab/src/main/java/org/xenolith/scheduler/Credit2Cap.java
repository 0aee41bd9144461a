package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.hypervisor.XenTimer;

/**
 * The cap of one domain under {@link Credit2}: a budget of running time that is filled up once a period. A unit takes a
 * quota of it when it wants to run, gives back what it has left when it stops, and is parked when there is none; what it
 * overran is carried as debt.
 */
final class Credit2Cap {
    private final Domain domain;
    private final Credit2 scheduler;
    private final SchedulerHost host;
    private final XenTimer replenishment;
    private final List<Credit2Unit> parked = new ArrayList<>();
    private final List<Credit2Unit> unparking = new ArrayList<>();
    private int weight;
    private int percent;

    /** Budget of a whole period, ns. */
    private long full;

    /** What is left in the domain's hands, ns; negative if its units overran. */
    private long budget;

    private long nextReplenishment;

    Credit2Cap(Domain domain, Credit2 scheduler, SchedulerHost host) {
        this.domain = domain;
        this.scheduler = scheduler;
        this.host = host;
        this.weight = domain.weight();
        this.replenishment = host.newTimer(host.pcpus().next(0), this::replenish);
    }

    /** Takes over the domain's weight and cap if they changed. */
    void adjust() {
        if (weight != domain.weight()) {
            for (int i = 0; i < domain.units().size(); i++) {
                Credit2Unit u = scheduler.of(domain.units().get(i));
                u.weight = domain.weight();
                if (u.runqueue != null) {
                    u.runqueue.updateMaxWeight(u.weight, weight);
                }
            }
            weight = domain.weight();
        }
        if (scheduler.capOf(domain) > 0) {
            set(host.now());
        } else if (percent > 0) {
            lift();
        }
    }

    private void set(long now) {
        full = scheduler.capPeriodNanos() * scheduler.capOf(domain) / 100;
        int units = domain.units().size();
        for (int i = 0; i < units; i++) {
            // A smaller quota would only cost decisions: no slice is shorter than that anyway.
            scheduler.of(domain.units().get(i)).quota = Math.max(full / units, Credit2.MIN_TIMER);
        }
        if (percent == 0) {
            budget = full;
            nextReplenishment = now + scheduler.capPeriodNanos();
            replenishment.set(nextReplenishment);
        }
        for (int i = 0; i < units; i++) {
            Credit2Unit u = scheduler.of(domain.units().get(i));
            if (!u.isCapped()) {
                scheduler.startBudgeting(u, now);
            }
        }
        percent = scheduler.capOf(domain);
    }

    private void lift() {
        replenishment.stop();
        percent = 0;
        for (int i = 0; i < domain.units().size(); i++) {
            Credit2Unit u = scheduler.of(domain.units().get(i));
            u.budget = Credit2Unit.UNCAPPED;
            u.quota = 0;
        }
        unparkAll();
    }

    /** Gives {@code u} its quota, or parks it; returns whether it may run. */
    boolean grab(Credit2Unit u) {
        if (u.budget > 0) {
            return true;
        }
        // What the unit overran was not paid for yet.
        budget += u.budget;
        if (budget > 0) {
            u.budget = Math.min(budget, u.quota);
            budget -= u.budget;
            return true;
        }
        u.budget = 0;
        parked.add(u);
        scheduler.park(u);
        return false;
    }

    /** Takes back what {@code u}, which stops running, has not used; others may be waiting for it. */
    void giveBack(Credit2Unit u) {
        budget += u.budget;
        u.budget = 0;
    }

    /** Lets the parked units compete for what there is. */
    void unparkIfFunded() {
        if (budget > 0) {
            unparkAll();
        }
    }

    /** {@code u} leaves the pool, or is the last to do so. */
    void forget(Credit2Unit u) {
        parked.remove(u);
        u.unit.setData(null);
        if (domain.units().stream().allMatch(unit -> unit.data() == null)) {
            replenishment.stop();
            domain.setData(null);
        }
    }

    /** The budget is filled up a whole number of periods before or after {@code time}. */
    void fillEachPeriodAt(long time) {
        long period = scheduler.capPeriodNanos();
        nextReplenishment = host.now() + period - Math.floorMod(host.now() - time, period);
        replenishment.set(nextReplenishment);
    }

    /** The budget is filled up now, and from now on once a period. */
    void fillNow() {
        nextReplenishment = host.now();
        replenish(host.now());
    }

    private void replenish(long now) {
        // More than once if handled so late that a whole period was missed: the cap holds on the average of any time.
        do {
            nextReplenishment += scheduler.capPeriodNanos();
            budget += full;
        } while (nextReplenishment <= now);
        if (budget > 0) {
            budget = Math.min(budget, full);
            unparkAll();
        }
        replenishment.set(nextReplenishment);
    }

    private void unparkAll() {
        // The units may be parked again at once, so they leave the list first. The one parked last comes first, as in
        // Xen.
        unparking.addAll(parked);
        parked.clear();
        for (int i = unparking.size() - 1; i >= 0; i--) {
            scheduler.unpark(unparking.get(i));
        }
        unparking.clear();
    }
}
