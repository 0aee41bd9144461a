package org.xenolith.scheduler;

import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class RoundRobinTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new RoundRobin();
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
