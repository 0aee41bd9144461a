package org.xenolith.scheduler;

import java.util.List;
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

    /** Nobody is admitted or refused: where all ask for more than there is, someone may always come last. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return -1;
    }

    @Override
    public List<String> reservation() {
        return List.of(Rtds.PERIOD, Rtds.BUDGET, Rtds.EXTRATIME);
    }
}
