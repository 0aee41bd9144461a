package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeTry;
import org.xenolith.machine.LittleEndian;
import org.xenolith.machine.MachineMemory;

/** What {@code vcpu_op} answers and leaves in the guest's memory. */
class VcpuOpTest {
    private static final int VCPU_OP = Abi.HYPERVISOR_VCPU_OP;
    private static final int REGISTER_VCPU_INFO = 10;
    private static final int ARGS = 0x1000;
    private static final int AREA = 0x2ff0; // crosses a page, as an area may
    private static final int INFO_PAGE = 5;

    private Hypervisor hypervisor;
    private FakeBootedGuest guest;
    private Domain domain;
    private MachineMemory memory;

    @BeforeTry
    void newMachine() {
        hypervisor = Machines.withFrames(1, 64, null, 0);
        guest = new FakeBootedGuest();
        domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 8, guest, new FakeBootedGuest());
        memory = hypervisor.frames().memory();
    }

    private int at(long physical) {
        return (domain.physmap().mfn(physical >> 12) << 12) + (int) (physical & 0xfff);
    }

    private long op(int op, long vcpu, long pointer) {
        return new VcpuOp(hypervisor).call(domain.vcpus().get(0), new long[] {op, vcpu, pointer, 0, 0});
    }

    private long registerInfo(long vcpu, long gfn, int offset) {
        memory.put64(at(ARGS), gfn);
        memory.put64(at(ARGS) + 8, offset);
        return op(REGISTER_VCPU_INFO, vcpu, ARGS);
    }

    @Example
    void movesVcpuInfoWithWhatItHoldsAndLeavesEverythingPending() {
        SharedInfo shared = domain.sharedInfo();
        shared.setCr2(1, 0x1234_5678_9abcL);
        shared.setUpcallMask(1, true);
        assertThat(registerInfo(1, INFO_PAGE, 0x100)).isZero();
        int info = at((INFO_PAGE << 12) + 0x100);
        assertThat(memory.get8(info)).as("upcall pending").isEqualTo(1);
        assertThat(memory.get8(info + 1)).as("upcall mask").isEqualTo(1);
        assertThat(memory.get64(info + 8)).as("selector").isEqualTo(-1);
        assertThat(memory.get64(info + 16)).as("cr2").isEqualTo(0x1234_5678_9abcL);
        assertThat(memory.get32(info + 32)).as("version").isPositive().isEven();
        shared.setUpcallPending(1, false);
        assertThat(memory.get8(info)).isZero();
    }

    @Example
    void refusesToMoveItTwiceOrToWhatIsNotTheGuests() {
        assertThat(registerInfo(0, 100, 0)).isEqualTo(Abi.EINVAL);
        assertThat(registerInfo(0, -1, 0)).isEqualTo(Abi.EINVAL);
        assertThat(registerInfo(0, INFO_PAGE, 4096 - 63)).isEqualTo(Abi.EINVAL);
        assertThat(registerInfo(0, INFO_PAGE, -64)).isEqualTo(Abi.EINVAL);
        assertThat(registerInfo(2, INFO_PAGE, 0)).isEqualTo(Abi.ENOENT);
        assertThat(registerInfo(0, INFO_PAGE, 4096 - 64)).isZero();
        assertThat(registerInfo(0, INFO_PAGE, 0)).isEqualTo(Abi.EINVAL);
        assertThat(op(REGISTER_VCPU_INFO, 0, 1L << 40)).isEqualTo(Abi.EFAULT);
    }

    @Example
    void aFrameItWritesToIsGivenToNobodyElse() {
        assertThat(registerInfo(0, INFO_PAGE, 0)).isZero();
        int mfn = domain.physmap().mfn(INFO_PAGE);
        assertThat(domain.physmap().depopulate(INFO_PAGE)).isTrue();
        int free = memory.freeFrames();
        for (int i = 0; i < free; i++) {
            assertThat(hypervisor.frames().allocate(2)).isNotEqualTo(mfn);
        }
    }

    @Example
    void answersAsXenToWhatIsWrong() {
        memory.put64(at(ARGS), 999_999);
        assertThat(op(6, 0, ARGS)).as("periodic timer too short").isEqualTo(Abi.EINVAL);
        memory.put64(at(ARGS), -1L);
        assertThat(op(6, 0, ARGS)).as("periodic timer too long").isEqualTo(Abi.EINVAL);
        assertThat(op(6, 0, 1L << 50)).isEqualTo(Abi.EFAULT);
        assertThat(op(7, 0, 0)).isZero();
        assertThat(op(8, 1, ARGS)).as("another's singleshot timer").isEqualTo(Abi.EINVAL);
        assertThat(op(9, 1, 0)).isEqualTo(Abi.EINVAL);
        assertThat(op(11, 0, ARGS)).as("NMI takes no argument").isEqualTo(Abi.EINVAL);
        assertThat(op(12, 0, ARGS)).isEqualTo(Abi.EINVAL);
        assertThat(op(14, 0, ARGS)).isEqualTo(Abi.ENOSYS);
        assertThat(op(3, -1, 0)).isEqualTo(Abi.ENOENT);
        assertThat(op(5, 0, 1L << 50)).isEqualTo(Abi.EFAULT);
        assertThat(op(4, 0, 1L << 50)).isEqualTo(Abi.EFAULT);
    }

    @Example
    void onlyTheFirstVcpuStartsUpAndTheLastToGoDownEndsTheDomain() {
        assertThat(op(3, 0, 0)).isEqualTo(1);
        assertThat(op(3, 1, 0)).isZero();
        assertThat(op(1, 1, 0)).as("up without a state").isEqualTo(Abi.EINVAL);
        domain.vcpus().get(1).initialised = true;
        assertThat(op(0, 1, ARGS)).as("initialised twice").isEqualTo(Abi.EEXIST);
        assertThat(op(1, 1, 0)).isZero();
        assertThat(op(3, 1, 0)).isEqualTo(1);
        assertThat(op(2, 0, 0)).isZero();
        assertThat(domain.shutdownReason()).isEqualTo(-1);
        assertThat(op(2, 1, 0)).isZero();
        assertThat(domain.shutdownReason()).isEqualTo(Abi.SHUTDOWN_POWEROFF);
    }

    @Property(tries = 50)
    void runstateAreaSumsToTheLifetime(@ForAll @IntRange(min = 2, max = 40) int slices, @ForAll boolean flagged) {
        FakeBootedGuest rival = new FakeBootedGuest();
        Domain other = Machines.booted(hypervisor, 2, Domain.Type.PVH, 2, rival);
        domain.assists = flagged ? 1 << 5 : 0;
        memory.put64(at(ARGS), AREA);
        guest.hypercall(VCPU_OP, 5, 0, ARGS);
        hypervisor.unpause(domain);
        hypervisor.unpause(other);
        hypervisor.run(slices * Fifo.SLICE_NANOS + 500_000);
        assertThat(guest.results).containsExactly(0L);
        Vcpu v = domain.vcpus().get(0);
        byte[] area = new byte[VcpuAreas.RUNSTATE_INFO];
        assertThat(guest.registers.memory().read(AREA, area, area.length)).isTrue();
        long entered = LittleEndian.get64(area, 8);
        long sum = 0;
        for (int state = 0; state < 4; state++) {
            sum += LittleEndian.get64(area, 16 + 8 * state);
        }
        assertThat(LittleEndian.get32(area, 0)).isEqualTo(v.runstate().ordinal());
        assertThat(entered).isEqualTo(v.stateEntryNanos()).isPositive();
        assertThat(sum).isEqualTo(entered);
        long runnable = LittleEndian.get64(area, 16 + 8);
        assertThat(runnable).as("time stolen by the rival").isGreaterThanOrEqualTo((slices / 2 - 1) * Fifo.SLICE_NANOS);
    }

    @Example
    void systemTimeIsStampedAtEachSwitch() {
        Machines.booted(hypervisor, 2, Domain.Type.PVH, 2, new FakeBootedGuest());
        hypervisor.domains().forEach(hypervisor::unpause);
        int time = (domain.sharedInfo().frame() << 12) + 32;
        long seen = -1;
        int version = 0;
        for (int slice = 0; slice < 6; slice += 2) {
            hypervisor.run(slice * Fifo.SLICE_NANOS + 500_000);
            assertThat(memory.get32(time)).isGreaterThan(version).isEven();
            version = memory.get32(time);
            assertThat(memory.get64(time + 16)).isGreaterThan(seen).isEqualTo(slice * Fifo.SLICE_NANOS);
            seen = memory.get64(time + 16);
            assertThat(memory.get64(time + 8)).isEqualTo(seen);
        }
    }

    @Example
    void timeIsStampedInASecondCopyToo() {
        memory.put64(at(ARGS), AREA);
        memory.put32(at(AREA), 7); // whatever is there, the version ends even
        assertThat(op(13, 0, ARGS)).isZero();
        assertThat(memory.get32(at(AREA))).isEqualTo(10);
        hypervisor.unpause(domain);
        hypervisor.run(1000);
        byte[] first = new byte[PvClock.TIME_INFO];
        byte[] second = new byte[PvClock.TIME_INFO];
        memory.read((domain.sharedInfo().frame() << 12) + 32, first, 0, first.length);
        assertThat(guest.registers.memory().read(AREA, second, second.length)).isTrue();
        assertThat(second).endsWith(Arrays.copyOfRange(first, 4, first.length));
    }

    @Example
    void thePeriodicTimerTicksWhileTheVcpuRuns() {
        Machines.booted(hypervisor, 2, Domain.Type.PVH, 2, new FakeBootedGuest());
        int port = (int) hypervisor.events().bindVirq(domain.vcpus().get(0), Abi.VIRQ_TIMER);
        memory.put64(at(ARGS), 2_000_000);
        guest.hypercall(VCPU_OP, 6, 0, ARGS);
        hypervisor.domains().forEach(hypervisor::unpause);
        SharedInfo shared = domain.sharedInfo();
        int ticks = 0;
        for (int millis = 0; millis < 40; millis++) {
            hypervisor.run(millis * 1_000_000L + 500_000);
            if (shared.isPending(port)) {
                ticks++;
                shared.clearPending(port);
                shared.takePendingSelector(0);
                shared.setUpcallPending(0, false);
            }
        }
        // It runs each second slice of 1 ms, at the beginning of which a tick is due; but for the first.
        assertThat(ticks).isEqualTo(19);
        assertThat(op(7, 0, 0)).isZero();
        hypervisor.run(50_000_000);
        assertThat(shared.isPending(port)).isFalse();
    }

    @Example
    void pollingWaitsForAnEventOfTheFifoToo() {
        EventChannels events = hypervisor.events();
        int port = (int) events.bindIpi(domain.vcpus().get(0));
        assertThat(events.initControl(domain.vcpus().get(0), 6, 0)).isZero();
        assertThat(events.expandArray(domain, 7)).isZero();
        memory.put32(at(7 << 12) + 4 * port, 1 << 30); // masked, as who polls has it
        memory.put64(at(ARGS), ARGS + 64);
        memory.put32(at(ARGS) + 8, 1);
        memory.put64(at(ARGS) + 16, 0);
        memory.put32(at(ARGS) + 64, port);
        guest.hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_POLL, ARGS);
        hypervisor.unpause(domain);
        hypervisor.run(1_000_000);
        Vcpu v = domain.vcpus().get(0);
        assertThat(v.runstate()).isEqualTo(Runstate.BLOCKED);
        assertThat(events.send(domain, port)).isZero();
        hypervisor.run(2_000_000);
        assertThat(v.runstate()).isEqualTo(Runstate.RUNNING);
    }

    @Example
    void theWallClockBeginsWithTheYear2024() {
        int clock = (domain.sharedInfo().frame() << 12) + 3072;
        assertThat(memory.get32(clock)).isPositive().isEven();
        assertThat(memory.get32(clock + 4)).isEqualTo(1_704_067_200);
        domain.sharedInfo().setWallClock(5L << 32 | 7, 8);
        assertThat(memory.get32(clock + 4)).isEqualTo(7);
        assertThat(memory.get32(clock + 8)).isEqualTo(8);
        assertThat(memory.get32(clock + 12)).isEqualTo(5);
    }

    @Example
    void aWatchdogThatIsNotFedEndsTheDomain() {
        memory.put32(at(ARGS), 0);
        memory.put32(at(ARGS) + 4, 1);
        memory.put32(at(ARGS) + 16, 3);
        memory.put32(at(ARGS) + 20, 1);
        guest.hypercall(Abi.HYPERVISOR_SCHED_OP, 6, ARGS)
                .hypercall(Abi.HYPERVISOR_SCHED_OP, 6, ARGS)
                .hypercall(Abi.HYPERVISOR_SCHED_OP, 6, ARGS)
                .hypercall(Abi.HYPERVISOR_SCHED_OP, 6, ARGS + 16)
                .hypercall(Abi.HYPERVISOR_SCHED_OP, 4, ARGS)
                .hypercall(Abi.HYPERVISOR_SCHED_OP, 7, ARGS);
        hypervisor.unpause(domain);
        hypervisor.run(1_000_000_000);
        assertThat(guest.results).containsExactly(1L, 2L, Abi.ENOSPC, Abi.EINVAL, Abi.ESRCH, Abi.EPERM);
        assertThat(domain.shutdownReason()).isEqualTo(-1);
        hypervisor.run(1_001_000_000);
        assertThat(domain.shutdownReason()).isEqualTo(Abi.SHUTDOWN_WATCHDOG);
    }
}
