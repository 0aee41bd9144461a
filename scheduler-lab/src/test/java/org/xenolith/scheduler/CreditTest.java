package org.xenolith.scheduler;

import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class CreditTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Credit();
    }

    /**
     * Slices are as long as the accounting period, so that a domain may fall into step with it: one with half of the weight
     * against four others runs in every third period.
     */
    @Override
    public double weightsWithin() {
        return 20;
    }

    @Override
    public double weightsOfTwoWithin() {
        return 25;
    }

    /** Only who runs when a tick comes is ever accounted, cap or not. */
    @Override
    public boolean capsOnlyWhoAlwaysWants() {
        return true;
    }

    @Override
    public int capBurstMillis() {
        return 75;
    }

    /** Who waits OVER may see others boosted again and again, until the next accounting, and the one after. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return 500 + 60 * vcpus;
    }

    @Override
    public int ratelimitMicros() {
        return 1000;
    }
}
