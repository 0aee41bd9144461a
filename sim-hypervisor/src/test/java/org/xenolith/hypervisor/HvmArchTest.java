package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import org.xenolith.machine.LittleEndian;
import org.xenolith.trace.TraceEvent;

class HvmArchTest {
    private static final long END = 2_000_000;
    private static final int ICR = 0x830;
    private static final long X2APIC_ON = 0xfee00d00L;

    private final FakeBootedGuest guest = new FakeBootedGuest();

    private Domain run(FakeBootedGuest... guests) {
        Hypervisor hypervisor = Machines.withFrames(1, 64, null, 0);
        Domain domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 16, guests);
        hypervisor.unpause(domain);
        hypervisor.run(END);
        return domain;
    }

    private static FakeBootedGuest msr(FakeBootedGuest guest, int msr, long value) {
        return guest.then(exit -> {
            exit.reason = GuestExit.Reason.MSR_WRITE;
            exit.number = msr;
            exit.arg[0] = value;
        });
    }

    private static FakeBootedGuest exit(FakeBootedGuest guest, GuestExit.Reason reason, long number, long... arg) {
        return guest.then(exit -> {
            exit.reason = reason;
            exit.number = number;
            System.arraycopy(arg, 0, exit.arg, 0, arg.length);
        });
    }

    private static FakeBootedGuest halt(FakeBootedGuest guest) {
        return guest.then(GuestExit::halt);
    }

    @Example
    void saysItIsXenThroughCpuid() {
        guest.registers.set(Register.RAX, 0x40000000L);
        run(exit(guest, GuestExit.Reason.CPUID, 0));
        assertThat(guest.registers.get(Register.RAX)).isEqualTo(0x40000005L);
        assertThat(guest.registers.get(Register.RBX)).isEqualTo(0x566e6558L);
        assertThat(guest.registers.get(Register.RCX)).isEqualTo(0x65584d4dL);
        assertThat(guest.registers.get(Register.RDX)).isEqualTo(0x4d4d566eL);
    }

    @Example
    void portsAndAddressesWithoutDeviceReadAsOnes() {
        exit(guest, GuestExit.Reason.IO, 0x42, 1, 0, 0);
        exit(guest, GuestExit.Reason.IO, 0xcf8, 4, 1, 0x80000000L);
        exit(guest, GuestExit.Reason.MMIO, 0xf0000000L, 4, 0, 0);
        exit(guest, GuestExit.Reason.MMIO, 0xfee00030L, 4, 0, 0);
        run(guest);
        assertThat(guest.results).containsExactly(-1L, -1L, 0x50014L);
    }

    @Example
    void leavesTheRecordsThatXenLeaves() {
        exit(guest, GuestExit.Reason.IO, 0x80, 1, 1, 0);
        exit(guest, GuestExit.Reason.IO, 0x42, 1, 0, 0);
        guest.hypercall(Abi.HYPERVISOR_XEN_VERSION, 0);
        guest.registers.set(Register.RIP, 0x1003);
        List<String> records = new ArrayList<>();
        Hypervisor hypervisor = Machines.withFrames(
                1,
                64,
                record -> records.add(TraceEvent.of(record.event).name() + " " + Integer.toHexString(record.word[0])),
                TraceEvent.Hvm.CLASS);
        hypervisor.unpause(Machines.booted(hypervisor, 1, Domain.Type.PVH, 16, guest));
        hypervisor.run(1000);
        records.removeIf(text -> text.startsWith("vmentry"));
        assertThat(records).containsExactly("vmexit 7b", "ioport_read 42", "vmexit 81", "vmmcall 11");
    }

    @Example
    void anUnknownMsrRaisesGeneralProtectionAtTheInstruction() {
        guest.registers.set(Register.RIP, 0x1002);
        Domain domain = run(exit(guest, GuestExit.Reason.MSR_READ, 0x12345));
        assertThat(guest.registers.log).containsExactly("exception 13 0 0x0");
        assertThat(guest.registers.get(Register.RIP)).isEqualTo(0x1000);
        assertThat(domain.shutdownReason()).isEqualTo(-1);
    }

    @Example
    void msrsReadAsOnTheRecordedMachine() {
        long[][] expected = {
            {0x1b, 0xfee00900L},
            {0x8b, 0x1000065},
            {0xfe, 0x508},
            {0x2ff, 0x806},
            {0x179, 2},
            {0xc0010015L, 0},
            {0xc0011029L, 2},
            {0x405, 0}
        };
        for (long[] pair : expected) {
            FakeBootedGuest one = new FakeBootedGuest();
            run(exit(one, GuestExit.Reason.MSR_READ, pair[0]));
            assertThat(one.registers.get(Register.RAX)).as("msr %x", pair[0]).isEqualTo(pair[1]);
            assertThat(one.registers.get(Register.RDX)).isZero();
        }
        FakeBootedGuest refused = new FakeBootedGuest();
        run(msr(refused, 0xc0010015, 0x40));
        assertThat(refused.registers.log).containsExactly("exception 13 0 0x0");
    }

    @Example
    void userModeMayIssueNoHypercall() {
        guest.registers.cpl = 3;
        run(guest.hypercall(Abi.HYPERVISOR_XEN_VERSION, 0));
        assertThat(guest.results).containsExactly(Abi.EPERM);
    }

    @Example
    void hypercallsOfOtherGuestsAreNotThere() {
        run(guest.hypercall(Abi.HYPERVISOR_MMU_UPDATE, 0).hypercall(-1).hypercall(Abi.HYPERVISOR_XEN_VERSION, 0));
        assertThat(guest.results).containsExactly(Abi.ENOSYS, Abi.ENOSYS, 0x40011L);
    }

    @Example
    void anEventComesThroughTheCallbackVectorWhenInterruptsAreTaken() {
        guest.registers.interruptible = false;
        Hypervisor hypervisor = Machines.withFrames(1, 64, null, 0);
        Domain domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 16, guest);
        domain.hvmParams().set(HvmParams.CALLBACK_IRQ, 2L << 56 | 0xf3);
        hypervisor.events().bindVirq(domain.vcpus().get(0), Abi.VIRQ_TIMER);
        domain.vcpus().get(0).singleshot.set(1000);
        hypervisor.unpause(domain);
        hypervisor.run(END / 2);
        assertThat(guest.registers.log).containsExactly("requestWindow");
        guest.registers.interruptible = true;
        exit(guest, GuestExit.Reason.WINDOW, 0);
        hypervisor.at(END / 2, () -> {});
        hypervisor.run(END);
        assertThat(guest.registers.log).contains("interrupt 243");
    }

    @Example
    void anEventThroughTheLapicWaitsForTheEndOfTheOneBefore() {
        msr(guest, 0x1b, X2APIC_ON);
        msr(guest, 0x80f, 0x1ff);
        guest.then(exit -> {
            guest.vcpu.sharedInfo().setUpcallPending(0, true);
            ((HvmArch) guest.vcpu.arch).setUpcallVector(0xf3);
        });
        Hypervisor hypervisor = Machines.withFrames(1, 64, null, 0);
        Domain domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 16, guest);
        hypervisor.unpause(domain);
        HvmArch arch = (HvmArch) domain.vcpus().get(0).arch;
        hypervisor.at(1000, arch::eventMarked);
        hypervisor.at(2000, arch::eventMarked);
        hypervisor.at(3000, () -> assertThat(arch.lapic().writeMsr(0x80b, 0)).isTrue());
        hypervisor.at(4000, () -> assertThat(arch.lapic().writeMsr(0x80b, 0)).isTrue());
        hypervisor.run(END);
        assertThat(guest.registers.log).containsExactly("interrupt 243", "interrupt 243");
    }

    @Example
    void anEventBeforeTheLapicIsOnComesWhenItIs() {
        Hypervisor hypervisor = Machines.withFrames(1, 64, null, 0);
        Domain domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 16, guest);
        hypervisor.unpause(domain);
        HvmArch arch = (HvmArch) domain.vcpus().get(0).arch;
        domain.sharedInfo().setUpcallPending(0, true);
        arch.setUpcallVector(0xf3);
        arch.lapic().setBase(X2APIC_ON);
        assertThat(arch.lapic().readMsr(0x827)).isZero();
        hypervisor.at(1000, () -> arch.lapic().writeMsr(0x80f, 0x1ff));
        hypervisor.run(END);
        assertThat(guest.registers.log).containsExactly("interrupt 243");
    }

    @Example
    void haltBlocksUntilTheTimerOfTheLapicFires() {
        msr(guest, 0x1b, X2APIC_ON);
        msr(guest, 0x80f, 0x1ff);
        msr(guest, 0x83e, 0xb); // divide by one: 10 ns a tick
        msr(guest, 0x832, 0x30);
        msr(guest, 0x838, 50_000);
        halt(guest);
        Domain domain = run(guest);
        assertThat(guest.registers.log).containsExactly("interrupt 48");
        assertThat(domain.vcpus().get(0).cyclesIn(Runstate.BLOCKED)).isBetween(499_900L, 500_000L);
    }

    @Example
    void thePeriodicTimerFiresAgainAndAgain() {
        msr(guest, 0x1b, X2APIC_ON);
        msr(guest, 0x80f, 0x1ff);
        msr(guest, 0x83e, 0xb);
        msr(guest, 0x832, 0x20030);
        msr(guest, 0x838, 40_000);
        Hypervisor hypervisor = Machines.withFrames(1, 64, null, 0);
        Domain domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 16, guest);
        Vlapic lapic = ((HvmArch) domain.vcpus().get(0).arch).lapic();
        hypervisor.unpause(domain);
        for (int i = 1; i < 5; i++) {
            hypervisor.at(400_000L * i + 100_000, () -> lapic.writeMsr(0x80b, 0));
        }
        hypervisor.run(END);
        assertThat(guest.registers.log).hasSize(4).containsOnly("interrupt 48");
    }

    @Example
    void haltWithInterruptsOffIsTheEnd() {
        guest.registers.set(Register.RFLAGS, 2);
        assertThat(run(halt(guest)).shutdownReason()).isEqualTo(Abi.SHUTDOWN_POWEROFF);
    }

    @Example
    void aTripleFaultReboots() {
        assertThat(run(exit(guest, GuestExit.Reason.TRIPLE_FAULT, 0)).shutdownReason())
                .isEqualTo(Abi.SHUTDOWN_REBOOT);
    }

    @Example
    void anotherVcpuStartsByInitAndStartUp() {
        msr(guest, 0x1b, X2APIC_ON);
        msr(guest, ICR, 2L << 32 | 0xc500);
        msr(guest, ICR, 2L << 32 | 0x4609);
        msr(guest, ICR, 2L << 32 | 0x460a); // it waits for none any more
        FakeBootedGuest other = new FakeBootedGuest();
        Domain domain = run(guest, other);
        assertThat(other.registers.log).containsExactly("startRealMode 9");
        assertThat(domain.vcpus().get(1).isPaused(Vcpu.DOWN)).isFalse();
    }

    @Example
    void x2apicRegistersAreReadAndWrittenAsTheManualSays() {
        Hypervisor hypervisor = Machines.withFrames(1, 64, null, 0);
        Domain domain = Machines.booted(
                hypervisor, 1, Domain.Type.PVH, 16, guest, new FakeBootedGuest(), new FakeBootedGuest());
        Vlapic lapic = ((HvmArch) domain.vcpus().get(2).arch).lapic();
        assertThat(lapic.isReadable(0x802)).isFalse();
        assertThat(lapic.setBase(0xfee00400L)).isFalse();
        assertThat(lapic.setBase(0xfee00c00L)).isTrue();
        assertThat(lapic.setBase(0xfee00800L)).isFalse();
        assertThat(lapic.readMsr(0x802)).isEqualTo(4);
        assertThat(lapic.readMsr(0x80d)).isEqualTo(0x10);
        assertThat(lapic.readMsr(0x835)).isEqualTo(0x10000);
        assertThat(lapic.isReadable(0x80e)).isFalse();
        assertThat(lapic.isReadable(0x831)).isFalse();
        assertThat(lapic.writeMsr(0x802, 1)).isFalse();
        assertThat(lapic.writeMsr(0x80b, 1)).isFalse();
        assertThat(lapic.writeMsr(0x838, 1L << 32)).isFalse();
        assertThat(lapic.writeMsr(0x808, 0x20)).isTrue();
        assertThat(lapic.readMsr(0x80a)).isEqualTo(0x20);
    }

    @Example
    void theHypercallPageIsWrittenIntoTheDomainAndNowhereElse() {
        Domain domain = run(msr(guest, 0x40000000, 0x3000));
        byte[] code = new byte[9];
        assertThat(guest.registers.memory().read(0x3000 + 32 * 17, code, 9)).isTrue();
        assertThat(code).containsExactly(0xb8, 17, 0, 0, 0, 0x0f, 0x01, 0xd9, 0xc3);
        assertThat(domain.shutdownReason()).isEqualTo(-1);
        FakeBootedGuest wild = new FakeBootedGuest();
        run(msr(wild, 0x40000000, 0x7fff_f000L));
        assertThat(wild.registers.log).containsExactly("exception 13 0 0x0");
    }

    @Example
    void aLongListIsWorkedThroughInPieces() {
        int entries = 5000;
        Hypervisor hypervisor = Machines.withFrames(1, 256, null, 0);
        Domain domain = Machines.booted(hypervisor, 1, Domain.Type.PVH, 128, guest);
        GuestMemory memory = guest.registers.memory();
        byte[] list = new byte[64 * entries];
        for (int i = 0; i < entries; i++) {
            LittleEndian.put64(list, 64 * i, (long) Abi.HYPERVISOR_XEN_VERSION);
        }
        memory.write(0x1000, list, list.length);
        guest.registers.set(Register.RIP, 0x803);
        guest.hypercall(Abi.HYPERVISOR_MULTICALL, 0x1000, entries);
        hypervisor.unpause(domain);
        hypervisor.run(END / 2);
        long left = guest.registers.get(Register.RSI);
        assertThat(guest.results).isEmpty();
        assertThat(guest.registers.get(Register.RIP)).isEqualTo(0x800);
        assertThat(left).isBetween(1L, (long) entries);
        assertThat(guest.registers.get(Register.RDI)).isEqualTo(0x1000 + 64 * (entries - left));
        guest.hypercall(Abi.HYPERVISOR_MULTICALL, guest.registers.get(Register.RDI), left);
        hypervisor.at(END / 2, () -> {});
        hypervisor.run(END);
        assertThat(guest.results).containsExactly(0L);
        memory.read(0x1000, list, list.length);
        for (int i = 0; i < entries; i++) {
            assertThat(LittleEndian.get64(list, 64 * i + 8)).isEqualTo(0x40011);
        }
    }
}
