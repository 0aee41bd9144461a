package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import net.jqwik.api.Example;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class FluidTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Fluid();
    }

    @Override
    public double weightsWithin() {
        return 0.5;
    }

    /** It deals out the pCPUs as if they were all the same to everyone. */
    @Override
    public double weightsOfPinnedWithin() {
        return -1;
    }

    /** In every second each has its share to within a quantum or so. */
    @Example
    void isNeverFarFromTheIdeal() {
        Played p = new Played(new Fluid());
        p.spin(100, Map.of());
        p.spin(200, Map.of());
        p.spin(700, Map.of());
        p.until(1000);
        assertThat(p.ran(1) / 1e6).isEqualTo(100, within(1.5));
        assertThat(p.ran(2) / 1e6).isEqualTo(200, within(1.5));
        assertThat(p.ran(3) / 1e6).isEqualTo(700, within(1.5));
    }
}
