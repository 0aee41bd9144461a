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
        return 25;
    }

    @Override
    public double weightsOfTwoWithin() {
        return 25;
    }

    /** Credits are dealt out by weight over all pCPUs: who is alone on one has too many, and others elsewhere too few. */
    @Override
    public double weightsOfPinnedWithin() {
        return -1;
    }

    /** Who always sleeps, or always runs, when a tick comes is never accounted, or for more than it ran. */
    @Override
    public boolean weightsBesideClockwork() {
        return false;
    }

    /** Nobody is called for who waits when its affinity grows: an idle pCPU gets work at the next tick of who runs elsewhere. */
    @Override
    public int longestIdleMillis() {
        return 65;
    }

    /** Three vCPUs with a cap of 10 % together are parked for half a second and more. */
    @Override
    public boolean boundsWaitsBesideCaps() {
        return false;
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

    /** Who wakes up often and never runs when a tick comes is boosted again and again, before all others. */
    @Override
    public boolean boundsWaitsBesideBursts() {
        return false;
    }

    /** Who waits OVER waits for an accounting, or a few. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return 500 + 60 * vcpus;
    }

    @Override
    public int ratelimitMicros() {
        return 1000;
    }
}
