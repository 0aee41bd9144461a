package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.machine.MachineMemory;

/** A processor's way up from a startup IPI: real, protected, compatibility and 64-bit mode, a program, a system call, interrupts. */
class ModeSwitchTest {
    /** At 0x1000; each stage leaves a mark in memory from 0x8000 on. */
    private static final String CODE = ""
            // 16-bit code: cli; mov %cs,%ax; mov %ax,%ds; lgdtl gdtr; lidtl idtr; mov %cr0,%eax; or $1,%al; mov
            // %eax,%cr0; ljmpl $8,prot
            + "fa8cc88ed8660f01162800660f011e2e000f20c00c010f22c066ea8010000008000f1f8000000000"
            // gdtr: 0047, 00001038; idtr: 01ff, 00006000
            + "470038100000ff01006000000f1f4000"
            // gdt: null; code32; data; code64; user code32; user data; user code64; tss at 7000 (two entries)
            + "0000000000000000ffff0000009acf00ffff00000092cf00ffff0000009aaf00ffff000000facf00"
            + "ffff000000f2cf00ffff000000faaf0067000070008900000000000000000000"
            // prot: mov $0x10,%ax; mov %ax,%ds %es %ss; mov $0x9000,%esp; movl $0x11,0x8000; CR4.PAE; CR3 = 0x2000;
            // EFER = NXE LME SCE; CR0.PG;
            // movl $0x22,0x8004; ljmp $0x18,long
            + "66b810008ed88ec08ed0bc00900000c70500800000110000000f20e083c8200f22e0b8002000000f"
            + "22d8b9800000c00f320d010900000f300f20c00d000000800f22c0c7050480000022000000ead410"
            + "00001800"
            // long: movl $0x33,0x8008; ltr 0x38; STAR = 0x00200018:0; LSTAR = entry; SFMASK = 0x200; push 0x2b 0xa000
            // 0x202 0x33 user; iretq
            + "c70425088000003300000066b838000f00d8b9810000c031c0ba180020000f30ffc1b84511000031"
            + "d20f3083c102b8000200000f306a2b6800a0000068020200006a33681e11000048cf"
            // user: movl $0x44,0x800c; syscall; movl $0x66,0x8014; int $0x1f; movl $0x88,0x801c; ud2
            + "c704250c800000440000000f05c704251480000066000000cd1fc704251c800000880000000f0b"
            // entry: movl $0x55,0x8010; sysretq
            + "c704251080000055000000480f07"
            // handler: movl $0x77,0x8018; iretq
            + "c70425188000007700000048cf"
            // bad: movl $0x99,0x8020; mov %cs,%ax; hlt
            + "c704252080000099000000668cc8f4";

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 1_000_000})
    void aProcessorComesUpThroughAllModes(long budget) {
        MachineMemory memory = new MachineMemory(256);
        Cpu cpu = new Cpu(memory, PhysicalMap.identity(256), false);
        byte[] code = HexFormat.of().parseHex(CODE);
        memory.write(0x1000, code, 0, code.length);
        memory.put64(0x2000, 0x3007);
        memory.put64(0x3000, 0x87);
        gate(memory, Fault.UD, 0x1160, 0x8e00);
        gate(memory, 0x1f, 0x1153, 0xee00);
        memory.put64(0x7004, 0xb000);
        cpu.startRealMode(0x100);

        long executed = 0;
        do {
            executed += cpu.run(budget);
        } while (cpu.exit.reason == CpuExit.Reason.BUDGET && executed < 1000);

        assertThat(cpu.exit.reason).isEqualTo(CpuExit.Reason.HALT);
        for (int stage = 1; stage <= 9; stage++) {
            assertThat(memory.get32(0x8000 + 4 * (stage - 1)))
                    .as("stage %d", stage)
                    .isEqualTo(0x11 * stage);
        }
        assertThat(executed).isEqualTo(62);
        assertThat(cpu.r[Cpu.RAX] & 0xffff).isEqualTo(0x18);
        assertThat(cpu.rip).isEqualTo(0x116f);
        assertThat(cpu.system.efer).isEqualTo(0xd01);
        // The processor marks descriptors that it loads as accessed, and the task's as busy.
        assertThat(memory.get8(0x1038 + 0x08 + 5)).isEqualTo(0x9b);
        assertThat(memory.get8(0x1038 + 0x30 + 5)).isEqualTo(0xfb);
        assertThat(memory.get8(0x1038 + 0x38 + 5)).isEqualTo(0x8b);
    }

    private static void gate(MachineMemory memory, int vector, int offset, int type) {
        memory.put64(0x6000 + vector * 16, offset | 0x18L << 16 | (long) type << 32);
    }
}
