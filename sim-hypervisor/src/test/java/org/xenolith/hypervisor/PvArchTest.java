package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How a PV kernel is entered and left: bounce frames, {@code iret}, events, software interrupts. */
class PvArchTest {
    private static final long FLAG_IF = 1 << 9;
    private static final long STACK = 0x20ff8;
    private static final long HANDLER = 0xffffffff81000000L;

    private final PvGuests g = new PvGuests();

    @BeforeEach
    void start() {
        g.registers.set(Register.RSP, STACK);
        g.registers.set(Register.RIP, 0xffffffff81234567L);
        g.registers.set(Register.RFLAGS, FLAG_IF | 0x46 | 1 << 18);
        g.registers.set(Register.RCX, 0xcc);
        g.registers.set(Register.R11, 0x11);
        g.registers.set(Register.CS, 0xe033);
        g.registers.set(Register.SS, 0xe02b);
        g.vcpu.sharedInfo().setUpcallMask(0, false);
        for (int vector = 0; vector < 256; vector++) {
            g.arch.callbacks.setTrap(vector, vector == 0x80 ? 3 : vector == 14 ? 4 : 0, HANDLER + 16L * vector);
        }
        g.arch.callbacks.event = HANDLER - 16;
        g.arch.callbacks.syscall = HANDLER - 32;
    }

    private long stack(long address) {
        return g.memory.get64(g.machine((int) (address >> 12), (int) address & 0xfff));
    }

    @Test
    void anExceptionOfTheKernelPushesItsFrameWithAnErrorCode() {
        g.fault(13, 0x18, 0);
        long sp = g.registers.get(Register.RSP);
        assertThat(sp).as("aligned, then eight words").isEqualTo((STACK & ~15) - 64);
        assertThat(new long[] {
                    stack(sp),
                    stack(sp + 8),
                    stack(sp + 16),
                    stack(sp + 24),
                    stack(sp + 32),
                    stack(sp + 40),
                    stack(sp + 48),
                    stack(sp + 56)
                })
                .containsExactly(
                        0xcc, 0x11, 0x18, 0xffffffff81234567L, 0xe030, FLAG_IF | 0x46 | 1 << 18, STACK, 0xe02b);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(HANDLER + 16 * 13);
        assertThat(g.registers.get(Register.CS)).isEqualTo(0xe033);
        assertThat(g.registers.get(Register.RFLAGS))
                .as("AC is cleared, IF is not")
                .isEqualTo(FLAG_IF | 0x46);
        assertThat(g.vcpu.sharedInfo().upcallMask(0)).isFalse();
    }

    @Test
    void aPageFaultMasksEventsAndSaysWhereWithoutTheUserBit() {
        g.fault(14, 6, 0x7fff12345678L);
        long sp = g.registers.get(Register.RSP);
        assertThat(stack(sp + 16)).as("error code").isEqualTo(2);
        assertThat(stack(sp + 32)).as("cs, and events were not masked").isEqualTo(0xe030);
        assertThat(g.vcpu.sharedInfo().upcallMask(0)).isTrue();
        assertThat(g.arch.cr2).isEqualTo(0x7fff12345678L);
        g.fault(14, 6, 0x1000);
        sp = g.registers.get(Register.RSP);
        assertThat(stack(sp + 32)).as("now they were").isEqualTo(0x1_0000_e030L);
        assertThat(stack(sp + 40) & FLAG_IF).isZero();
    }

    @Test
    void aProgramsSystemCallEntersTheKernelOnItsStackWithItsTablesAndGs() {
        toUser();
        g.registers.set(Register.GS_BASE, 0x1111);
        g.registers.set(Register.KERNEL_GS_BASE, 0x2222);
        g.arch.kernelStack = 0x22000;
        GuestExit exit = new GuestExit();
        exit.reason = GuestExit.Reason.SYSCALL;
        g.arch.handle(exit);
        assertThat(g.arch.kernelMode).isTrue();
        assertThat(g.registers.get(Register.RSP)).isEqualTo(0x22000 - 56);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(HANDLER - 32);
        assertThat(g.registers.get(Register.CR3)).isEqualTo((long) g.mfn(0) << 12);
        assertThat(g.registers.get(Register.GS_BASE)).isEqualTo(0x2222);
        assertThat(g.registers.get(Register.KERNEL_GS_BASE)).isEqualTo(0x1111);
        assertThat(stack(0x22000 - 32) & 3).as("a program's cs").isEqualTo(3);
    }

    @Test
    void iretIsTheWayBack() {
        g.fault(14, 6, 0x1234);
        long sp = g.registers.get(Register.RSP);
        // What a kernel's handler does: drop the error code, push flags and what it popped.
        long[] frame = {
            7,
            stack(sp + 8),
            stack(sp),
            0,
            stack(sp + 24),
            stack(sp + 32),
            stack(sp + 40),
            stack(sp + 48),
            stack(sp + 56)
        };
        for (int i = 0; i < frame.length; i++) {
            g.memory.put64(g.machine(0x21, 8 * i), frame[i]);
        }
        g.registers.set(Register.RSP, 0x21000);
        g.registers.set(Register.RCX, 0);
        assertThat(g.call(Abi.HYPERVISOR_IRET)).isEqualTo(7);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(0xffffffff81234567L);
        assertThat(g.registers.get(Register.RSP)).isEqualTo(STACK);
        assertThat(g.registers.get(Register.RCX)).isEqualTo(0xcc);
        assertThat(g.registers.get(Register.R11)).isEqualTo(0x11);
        assertThat(g.registers.get(Register.CS)).isEqualTo(0xe033);
        assertThat(g.vcpu.sharedInfo().upcallMask(0)).isFalse();
        assertThat(g.arch.kernelMode).isTrue();
    }

    @Test
    void iretReturnsWhateverValueRaxHad() {
        g.memory.put64(g.machine(0x21, 0), Long.MIN_VALUE);
        g.memory.put64(g.machine(0x21, 32), 0xffffffff81234567L);
        g.memory.put64(g.machine(0x21, 40), 0xe030);
        g.registers.set(Register.RSP, 0x21000);
        g.registers.set(Register.RAX, Abi.HYPERVISOR_IRET);
        GuestExit exit = new GuestExit();
        exit.reason = GuestExit.Reason.SYSCALL;
        g.arch.handle(exit);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(0xffffffff81234567L);
        assertThat(g.registers.get(Register.RAX)).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void iretToAProgramNeedsItsTables() {
        g.memory.put64(g.machine(0x21, 40), 0x33);
        g.registers.set(Register.RSP, 0x21000);
        g.call(Abi.HYPERVISOR_IRET);
        assertThat(g.crashed()).isTrue();
    }

    @Test
    void eventsAreDeliveredWhenTheyAreNotMasked() {
        g.vcpu.sharedInfo().setUpcallMask(0, true);
        g.vcpu.sharedInfo().setUpcallPending(0, true);
        g.arch.deliver();
        assertThat(g.arch.hasEvent()).isFalse();
        assertThat(g.registers.get(Register.RSP)).isEqualTo(STACK);
        g.vcpu.sharedInfo().setUpcallMask(0, false);
        assertThat(g.arch.hasEvent()).isTrue();
        g.arch.deliver();
        assertThat(g.registers.get(Register.RIP)).isEqualTo(HANDLER - 16);
        assertThat(g.vcpu.sharedInfo().upcallMask(0)).isTrue();
    }

    @Test
    void aKernelWithoutHandlerOrStackIsBeyondHelp() {
        g.registers.set(Register.RSP, 0x1010); // a page table, which may only be read
        g.fault(13, 0, 0);
        assertThat(g.crashed()).isTrue();
        PvGuests other = new PvGuests();
        other.registers.set(Register.RSP, STACK);
        other.fault(13, 0, 0);
        assertThat(other.crashed()).as("no handler").isTrue();
        PvGuests third = new PvGuests();
        third.arch.callbacks.setTrap(13, 0, HANDLER);
        third.registers.set(Register.RSP, XenSlots.gdt(0) + 0x1000);
        third.fault(13, 0, 0);
        assertThat(third.crashed()).as("the hypervisor's memory").isTrue();
    }

    @Test
    void softwareInterruptsNeedThePrivilegeThatTheTableSays() {
        toUser();
        g.registers.set(Register.RIP, 0x400002);
        software(0x80);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(HANDLER + 16 * 0x80);
        toUser();
        g.registers.set(Register.RIP, 0x400002);
        software(0x20);
        long sp = g.registers.get(Register.RSP);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(HANDLER + 16 * 13);
        assertThat(stack(sp + 16)).as("error code: entry of the IDT").isEqualTo(0x20 << 3 | 2);
        assertThat(stack(sp + 24)).as("at the instruction").isEqualTo(0x400000);
    }

    @Test
    void floatingPointIsSwitchedLazily() {
        g.call(Abi.HYPERVISOR_FPU_TASKSWITCH, 1);
        assertThat(g.registers.get(Register.CR0) & 8).isEqualTo(8);
        g.fault(7, -1, 0);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(HANDLER + 16 * 7);
        assertThat(g.registers.get(Register.CR0) & 8).isZero();
        g.arch.switchedIn();
        g.registers.set(Register.RIP, 0x1234);
        g.fault(7, -1, 0);
        assertThat(g.registers.get(Register.RIP))
                .as("Xen's own, not the guest's")
                .isEqualTo(0x1234);
    }

    @Test
    void aSelectorOfAMissingDescriptorPageIsAProtectionFault() {
        g.fault(14, 0, XenSlots.gdt(0) + 0x2018);
        assertThat(stack(g.registers.get(Register.RSP) + 16)).isEqualTo(0x2018);
        assertThat(g.registers.get(Register.RIP)).isEqualTo(HANDLER + 16 * 13);
        g.fault(14, 4, XenSlots.gdt(0) + 0x2018);
        assertThat(g.registers.get(Register.RIP)).as("the guest's own access").isEqualTo(HANDLER + 16 * 14);
    }

    private void toUser() {
        g.arch.userTable = g.mfn(0);
        g.arch.kernelMode = false;
        g.arch.kernelStack = 0x22000;
        g.registers.set(Register.CS, 0x33);
    }

    private void software(int vector) {
        GuestExit exit = new GuestExit();
        exit.fault(vector, -1, 0);
        exit.arg[2] = 1;
        g.arch.handle(exit);
    }
}
