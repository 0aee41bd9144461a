package org.xenolith.scheduler;

import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

/** RTDS knows budgets and periods, not weights and caps; {@link RtdsBudgetTest} holds what it promises instead. */
class RtdsTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Rtds();
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }
}
