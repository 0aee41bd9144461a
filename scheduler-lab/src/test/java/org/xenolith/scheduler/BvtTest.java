package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import net.jqwik.api.Example;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

class BvtTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Bvt();
    }

    /** Units stay where they were placed, so a pCPU may idle while two wait elsewhere. */
    @Override
    public boolean conservesWorkAcrossPcpus() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    /** Who woke last stands first; after that both are never more than an allowance apart, and take turns. */
    @Example
    void equalsTakeTurnsOfTheAllowance() {
        Played p = new Played(new Bvt());
        p.spin(256, Map.of());
        p.spin(256, Map.of());
        assertThat(p.until(30).from(0)).isEqualTo("2:5.0 1:5.0 2:5.0 1:5.0 2:5.0 1:5.0");
    }

    /** Of three slices the one of twice the weight gets two, as its virtual time goes at half the speed. */
    @Example
    void virtualTimeGoesSlowerForTheHeavier() {
        Played p = new Played(new Bvt());
        p.spin(256, Map.of());
        p.spin(512, Map.of());
        p.until(3000);
        assertThat(p.ran(2) / 1e6).isEqualTo(2000, within(10.0));
    }

    @Example
    void anAdvanceGivenStandsAboveTheWeight() {
        Played p = new Played(new Bvt());
        p.spin(256, Map.of("mcu_advance", 30L));
        p.spin(256, Map.of("mcu_advance", 10L));
        p.until(4000);
        assertThat(p.ran(2) / 1e6).isEqualTo(3000, within(15.0));
    }

    /**
     * A unit that has slept has the system virtual time, which the one that runs exceeds by what it ran: it preempts at once.
     * Within an allowance of having run, it need not wait for the other's slice to end.
     */
    @Example
    void whoWakesPreemptsAtOnce() {
        Played p = new Played(new Bvt());
        p.spin(256, Map.of());
        p.sleeper(13, 1, Map.of());
        assertThat(p.until(42).from(0)).isEqualTo("1:13.0 2:1.0 1:13.0 2:1.0 1:13.0 2:1.0");
    }

    /** Without warp two that compute share evenly; who warps by 100 ms' worth runs until that is spent. */
    @Example
    void whoWarpsBorrowsFromItsFuture() {
        Played p = new Played(new Bvt());
        p.spin(256, Map.of());
        p.sleeper(10, 1000, Map.of("warpback", 1L, "warpvalue", 10_000L, "warpl_ms", 1000L));
        p.until(200);
        // 10,000 of virtual time are 1000 charging units of 100 us: it runs alone for 100 ms after it woke, and longer.
        assertThat(p.from(0)).startsWith("1:10.0 2:1");
        assertThat((p.runs.get(1).to() - p.runs.get(1).from()) / 1e6).isEqualTo(110, within(5.0));
    }

    /** After its limit it counts as any other, and owes what it borrowed: the other one runs until they are even. */
    @Example
    void theWarpLimitEndsIt() {
        Played p = new Played(new Bvt());
        p.spin(256, Map.of());
        p.sleeper(10, 1000, Map.of("warpback", 1L, "warpvalue", 10_000L, "warpl_ms", 30L));
        assertThat(p.until(80).from(0)).startsWith("1:10.0 2:30.0 1:");
        assertThat(p.runs.get(2).to() - p.runs.get(2).from()).isGreaterThan(15_000_000);
    }
}
