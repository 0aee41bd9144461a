package org.xenolith.scheduler.kit;

import org.xenolith.hypervisor.Scheduler;

/** Without a mistake it does what it promises. */
class WrongFairTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new WrongFair();
    }

    @Override
    public int ratelimitMicros() {
        return 1000;
    }

    /** A reset cuts off what a heavy unit has saved, also when it is for another pCPU. */
    @Override
    public double weightsOfTwoWithin() {
        return 50;
    }
}
