package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import org.xenolith.engine.InputException;
import org.xenolith.guest.TinyKernel;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Reservation;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.scheduler.kit.SchedulerContract;

/** A table keeps each to its slot: nobody is forgotten, and nothing is lent. */
class Arinc653Test implements SchedulerContract {
    /** Every vCPU that the kit may make, up to three in each domain from a to g, has a slot of 1 ms. */
    @Override
    public Scheduler scheduler() {
        return table(IntStream.range(0, 21)
                .mapToObj(i -> (char) ('a' + i / 3) + "." + i % 3 + "=1ms")
                .collect(Collectors.joining("/")));
    }

    /** A frame, and a bit. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return 25;
    }

    private static Arinc653 table(String slots) {
        Arinc653 scheduler = new Arinc653();
        scheduler.schedule = slots;
        return scheduler;
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    /** A slot is nobody else's: pCPUs idle while others wait. */
    @Override
    public int longestIdleMillis() {
        return -1;
    }

    @Example
    void saysWhatItsTableReserves() {
        Arinc653 scheduler = table("a=5ms/b.1=3ms/idle=1ms/a=2ms");
        scheduler.majorFrameMicros = 20_000;
        assertThat(scheduler.reserved("a", 0)).isEqualTo(new Reservation(20_000_000, 7_000_000));
        assertThat(scheduler.reserved("b", 1)).isEqualTo(new Reservation(20_000_000, 3_000_000));
        assertThat(scheduler.reserved("b", 0)).isNull();
        assertThat(scheduler.reserved("idle", 0)).isNull();
        assertThat(table("").reserved("a", 0)).isNull();
        assertThat(table("a=five").reserved("a", 0)).isNull();
    }

    @Example
    void slotsRepeat() {
        Played p = new Played(table("d1=10ms/d2=5ms/idle=5ms"));
        p.spin(256, Map.of());
        p.spin(256, Map.of());
        assertThat(p.until(40).from(0)).isEqualTo("1:10.0 2:5.0 1:10.0 2:5.0");
        assertThat(p.runs.get(2).from()).isCloseTo(20_000_000, within(1000L));
    }

    @Example
    void aSlotIsNotLent() {
        Played p = new Played(table("d1=10ms/d2=10ms"));
        p.spin(256, Map.of());
        p.sleeper(25, 30, Map.of()); // asleep from its first slot, at 10, to 35
        assertThat(p.until(80).from(0)).isEqualTo("1:10.0 1:10.0 2:5.0 1:10.0 2:10.0 1:10.0 2:10.0");
    }

    @Example
    void whatTheSlotsLeaveOfTheFrameIsIdle() {
        Arinc653 scheduler = table("d1=2ms");
        scheduler.majorFrameMicros = 10_000;
        Played p = new Played(scheduler);
        p.spin(256, Map.of());
        p.until(100);
        assertThat(p.ran(1)).isCloseTo(20_000_000, within(1000L));
    }

    /** It begins at 25 ms, in the second frame, whose slot of domain 1 ends at 30. */
    @Example
    void framesThatNobodySawAreSkipped() {
        Played p = new Played(table("d1=10ms/idle=10ms"));
        Domain a = p.spin(256, Map.of());
        p.xen.pause(a);
        p.xen.at(25_000_000, () -> p.xen.unpause(a));
        assertThat(p.until(60).from(0)).isEqualTo("1:5.0 1:10.0");
    }

    @Example
    void aNewTableBeginsItsFrameAtTheNextDecision() {
        Arinc653 scheduler = table("d1=10ms/d2=10ms");
        Played p = new Played(scheduler);
        Domain a = p.spin(256, Map.of());
        p.spin(256, Map.of());
        p.xen.at(24_000_000, () -> p.xen.reconfigure(a.pool(), () -> scheduler.schedule = "d2=3ms/d1=1ms"));
        // The present slot ends at 30: 6 ms into the new table, which is 2 ms into its second frame.
        assertThat(p.until(36).from(0)).isEqualTo("1:10.0 2:10.0 1:10.0 2:1.0 1:1.0 2:3.0 1:1.0");
    }

    /** 10 ms each, in a frame that is 10 ms longer. */
    @Example
    void withoutATableDomain0HasSlots() {
        Played p = new Played(new Arinc653());
        FlatMemory memory = new FlatMemory(2 * TinyKernel.ARGUMENT_BYTES);
        Workload spin = Workload.Task::computeForever;
        Domain dom0 = p.xen.createDomain(new DomainConfig(
                0,
                "dom0",
                Domain.Type.PV,
                memory,
                "Pool-0",
                256,
                0,
                List.of(new TinyKernel(spin, memory, 0), new TinyKernel(spin, memory, TinyKernel.ARGUMENT_BYTES)),
                null,
                null));
        p.xen.at(0, () -> p.xen.unpause(dom0));
        p.spin(256, Map.of());
        p.until(300);
        for (int i = 0; i < 2; i++) {
            assertThat(p.xen.clock().toNanos(dom0.vcpus().get(i).cyclesIn(Runstate.RUNNING)))
                    .isCloseTo(100_000_000, within(10_000L));
        }
        assertThat(p.ran(1)).isZero();
    }

    @Example
    void aFrameThatDoesNotAddUpIsRefused() {
        Arinc653 scheduler = table("d1=10ms/d2=10500us");
        scheduler.majorFrameMicros = 20_000;
        assertThatThrownBy(() -> new Played(scheduler))
                .isInstanceOf(InputException.class)
                .hasMessage("arinc653: the slots come to 20500 us, which is more than the major frame of 20000 us");
        scheduler.majorFrameMicros = 20_500;
        assertThat(new Played(scheduler).runs).isEmpty();
    }

    @Example
    void whatIsNoTableIsRefused() {
        for (String slots :
                List.of("d1", "d1=10", "d1=10ms/", "=10ms", "d1=-1ms", "d1=0ms", "d1=9999s", "d1=10 minutes")) {
            assertThatThrownBy(() -> new Played(table(slots)))
                    .as(slots)
                    .isInstanceOf(InputException.class)
                    .hasMessageStartingWith("arinc653: schedule: '");
        }
        assertThatThrownBy(() -> new Played(table("d1=1ms/".repeat(64) + "d1=1ms")))
                .hasMessageContaining("65 slots");
        Arinc653 frameAlone = new Arinc653();
        frameAlone.majorFrameMicros = 1000;
        assertThatThrownBy(() -> new Played(frameAlone)).hasMessageContaining("needs a schedule");
    }

    /** A table that is refused while it runs leaves the old one in force. */
    @Example
    void aRefusedTableChangesNothing() {
        Arinc653 scheduler = table("d1=1ms/idle=1ms");
        Played p = new Played(scheduler);
        Domain a = p.spin(256, Map.of());
        p.until(10);
        assertThatThrownBy(() -> p.xen.reconfigure(a.pool(), () -> scheduler.schedule = "d1"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(p.until(14).from(10)).isEqualTo("1:1.0 1:1.0");
    }
}
