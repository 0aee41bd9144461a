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

    /** A reset when one pCPU has nobody with credit left cuts off what is saved for another. */
    @Override
    public double weightsOfPinnedWithin() {
        return 35;
    }

    @Override
    public int ratelimitMicros() {
        return 1000;
    }

    /**
     * Xen looks no further than the first that is waiting and has used up its cap, and idles though others wait behind it, until
     * something calls it again; and of the vCPUs of a domain the one that was parked last is let go first.
     */
    @Override
    public boolean boundsWaitsBesideCaps() {
        return false;
    }

    @Override
    public int longestIdleMillis() {
        return 5;
    }
}
