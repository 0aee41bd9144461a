package org.xenolith.scheduler.kit;

import org.xenolith.hypervisor.Scheduler;

/** Without a mistake it does what it promises. */
class WrongQueueTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new WrongQueue();
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    @Override
    public int longestIdleMillis() {
        return 1;
    }
}
