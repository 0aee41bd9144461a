package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.core.x86.LongMode.CODE;
import static org.xenolith.core.x86.LongMode.HANDLERS;
import static org.xenolith.core.x86.LongMode.KERNEL_CS;
import static org.xenolith.core.x86.LongMode.KERNEL_SS;
import static org.xenolith.core.x86.LongMode.STACK;
import static org.xenolith.core.x86.LongMode.STACK_0;
import static org.xenolith.core.x86.LongMode.STACK_IST;
import static org.xenolith.core.x86.LongMode.USER_CODE;
import static org.xenolith.core.x86.LongMode.USER_CS;
import static org.xenolith.core.x86.LongMode.USER_SS;
import static org.xenolith.core.x86.LongMode.USER_STACK;

import org.junit.jupiter.api.Test;
import org.xenolith.core.x86.CpuExit.Reason;
import org.xenolith.machine.MachineMemory;

class InterruptsTest {
    private static final long RF = 1 << 16;

    private final LongMode m = new LongMode();

    private static int handler(int vector) {
        return HANDLERS + 16 * vector;
    }

    @Test
    void aFaultOfTheKernelPushesItsFrameOnTheSameStackAligned() {
        m.put(CODE, "0f0b"); // ud2
        m.cpu.r[Cpu.RSP] = STACK - 4;
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(handler(Fault.UD));
        assertThat(m.cpu.r[Cpu.RSP]).isEqualTo(STACK - 16 - 40);
        assertThat(m.frame(5)).containsExactly(CODE, KERNEL_CS, 2 | RF, STACK - 4, KERNEL_SS);
    }

    @Test
    void aPageFaultOfAProgramGoesToTheStackOfTheTaskWithItsCodeAndAddress() {
        m.memory.put64(LongMode.TOP + 0x1000 + 8, 0); // nothing at 1 GiB
        m.user().put(USER_CODE, "c60425 00000040 01"); // movb $1,0x40000000
        m.cpu.setRflags(Cpu.IF | Cpu.CF);
        m.cpu.run(1);
        assertThat(m.cpu.system.cr2).isEqualTo(0x40000000);
        assertThat(m.cpu.cpl).isZero();
        assertThat(m.cpu.selector[Cpu.SS]).isZero();
        assertThat(m.cpu.r[Cpu.RSP]).isEqualTo(STACK_0 - 48);
        assertThat(m.frame(6))
                .containsExactly(
                        Fault.PF_USER | Fault.PF_WRITE,
                        USER_CODE,
                        USER_CS,
                        2 | Cpu.IF | Cpu.CF | RF,
                        USER_STACK,
                        USER_SS);
        assertThat(m.cpu.rflags() & Cpu.IF).isZero();
    }

    @Test
    void anInterruptGoesToTheStackOfItsGateAndBack() {
        m.gate(0x30, KERNEL_CS, handler(0x30), 0x8e01);
        m.put(handler(0x30), "48cf"); // iretq
        m.user().put(USER_CODE, "90 90");
        m.cpu.setRflags(Cpu.IF);
        m.cpu.run(1);
        assertThat(m.cpu.interrupts.interruptible()).isTrue();
        m.cpu.interrupts.interrupt(0x30);
        assertThat(m.cpu.r[Cpu.RSP]).isEqualTo(STACK_IST - 40);
        assertThat(m.frame(5)).containsExactly(USER_CODE + 1, USER_CS, 2 | Cpu.IF, USER_STACK, USER_SS);
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(USER_CODE + 1);
        assertThat(m.cpu.cpl).isEqualTo(3);
        assertThat(m.cpu.selector[Cpu.SS]).isEqualTo(USER_SS);
        assertThat(m.cpu.selector[Cpu.CS]).isEqualTo(USER_CS);
        assertThat(m.cpu.r[Cpu.RSP]).isEqualTo(USER_STACK);
        assertThat(m.cpu.rflags()).isEqualTo(2 | Cpu.IF);
    }

    @Test
    void aSoftwareInterruptNeedsAnOpenGate() {
        m.user().put(USER_CODE, "cd30"); // int $0x30
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(handler(Fault.GP));
        assertThat(m.frame(2)).containsExactly(0x30 * 8 + 2, USER_CODE);

        m.gate(0x30, KERNEL_CS, handler(0x30), 0xee00);
        m.user();
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(handler(0x30));
        assertThat(m.frame(2)).containsExactly(USER_CODE + 2, USER_CS);
    }

    @Test
    void twoFaultsInARowAreADoubleFaultAndThreeTheEnd() {
        m.gate(Fault.UD, 0x40, handler(Fault.UD), 0x8e00); // a code segment beyond the GDT: #GP, which is delivered
        m.put(CODE, "0f0b");
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(handler(Fault.GP));
        assertThat(m.frame(2)).containsExactly(0x41, CODE);

        m.gate(Fault.GP, 0x40, 0, 0x8e00); // now #GP fails too: a double fault
        m.cpu.rip = CODE;
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(handler(Fault.DF));
        assertThat(m.frame(2)).containsExactly(0, CODE);

        m.gate(Fault.DF, 0x40, 0, 0x8e00);
        m.cpu.rip = CODE;
        assertThat(m.cpu.run(10)).isOne();
        assertThat(m.cpu.exit.reason).isEqualTo(Reason.TRIPLE_FAULT);
        assertThat(m.cpu.run(10)).isZero();
        assertThat(m.cpu.exit.reason).isEqualTo(Reason.TRIPLE_FAULT);
    }

    @Test
    void aPageFaultOnTheWayToGeneralProtectionIsDelivered() {
        m.user().put(USER_CODE, "f4"); // hlt: #GP
        m.memory.put64(LongMode.TSS + 4, 0x40000100); // not mapped
        m.gate(Fault.PF, KERNEL_CS, handler(Fault.PF), 0x8e01);
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(handler(Fault.PF));
        assertThat(m.frame(1)).containsExactly(Fault.PF_WRITE);
        assertThat(m.cpu.system.cr2).isEqualTo(0x40000100 - 48);
    }

    @Test
    void noInterruptComesBeforeTheInstructionBehindSti() {
        m.put(CODE, "fb 90 90"); // sti; nop; nop
        m.cpu.interrupts.requestWindow();
        assertThat(m.cpu.run(100)).isEqualTo(2);
        assertThat(m.cpu.exit.reason).isEqualTo(Reason.WINDOW);
        assertThat(m.cpu.rip).isEqualTo(CODE + 2);
    }

    @Test
    void theShadowOfStiIsOneInstructionInBudgetsOfAnySize() {
        m.put(CODE, "fb 90 90");
        m.cpu.run(1);
        assertThat(m.cpu.interrupts.interruptible()).isFalse();
        m.cpu.run(1);
        assertThat(m.cpu.interrupts.interruptible()).isTrue();
        assertThat(m.cpu.rip).isEqualTo(CODE + 2);
    }

    @Test
    void stiAndHaltAreOneForWhoWaits() {
        m.put(CODE, "fb f4"); // sti; hlt
        m.cpu.run(100);
        assertThat(m.cpu.exit.reason).isEqualTo(Reason.HALT);
        assertThat(m.cpu.interrupts.interruptible()).isTrue();
        m.cpu.interrupts.interrupt(0x21);
        assertThat(m.frame(1)).containsExactly(CODE + 2);
    }

    @Test
    void theWindowOpensAtOnceIfItIsOpenAndOnlyOnce() {
        m.put(CODE, "90 90");
        m.cpu.setRflags(Cpu.IF);
        m.cpu.interrupts.requestWindow();
        assertThat(m.cpu.run(1)).isZero();
        assertThat(m.cpu.exit.reason).isEqualTo(Reason.WINDOW);
        assertThat(m.cpu.run(1)).isOne();
        assertThat(m.cpu.exit.reason).isEqualTo(Reason.BUDGET);
    }

    @Test
    void aSingleStepTrapComesBehindTheInstruction() {
        m.put(CODE, "9d 90 90"); // popf; nop; nop
        m.cpu.r[Cpu.RSP] = STACK - 8;
        m.memory.put64(STACK - 8, Cpu.TF);
        m.put(handler(Fault.DB), "f4"); // hlt
        m.cpu.run(100);
        assertThat(m.cpu.exit.reason).isEqualTo(Reason.HALT);
        assertThat(m.frame(3)).containsExactly(CODE + 2, KERNEL_CS, 2 | Cpu.TF);
        assertThat(m.cpu.system.debug[6] & 1 << 14).isNotZero();
    }

    @Test
    void realModeInterruptsGoThroughTheVectors() {
        LongMode real = new LongMode();
        real.cpu.startRealMode(0x100);
        real.memory.put32(0x21 * 4, 0x2000_0010);
        real.put(0x1000, "cd21"); // int $0x21
        real.put(0x20010, "cf"); // iret
        real.cpu.r[Cpu.RSP] = 0xff00;
        real.cpu.setRflags(Cpu.IF | Cpu.CF);
        real.cpu.run(1);
        assertThat(real.cpu.selector[Cpu.CS]).isEqualTo(0x2000);
        assertThat(real.cpu.rip).isEqualTo(0x10);
        assertThat(real.memory.get16(0xfefe)).isEqualTo(2 | (int) (Cpu.IF | Cpu.CF));
        assertThat(real.memory.get16(0xfefc)).isEqualTo(0x100);
        assertThat(real.memory.get16(0xfefa)).isEqualTo(2);
        assertThat(real.cpu.rflags()).isEqualTo(2 | Cpu.CF);
        real.cpu.run(1);
        assertThat(real.cpu.selector[Cpu.CS]).isEqualTo(0x100);
        assertThat(real.cpu.rip).isEqualTo(2);
        assertThat(real.cpu.rflags()).isEqualTo(2 | Cpu.IF | Cpu.CF);
        assertThat(real.cpu.r[Cpu.RSP]).isEqualTo(0xff00);
    }

    @Test
    void aDeprivilegedGuestLeavesTheRunInsteadOfEnteringAHandler() {
        MachineMemory memory = new MachineMemory(64);
        Cpu cpu = new Cpu(memory, PhysicalMap.identity(64), true);
        memory.put64(0x7000, 0x8007);
        memory.put64(0x8000, 0x87);
        cpu.startPv(0x1000, 0x3000, 0x7000);
        memory.put32(0x1000, 0x82cdccf4); // hlt; int3; int $0x82
        memory.put16(0x1004, 0x050f); // syscall
        cpu.run(10);
        assertThat(cpu.exit.reason).isEqualTo(Reason.EXCEPTION);
        assertThat(cpu.exit.number).isEqualTo(Fault.GP);
        assertThat(cpu.exit.errorCode).isZero();
        assertThat(cpu.exit.software).isFalse();
        assertThat(cpu.rip).isEqualTo(0x1000);
        cpu.rip++;
        cpu.run(10);
        assertThat(cpu.exit.number).isEqualTo(Fault.BP);
        assertThat(cpu.exit.software).isTrue();
        assertThat(cpu.rip).isEqualTo(0x1002);
        cpu.run(10);
        assertThat(cpu.exit.number).isEqualTo(0x82);
        assertThat(cpu.rip).isEqualTo(0x1004);
        cpu.run(10);
        assertThat(cpu.exit.reason).isEqualTo(Reason.SYSCALL);
        assertThat(cpu.r[Cpu.RCX]).isEqualTo(0x1006);
        assertThat(cpu.r[11]).isEqualTo(2 | Cpu.IF);
        assertThat(cpu.rip).isEqualTo(0x1006);
        assertThat(cpu.cpl).isEqualTo(3);
    }
}
