package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import net.jqwik.api.Example;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class SedfTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Sedf();
    }

    /** Units stay where they were placed, so a pCPU may idle while two wait elsewhere. */
    @Override
    public boolean conservesWorkAcrossPcpus() {
        return false;
    }

    /** It has weights of its own. */
    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    private static Map<String, Long> reserved(long sliceMicros, long periodMicros) {
        return Map.of("slice_us", sliceMicros, "period_us", periodMicros, "extratime", 0L);
    }

    /** Two reservations that fill the pCPU: earliest deadline first, by hand. */
    @Example
    void earliestDeadlineRuns() {
        Played p = new Played(new Sedf());
        p.spin(256, reserved(4000, 10_000));
        p.spin(256, reserved(3000, 5000));
        // A unit's first period begins one slice after it woke: 1 at 4 and 14 ms, 2 at 3, 8, 13 and 18 ms.
        assertThat(p.until(20).from(0)).isEqualTo("2:3.0 1:2.0 2:3.0 1:2.0 2:3.0 1:2.0 2:2.0");
    }

    @Example
    void reservationsAreKeptExactly() {
        Played p = new Played(new Sedf());
        p.spin(256, reserved(2000, 10_000));
        p.spin(256, reserved(5000, 20_000));
        p.until(1000);
        assertThat(p.ran(1) / 1e6).isEqualTo(200, within(0.1));
        assertThat(p.ran(2) / 1e6).isEqualTo(250, within(0.1));
    }

    /** Extra time goes out in quanta of 500 us by weight: 1 to 3. */
    @Example
    void extraTimeGoesByWeight() {
        Played p = new Played(new Sedf());
        p.spin(256, Map.of("sedf_weight", 16L));
        p.spin(256, Map.of("sedf_weight", 48L));
        p.until(1000);
        assertThat(p.runs.get(5).to() - p.runs.get(5).from()).isIn(500_000L, 1_000_000L, 1_500_000L, 2_000_000L);
        assertThat((double) p.ran(2) / p.ran(1)).isEqualTo(3, within(0.1));
    }

    /** A weight without extra time is a reservation: 95 ms of 100 less what others have, dealt out by weight. */
    @Example
    void weightsWithoutExtraTimeAreReservations() {
        Played p = new Played(new Sedf());
        p.spin(256, reserved(4000, 20_000));
        p.spin(256, Map.of("sedf_weight", 2L, "extratime", 0L));
        p.spin(256, Map.of("sedf_weight", 1L, "extratime", 0L));
        p.until(10_000); // the first period begins late
        assertThat(p.ran(1) / 1e6).isEqualTo(2000, within(4.0));
        assertThat(p.ran(2) / 1e6).isEqualTo(5000, within(50.0));
        assertThat(p.ran(3) / 1e6).isEqualTo(2500, within(25.0));
    }

    /** Who blocks within its slice and wakes in the same period loses the rest, and makes it up in extra time first. */
    @Example
    void lostSlicesAreMadeUpForBeforeOtherExtraTime() {
        Played p = new Played(new Sedf());
        p.spin(256, Map.of());
        p.sleeper(2, 1, Map.of("slice_us", 5000L, "period_us", 20_000L));
        p.until(1000);
        // It wants a third of the pCPU, is owed a quarter, and the other one has a hundredth of its claim to extra
        // time.
        assertThat(p.ran(2) / 1e6).isBetween(230.0, 334.0);
    }

    @Example
    void changesHoldFromTheNextPeriodOn() {
        Played p = new Played(new Sedf());
        Domain a = p.spin(256, reserved(2000, 10_000));
        p.until(500);
        p.xen.setParameters(a.vcpus().get(0), Map.of("slice_us", 6000L));
        p.until(1000);
        assertThat(p.ran(1) / 1e6).isEqualTo(100 + 300, within(5.0));
    }

    @Example
    void aSliceOverItsPeriodIsRefused() {
        Played p = new Played(new Sedf());
        assertThatThrownBy(() -> p.spin(256, reserved(30_000, 20_000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("slice_us 30000 is over period_us 20000");
        Domain a = new Played(new Sedf()).spin(256, Map.of());
        assertThat(a.units()).hasSize(1);
    }
}
