package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.core.x86.LongMode.CODE;
import static org.xenolith.core.x86.LongMode.GDT;
import static org.xenolith.core.x86.LongMode.STACK;
import static org.xenolith.core.x86.LongMode.USER_CODE;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.machine.MachineMemory;

/** Loads of segments and transfers between them, with the faults that the manual names for each descriptor. */
class SegmentsTest {
    private static final int INDEX = 0x30; // of the descriptor under test

    private final LongMode m = new LongMode();

    private static int number(String segment) {
        return "es cs ss ds fs gs".indexOf(segment) / 3;
    }

    /** {@code access} is the descriptor's access byte; {@code fault} is vector:code, or - where it is loaded. */
    @ParameterizedTest(name = "{0} {1} {2} at {3}: {4}")
    @CsvSource({
        "ds, 93, 30, 0, -",
        "ds, 92, 30, 0, -",
        "ds, f3, 33, 3, -",
        "ds, f3, 33, 0, -",
        "ds, 93, 33, 0, 13:30",
        "ds, 93, 30, 3, 13:30",
        "ds, 13, 30, 0, 11:30",
        "ds, 91, 30, 0, -",
        "ds, 99, 30, 0, 13:30",
        "ds, 9b, 30, 0, -",
        "ds, 9f, 33, 3, -",
        "ds, 89, 30, 0, 13:30",
        "ds, 93, 38, 0, 13:38",
        "ds, 93, 34, 0, 13:34",
        "ds, 93, 0, 0, -",
        "gs, 93, 3, 3, -",
        "fs, f3, 33, 3, -",
        "ss, 93, 30, 0, -",
        "ss, 91, 30, 0, 13:30",
        "ss, 9b, 30, 0, 13:30",
        "ss, 93, 33, 0, 13:30",
        "ss, f3, 33, 3, -",
        "ss, f3, 30, 3, 13:30",
        "ss, f3, 33, 0, 13:30",
        "ss, 13, 30, 0, 12:30",
        "ss, 93, 0, 0, -",
        "ss, 93, 3, 3, 13:0",
    })
    void aSegmentIsLoadedOrFaults(String segment, String access, String selector, int cpl, String fault) {
        m.cpu.system.gdtLimit = INDEX + 7;
        m.memory.put64(GDT + INDEX, 0x00c0_0012_3456_ffffL | Long.parseLong(access, 16) << 40);
        if (cpl == 3) {
            m.user();
        }
        int number = number(segment);
        int old = m.cpu.selector[number];
        String outcome = "-";
        try {
            m.cpu.segments.load(number, Integer.parseInt(selector, 16));
        } catch (Fault f) {
            outcome = f.vector + ":" + Integer.toHexString(f.errorCode);
        }
        assertThat(outcome).isEqualTo(fault);
        boolean loaded = fault.equals("-");
        assertThat(m.cpu.selector[number]).isEqualTo(loaded ? Integer.parseInt(selector, 16) : old);
        boolean real = loaded && selector.startsWith("3") && selector.length() == 2;
        int before = Integer.parseInt(access, 16);
        assertThat(m.memory.get8(GDT + INDEX + 5)).isEqualTo(real ? before | 1 : before);
        if (real && number >= Cpu.FS) {
            assertThat(m.cpu.segmentBase[number]).isEqualTo(0x123456);
        }
    }

    @Test
    void aRefusedLoadForTheEmbedderChangesNothing() {
        assertThat(m.cpu.segments.tryLoad(Cpu.DS, LongMode.KERNEL_SS)).isTrue();
        assertThat(m.cpu.segments.tryLoad(Cpu.DS, 0x1230)).isFalse();
        assertThat(m.cpu.selector[Cpu.DS]).isEqualTo(LongMode.KERNEL_SS);
    }

    @Test
    void basesCountOutside64BitModeOnlyAndComeBack() {
        m.memory.put64(GDT + 0x30, 0x00cf9b000000ffffL); // 32-bit code
        m.memory.put64(GDT + 0x38, 0x00cf93800000ffffL); // data at 0x800000, in bits 16 to 39
        m.cpu.system.gdtLimit = 0x3f;
        m.memory.put64(0x3000, 0x30_0000_2000L); // offset 2000, selector 30
        m.put(CODE, "b838000000 8ed8 ff2c2500300000"); // mov $0x38,%eax; mov %eax,%ds; ljmp *0x3000
        m.put(0x2000, "90 ea 0020 0000 0800"); // nop; ljmp $8,$0x2000
        m.cpu.run(2);
        assertThat(m.cpu.segmentBase[Cpu.DS]).isZero();
        m.cpu.run(2);
        assertThat(m.cpu.mode).isEqualTo(Insn.Mode.BITS_32);
        assertThat(m.cpu.segmentBase[Cpu.DS]).isEqualTo(0x800000);
        m.cpu.run(1);
        assertThat(m.cpu.mode).isEqualTo(Insn.Mode.BITS_64);
        assertThat(m.cpu.rip).isEqualTo(0x2000);
        assertThat(m.cpu.segmentBase[Cpu.DS]).isZero();
    }

    @Test
    void aFarCallReturns() {
        m.memory.put64(0x3000, 0x0000_2000L);
        m.memory.put16(0x3008, 8);
        m.put(CODE, "48ff1c2500300000"); // rex.W lcall *0x3000
        m.put(0x2000, "48ca0800"); // lretq $8
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(0x2000);
        assertThat(m.frame(2)).containsExactly(CODE + 8, 8);
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(CODE + 8);
        assertThat(m.cpu.r[Cpu.RSP]).isEqualTo(STACK + 8);
    }

    @Test
    void aReturnToAProgramEmptiesSegmentsThatItMayNotUse() {
        m.put(CODE, "48cf"); // iretq
        m.cpu.segments.tryLoad(Cpu.DS, LongMode.KERNEL_SS);
        m.cpu.segments.tryLoad(Cpu.ES, LongMode.USER_SS);
        m.cpu.r[Cpu.RSP] = STACK - 40;
        long[] frame = {USER_CODE, LongMode.USER_CS, Cpu.IF | 3 << 12 | Cpu.AC, LongMode.USER_STACK, LongMode.USER_SS};
        for (int i = 0; i < 5; i++) {
            m.memory.put64(STACK - 40 + 8 * i, frame[i]);
        }
        m.cpu.run(1);
        assertThat(m.cpu.cpl).isEqualTo(3);
        assertThat(m.cpu.selector[Cpu.DS]).isZero();
        assertThat(m.cpu.selector[Cpu.ES]).isEqualTo(LongMode.USER_SS);
        assertThat(m.cpu.rflags()).isEqualTo(2 | Cpu.IF | 3 << 12 | Cpu.AC);
    }

    @Test
    void aProgramMayNotChangeItsInterruptFlagNorItsPrivilegeForPorts() {
        m.user().put(USER_CODE, "9d fa"); // popf; cli
        m.memory.put64(LongMode.USER_STACK - 8, 3 << 12 | Cpu.CF | Cpu.DF);
        m.cpu.r[Cpu.RSP] = LongMode.USER_STACK - 8;
        m.cpu.setRflags(Cpu.IF);
        m.cpu.run(1);
        assertThat(m.cpu.rflags()).isEqualTo(2 | Cpu.IF | Cpu.CF | Cpu.DF);
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(LongMode.HANDLERS + 16 * Fault.GP);
    }

    @ParameterizedTest(name = "{0} in {1}: {2}")
    @CsvSource({
        "48cf, user code with a stack of the kernel, 13:10, 1b, 10",
        "48cf, code of no segment, 13:58, 58, 10",
        "48cf, code that is data, 13:10, 10, 10",
        "48cf, the null segment, 13:0, 0, 10",
        "48cf, more privilege than there is, 13:18, 18, 10",
    })
    void iretFaultsBeforeAnythingChanges(String code, String name, String fault, String cs, String ss) {
        assertThat(name).isNotEmpty();
        m.put(CODE, code);
        long sp = STACK - 40;
        m.cpu.r[Cpu.RSP] = sp;
        m.memory.put64((int) sp, 0x2000);
        m.memory.put64((int) sp + 8, Long.parseLong(cs, 16));
        m.memory.put64((int) sp + 32, Long.parseLong(ss, 16));
        m.cpu.run(1);
        assertThat(m.cpu.rip).isEqualTo(LongMode.HANDLERS + 16L * Integer.parseInt(fault.substring(0, 2)));
        assertThat(m.frame(4))
                .containsExactly(Long.parseLong(fault.substring(3), 16), CODE, LongMode.KERNEL_CS, 2 | 1 << 16);
        assertThat(m.memory.get64((int) m.cpu.r[Cpu.RSP] + 32)).isEqualTo(sp);
    }

    @Test
    void questionsAboutSegmentsAreAnsweredInTheZeroFlag() {
        m.user().put(USER_CODE, "0f02c1 0f03d1 0f00e1 0f00e9"); // lar %cx,%eax; lsl %cx,%edx; verr %cx; verw %cx
        m.cpu.r[Cpu.RCX] = LongMode.USER_SS;
        m.cpu.run(1);
        assertThat(m.cpu.zf()).isTrue();
        assertThat(m.cpu.r[Cpu.RAX]).isEqualTo(0xcff300);
        m.cpu.run(1);
        assertThat(m.cpu.r[Cpu.RDX]).isEqualTo(0xffffffffL);
        m.cpu.run(2);
        assertThat(m.cpu.zf()).isTrue();
        m.cpu.r[Cpu.RCX] = LongMode.USER_CS;
        m.cpu.rip = USER_CODE + 9;
        m.cpu.run(1);
        assertThat(m.cpu.zf()).as("code is not writable").isFalse();
        m.cpu.r[Cpu.RCX] = LongMode.KERNEL_SS;
        m.cpu.rip = USER_CODE;
        m.cpu.run(1);
        assertThat(m.cpu.zf()).as("the kernel's segment is not visible").isFalse();
    }

    /** 32-bit protected mode: a program at 0x1000 interrupted by the kernel at 0x2000. */
    @Test
    void a32BitProgramIsInterruptedOntoTheStackOfItsTask() {
        MachineMemory memory = new MachineMemory(64);
        Cpu cpu = new Cpu(memory, PhysicalMap.identity(64), false);
        cpu.startProtected32(0x1000);
        memory.put64(GDT + 8, Segments.FLAT_CODE);
        memory.put64(GDT + 16, Segments.FLAT_DATA);
        memory.put64(GDT + 24, Segments.FLAT_CODE | 3L << 45);
        memory.put64(GDT + 32, Segments.FLAT_DATA | 3L << 45);
        memory.put64(GDT + 40, 0x0000_8900_6000_0067L); // TSS at 0x6000
        memory.put64(0x6004, 0x10_0000_9000L); // esp0, ss0
        memory.put64(0x5000 + 8 * 14, 0x0000_8e00_0008_2000L); // #PF
        memory.put64(0x5000 + 8 * 6, 0x0000_8f00_0008_2000L); // #UD: a trap gate
        cpu.system.gdtBase = GDT;
        cpu.system.gdtLimit = 47;
        cpu.system.idtBase = 0x5000;
        cpu.system.idtLimit = 0x7ff;
        cpu.segments.loadTask(40);
        byte[] code = HexFormat.of().parseHex("0f0b");
        memory.write(0x1000, code, 0, 2);
        memory.put8(0x2000, 0xcf); // iret
        cpu.segments.setCode(0x1b, Segments.FLAT_CODE | 3L << 45, 3);
        cpu.segments.tryLoad(Cpu.SS, 0x23);
        cpu.segments.tryLoad(Cpu.DS, 0x23);
        cpu.r[Cpu.RSP] = 0xa000;
        cpu.setRflags(Cpu.IF | Cpu.ZF);
        cpu.run(1);
        assertThat(cpu.rip).isEqualTo(0x2000);
        assertThat(cpu.cpl).isZero();
        assertThat(cpu.selector[Cpu.SS]).isEqualTo(0x10);
        assertThat(cpu.r[Cpu.RSP]).isEqualTo(0x9000 - 20);
        int[] frame = {0x1000, 0x1b, (int) (2 | Cpu.IF | Cpu.ZF | 1 << 16), 0xa000, 0x23};
        for (int i = 0; i < 5; i++) {
            assertThat(memory.get32(0x9000 - 20 + 4 * i)).isEqualTo(frame[i]);
        }
        assertThat(cpu.rflags() & Cpu.IF).as("a trap gate leaves interrupts on").isNotZero();
        cpu.run(1);
        assertThat(cpu.rip).isEqualTo(0x1000);
        assertThat(cpu.cpl).isEqualTo(3);
        assertThat(cpu.r[Cpu.RSP]).isEqualTo(0xa000);
        assertThat(cpu.selector[Cpu.SS]).isEqualTo(0x23);
    }
}
