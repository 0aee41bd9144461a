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
}
