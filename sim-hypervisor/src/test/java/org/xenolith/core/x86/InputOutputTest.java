package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.core.x86.LongMode.CODE;
import static org.xenolith.core.x86.LongMode.USER_CODE;

import org.junit.jupiter.api.Test;
import org.xenolith.core.x86.CpuExit.Reason;

/** Ports and memory-mapped devices, as the embedder meets them. */
class InputOutputTest {
    private static final long APIC = 0xfee00000L;

    private final LongMode m = new LongMode();

    private void expect(Reason reason, long number, int size) {
        assertThat(m.cpu.run(100)).isLessThan(100);
        assertThat(m.cpu.exit.reason).isEqualTo(reason);
        assertThat(m.cpu.exit.number).isEqualTo(number);
        assertThat(m.cpu.exit.size).isEqualTo(size);
    }

    /** The device's page at 4 GiB less what one entry maps: the fourth gibibyte onto itself. */
    private LongMode withDevice() {
        m.memory.put64(LongMode.TOP + 0x1000 + 24, 3L << 30 | 0x87);
        m.cpu.r[Cpu.RBX] = APIC;
        return m;
    }

    @Test
    void inputGoesWhereTheInstructionSays() {
        m.put(CODE, "e460 66ed ed f4"); // in $0x60,%al; in (%dx),%ax; in (%dx),%eax; hlt
        m.cpu.r[Cpu.RAX] = -1;
        m.cpu.r[Cpu.RDX] = 0x1234;
        expect(Reason.IN, 0x60, 1);
        m.cpu.completeInput(0x1ab);
        assertThat(m.cpu.r[Cpu.RAX]).isEqualTo(-1L << 8 | 0xab);
        expect(Reason.IN, 0x1234, 2);
        m.cpu.completeInput(0xcdef);
        assertThat(m.cpu.r[Cpu.RAX]).isEqualTo(-1L << 16 | 0xcdef);
        expect(Reason.IN, 0x1234, 4);
        m.cpu.completeInput(0x80000001);
        assertThat(m.cpu.r[Cpu.RAX]).isEqualTo(0x80000001L);
        expect(Reason.HALT, 0x1234, 4);
    }

    @Test
    void outputTellsPortAndValue() {
        m.put(CODE, "e680 66ef ef"); // out %al,$0x80; out %ax,(%dx); out %eax,(%dx)
        m.cpu.r[Cpu.RAX] = 0x11223344_55667788L;
        m.cpu.r[Cpu.RDX] = 0xff0cf8;
        expect(Reason.OUT, 0x80, 1);
        assertThat(m.cpu.exit.value).isEqualTo(0x88);
        expect(Reason.OUT, 0xcf8, 2);
        assertThat(m.cpu.exit.value).isEqualTo(0x7788);
        expect(Reason.OUT, 0xcf8, 4);
        assertThat(m.cpu.exit.value).isEqualTo(0x55667788);
        assertThat(m.cpu.rip).isEqualTo(CODE + 5);
    }

    @Test
    void repeatedStringsOfPortsStopAtEach() {
        m.put(CODE, "f3 6c f3 66 6f f4"); // rep insb; rep outsw; hlt
        m.cpu.r[Cpu.RDX] = 0x1f0;
        m.cpu.r[Cpu.RCX] = 3;
        m.cpu.r[Cpu.RDI] = 0x3000;
        for (int i = 1; i <= 3; i++) {
            expect(Reason.IN, 0x1f0, 1);
            m.cpu.completeInput(0x40 + i);
            assertThat(m.cpu.r[Cpu.RCX]).isEqualTo(3 - i);
            assertThat(m.cpu.rip).isEqualTo(i < 3 ? CODE : CODE + 2);
        }
        assertThat(m.memory.get32(0x3000)).isEqualTo(0x434241);
        m.cpu.r[Cpu.RSI] = 0x3001;
        m.cpu.r[Cpu.RCX] = 1;
        expect(Reason.OUT, 0x1f0, 2);
        assertThat(m.cpu.exit.value).isEqualTo(0x4342);
        assertThat(m.cpu.r[Cpu.RSI]).isEqualTo(0x3003);
        expect(Reason.HALT, 0x1f0, 2);
    }

    @Test
    void theTaskSaysWhichPortsAProgramMayUse() {
        m.cpu.system.taskLimit = 0x80;
        m.memory.put16(LongMode.TSS + 102, 0x68);
        m.memory.put64(LongMode.TSS + 0x68, ~(1L << 0x10 | 1L << 0x11));
        m.user().put(USER_CODE, "e510 e410 e411 6690"); // in $0x10,%eax; in $0x10,%al; in $0x11,%al
        m.cpu.run(1);
        assertThat(m.cpu.cpl).as("ports 12 and 13 are closed: #GP").isZero();
        m.user();
        m.cpu.rip = USER_CODE + 2;
        expect(Reason.IN, 0x10, 1);
        expect(Reason.IN, 0x11, 1);
        assertThat(m.cpu.cpl).isEqualTo(3);

        m.cpu.system.taskLimit = 0x69; // the byte behind a port's own must be there too
        m.cpu.rip = USER_CODE + 2;
        m.cpu.run(1);
        assertThat(m.cpu.cpl).isZero();

        m.user();
        m.cpu.setRflags(3 << 12); // IOPL 3
        expect(Reason.IN, 0x10, 4);
    }

    @Test
    void aReadOfADeviceIsExecutedAnewWithItsAnswer() {
        withDevice().put(CODE, "8b4320 03 4330 f4"); // mov 0x20(%rbx),%eax; add 0x30(%rbx),%eax; hlt
        m.cpu.setRflags(Cpu.IF);
        expect(Reason.MMIO_READ, APIC + 0x20, 4);
        assertThat(m.cpu.rip).isEqualTo(CODE);
        m.cpu.completeInput(0xffffffff_00000005L);
        assertThat(m.cpu.interrupts.interruptible()).isFalse();
        expect(Reason.MMIO_READ, APIC + 0x30, 4);
        assertThat(m.cpu.r[Cpu.RAX]).isEqualTo(5);
        m.cpu.completeInput(7);
        expect(Reason.HALT, APIC + 0x30, 4);
        assertThat(m.cpu.r[Cpu.RAX]).isEqualTo(12);
        assertThat(m.cpu.interrupts.interruptible()).isTrue();
    }

    @Test
    void aWriteToADeviceIsMadeOnce() {
        withDevice().put(CODE, "8983b0000000 c383"); // mov %eax,0xb0(%rbx)
        m.put(CODE + 6, "f4");
        m.cpu.r[Cpu.RAX] = 0x1_0000_0009L;
        expect(Reason.MMIO_WRITE, APIC + 0xb0, 4);
        assertThat(m.cpu.exit.value).isEqualTo(9);
        expect(Reason.HALT, APIC + 0xb0, 4);
    }

    @Test
    void aReadModifyWriteReadsOnceAndWritesOnce() {
        withDevice().put(CODE, "878380000000 830301 f4"); // xchg %eax,0x80(%rbx); addl $1,(%rbx); hlt
        m.cpu.r[Cpu.RAX] = 3;
        expect(Reason.MMIO_READ, APIC + 0x80, 4);
        m.cpu.completeInput(8);
        expect(Reason.MMIO_WRITE, APIC + 0x80, 4);
        assertThat(m.cpu.exit.value).isEqualTo(3);
        expect(Reason.MMIO_READ, APIC, 4);
        assertThat(m.cpu.r[Cpu.RAX]).isEqualTo(8);
        m.cpu.completeInput(8);
        expect(Reason.MMIO_WRITE, APIC, 4);
        assertThat(m.cpu.exit.value).isEqualTo(9);
        expect(Reason.HALT, APIC, 4);
    }

    @Test
    void theSameReadInALoopAsksEachTime() {
        withDevice().put(CODE, "8b03 85c0 74fa f4"); // 1: mov (%rbx),%eax; test %eax,%eax; jz 1b; hlt
        for (int i = 0; i < 5; i++) {
            expect(Reason.MMIO_READ, APIC, 4);
            m.cpu.completeInput(i / 4);
        }
        expect(Reason.HALT, APIC, 4);
    }

    @Test
    void whatCrossesIntoADeviceOrIsFetchedFromItFaults() {
        m.memory.put64(LongMode.TOP + 0x1000 + 24, 3L << 30 | 0x87);
        m.cpu.r[Cpu.RBX] = APIC - 2;
        m.put(CODE, "8b03"); // mov (%rbx),%eax
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(LongMode.HANDLERS + 16 * Fault.GP);
        m.cpu.rip = APIC;
        m.cpu.run(1);
        assertThat(m.frame(2)).containsExactly(0, APIC);
    }
}
