package org.xenolith.scheduler;

import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class Credit2Test implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Credit2();
    }

    @Override
    public double weightsWithin() {
        return 1;
    }

    /** A runqueue hands out credits by weight, but who runs alone on a pCPU burns them all the same. */
    @Override
    public double weightsOfTwoWithin() {
        return 15;
    }

    @Override
    public int ratelimitMicros() {
        return 1000;
    }
}
