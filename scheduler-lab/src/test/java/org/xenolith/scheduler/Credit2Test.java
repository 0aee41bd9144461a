package org.xenolith.scheduler;

import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class Credit2Test implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Credit2();
    }
}
