package org.xenolith.scheduler.kit;

import java.util.List;
import org.xenolith.hypervisor.Scheduler;

/** Without a mistake it does what it promises. */
class WrongEdfTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new WrongEdf();
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    /** Who has used up its budget waits for the next period, though a pCPU idles: 6 of 10 ms by default. */
    @Override
    public int longestIdleMillis() {
        return 20;
    }

    /** Budgets that are too many at once are not served by any rule. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return -1;
    }

    @Override
    public List<String> reservation() {
        return List.of("period_us", "budget_us");
    }
}
