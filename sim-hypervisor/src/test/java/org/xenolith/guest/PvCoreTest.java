package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xenolith.core.x86.Cpu;
import org.xenolith.core.x86.PhysicalMap;
import org.xenolith.hypervisor.Register;
import org.xenolith.machine.MachineMemory;

/** A core that a hypervisor keeps out of ring 0: segments through tables that the guest cannot reach, memory at the guest's rights. */
class PvCoreTest {
    private static final int GDT = 0x5000;
    private static final int USER_PAGE = 0x6000;
    private static final int READ_ONLY_PAGE = 0x7000;
    private static final int SUPERVISOR = 3;
    private static final int USER = 7;

    private final MachineMemory memory = new MachineMemory(16);
    private final Cpu cpu = new Cpu(memory, PhysicalMap.identity(16), true);
    private final CoreRegisters registers = new CoreRegisters(cpu, memory);

    @BeforeEach
    void start() {
        memory.put64(0x1000, 0x2000 | USER);
        memory.put64(0x2000, 0x3000 | USER);
        memory.put64(0x3000, 0x4000 | USER);
        memory.put64(0x4000 + 8 * (GDT >> 12), GDT | SUPERVISOR);
        memory.put64(0x4000 + 8 * (USER_PAGE >> 12), USER_PAGE | USER);
        memory.put64(0x4000 + 8 * (READ_ONLY_PAGE >> 12), READ_ONLY_PAGE | USER & ~2);
        memory.put64(GDT + 0x08, 0x00af9b000000ffffL); // 64-bit code of ring 0
        memory.put64(GDT + 0x20, 0x00cffb000000ffffL); // 32-bit code
        memory.put64(GDT + 0x28, 0x00cff3000000ffffL); // data
        memory.put64(GDT + 0x30, 0x00affa000000ffffL); // 64-bit code, not accessed yet
        memory.put64(GDT + 0x38, 0x00ef7b000000ffffL); // not present
        registers.startPv(USER_PAGE, USER_PAGE + 0x800, 0, 0x1000);
        registers.setGdt(GDT, 0x3f);
    }

    @Test
    void aCodeSegmentSaysWhichCodeItIs() {
        assertThat(registers.loadSegment(Register.CS, 0x23)).isTrue();
        assertThat(registers.is64Bit()).isFalse();
        assertThat(registers.cpl()).isEqualTo(3);
        assertThat(registers.loadSegment(Register.CS, 0x33)).isTrue();
        assertThat(registers.is64Bit()).isTrue();
        assertThat(memory.get64(GDT + 0x30)).as("marked as accessed").isEqualTo(0x00affb000000ffffL);
    }

    @Test
    void noOtherSegmentIsLoadedAsCode() {
        for (int selector : new int[] {0, 3, 0x08, 0x0b, 0x20, 0x2b, 0x3b, 0x43, 0xe033}) {
            assertThat(registers.loadSegment(Register.CS, selector))
                    .as("selector 0x%x", selector)
                    .isFalse();
            assertThat(registers.cpl()).isEqualTo(3);
            assertThat(registers.is64Bit()).isTrue();
        }
    }

    @Test
    void theHypervisorsPagesAreNotTheGuestsToPointAt() {
        byte[] word = {1, 2, 3, 4, 5, 6, 7, 8};
        assertThat(registers.memory().read(GDT, word, 8)).isFalse();
        assertThat(registers.memory().write(GDT, word, 8)).isFalse();
        assertThat(registers.memory().write(READ_ONLY_PAGE, word, 8)).isFalse();
        assertThat(registers.memory().read(READ_ONLY_PAGE, new byte[8], 8)).isTrue();
        assertThat(registers.memory().write(GDT + 0xffc, word, 8))
                .as("begins in it")
                .isFalse();
        assertThat(registers.memory().write(USER_PAGE + 0xffc, word, 8))
                .as("ends where nothing may be written")
                .isFalse();
        assertThat(memory.get64(USER_PAGE + 0xff8)).isZero();
        assertThat(registers.memory().write(USER_PAGE, word, 8)).isTrue();
        assertThat(memory.get64(USER_PAGE)).isEqualTo(0x0807060504030201L);
    }
}
