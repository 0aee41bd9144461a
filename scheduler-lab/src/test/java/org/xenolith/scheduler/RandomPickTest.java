package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import net.jqwik.api.Example;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class RandomPickTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new RandomPick();
    }

    /** Of twelve, each is drawn in 1.5 s with all but certainty. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return 1000 + 40 * vcpus;
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    /** Each of two that compute gets about half, and not by turns. */
    @Example
    void drawsEvenly() {
        Played p = new Played(new RandomPick());
        p.spin(256, Map.of());
        p.spin(512, Map.of());
        p.until(10_000);
        assertThat(p.ran(1) / 1e10).isBetween(0.45, 0.55);
        assertThat(p.runs).anyMatch(r -> r.to() - r.from() >= 30_000_000);
    }
}
