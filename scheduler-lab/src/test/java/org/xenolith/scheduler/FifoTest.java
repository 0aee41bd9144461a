package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import net.jqwik.api.Example;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class FifoTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Fifo();
    }

    /** Who never sleeps keeps its pCPU for ever. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return -1;
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    /** Nobody is preempted: who wakes waits for the other's work to end. */
    @Example
    void nobodyIsPreempted() {
        Played p = new Played(new Fifo());
        p.sleeper(1, 20, Map.of());
        p.sleeper(2, 3, Map.of());
        assertThat(p.until(47).from(0)).isEqualTo("1:20.0 2:3.0 1:20.0 2:3.0");
    }
}
