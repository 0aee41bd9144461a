package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What Xen does for a PV kernel that may not: privileged instructions, CPUID behind the prefix, writes to page tables. */
class PvEmulatorTest {
    private static final long RIP = 0xffffffff81000100L;
    private static final int GP = 13;

    private final PvGuests g = new PvGuests();

    @BeforeEach
    void start() {
        g.registers.set(Register.RSP, 0x20000);
        for (int vector = 0; vector < 32; vector++) {
            g.arch.callbacks.setTrap(vector, 0, 0xffffffff82000000L + vector);
        }
        g.arch.setIopl(1);
    }

    /** Executes {@code code}, which faults; returns how many bytes of it were emulated, or -1 if the guest took the fault. */
    private long gp(String code) {
        return run(code, GP, 0, 0);
    }

    private long run(String code, int vector, int errorCode, long address) {
        g.registers.code = HexFormat.of().parseHex(code);
        g.registers.set(Register.RIP, RIP);
        g.fault(vector, errorCode, address);
        long behind = g.registers.get(Register.RIP) - RIP;
        return behind >= 0 && behind <= 15 ? behind : -1;
    }

    private void set(Register register, long value) {
        g.registers.set(register, value);
    }

    private long get(Register register) {
        return g.registers.get(register);
    }

    @Test
    void portsReadAllOnesInTheSizeOfTheOperand() {
        set(Register.RAX, 0x1122334455667788L);
        assertThat(gp("e442")).isEqualTo(2);
        assertThat(get(Register.RAX)).isEqualTo(0x11223344556677ffL);
        set(Register.RAX, 0x1122334455667788L);
        assertThat(gp("66ed")).isEqualTo(2);
        assertThat(get(Register.RAX)).isEqualTo(0x112233445566ffffL);
        assertThat(gp("ed")).isEqualTo(1);
        assertThat(get(Register.RAX)).isEqualTo(0xffffffffL);
    }

    @Test
    void theAddressPortOfPciReadsAsWritten() {
        set(Register.RDX, 0xcf8);
        set(Register.RAX, 0x80000000L);
        assertThat(gp("ef")).isEqualTo(1);
        set(Register.RAX, 0);
        assertThat(gp("ed")).isEqualTo(1);
        assertThat(get(Register.RAX)).isEqualTo(0x80000000L);
        set(Register.RDX, 0xcfc);
        assertThat(gp("ed")).isEqualTo(1);
        assertThat(get(Register.RAX)).isEqualTo(0xffffffffL);
    }

    @Test
    void portsNeedPrivilege() {
        g.arch.setIopl(0);
        assertThat(gp("e442")).isEqualTo(-1);
        assertThat(get(Register.RIP)).isEqualTo(0xffffffff82000000L + GP);
    }

    @Test
    void programsMayUseThePortsThatTheKernelsBitmapSays() {
        g.memory.put64(g.machine(40, 0), 0x22000L);
        g.memory.put32(g.machine(40, 8), 0x80);
        assertThat(g.call(Abi.HYPERVISOR_PHYSDEV_OP, 7, 40 << 12)).isZero();
        g.memory.put8(g.machine(0x22, 8), 0xfb); // of ports 0x40 to 0x47 only 0x42
        g.arch.userTable = g.mfn(0);
        g.arch.kernelStack = 0x20000;
        g.arch.kernelMode = false;
        assertThat(gp("e442")).isEqualTo(2);
        assertThat(gp("e443")).isEqualTo(-1);
        g.arch.kernelMode = false;
        assertThat(gp("e480")).as("beyond the bitmap").isEqualTo(-1);
    }

    @Test
    void modelSpecificRegistersAreXensAnswers() {
        set(Register.RCX, 0xc0000101L);
        set(Register.RAX, 0x83044000L);
        set(Register.RDX, 0xffffffffL);
        assertThat(gp("0f30")).isEqualTo(2);
        assertThat(get(Register.GS_BASE)).isEqualTo(0xffffffff83044000L);
        set(Register.RAX, 0);
        assertThat(gp("0f32")).isEqualTo(2);
        assertThat(get(Register.RAX)).isEqualTo(0x83044000L);
        assertThat(get(Register.RDX)).isEqualTo(0xffffffffL);
        set(Register.RDX, 0x1234567);
        assertThat(gp("0f30")).as("not canonical").isEqualTo(-1);
        set(Register.RCX, 0x1b);
        assertThat(gp("0f32")).isEqualTo(2);
        assertThat(get(Register.RAX)).isEqualTo(0xfee00900L);
        set(Register.RCX, 0x12345);
        assertThat(gp("0f32")).as("no such register").isEqualTo(-1);
    }

    @Test
    void controlRegistersAreReadAndTaskSwitchedIsWritten() {
        g.registers.set(Register.CR0, 0x80050033L);
        assertThat(gp("410f20c1")).as("mov r9, cr0").isEqualTo(4);
        assertThat(get(Register.R9)).isEqualTo(0x80050033L);
        set(Register.RAX, 0x8005003bL);
        assertThat(gp("0f22c0")).isEqualTo(3);
        assertThat(g.arch.taskSwitched).isTrue();
        assertThat(gp("0f06")).as("clts").isEqualTo(2);
        assertThat(g.arch.taskSwitched).isFalse();
        set(Register.RAX, 0x33);
        assertThat(gp("0f22c0")).as("paging is not the guest's to end").isEqualTo(-1);
        assertThat(gp("0f20d8")).as("mov rax, cr3").isEqualTo(3);
        assertThat(get(Register.RAX)).isEqualTo((long) g.mfn(0) << 12);
    }

    @Test
    void cpuidBehindThePrefixIsAnswered() {
        set(Register.RAX, 0x40000000L);
        assertThat(run("0f0b78656e0fa2", 6, -1, 0)).isEqualTo(7);
        assertThat(get(Register.RBX)).as("XenV").isEqualTo(0x566e6558);
        assertThat(run("0f0b", 6, -1, 0)).isEqualTo(-1);
        assertThat(get(Register.RIP)).isEqualTo(0xffffffff82000006L);
    }

    @Test
    void programsHaveNothingEmulated() {
        g.arch.userTable = g.mfn(0);
        g.arch.kernelMode = false;
        g.arch.kernelStack = 0x20000;
        assertThat(gp("0f32")).isEqualTo(-1);
        assertThat(g.arch.kernelMode).isTrue();
    }

    // ------------------------------------------------------------------------------------- writes to page tables

    private long write(String code, long address) {
        return run(code, 14, 7, address);
    }

    @Test
    void anExchangeWithAnEntryIsCheckedAndGivesTheOldOne() {
        long old = g.get(3, 10);
        set(Register.RDX, 0);
        assertThat(write("488710", 0x3000 + 80)).as("xchg [rax], rdx").isEqualTo(3);
        assertThat(g.get(3, 10)).isZero();
        assertThat(get(Register.RDX)).isEqualTo(old);
        assertThat(g.types.references(g.mfn(10))).isZero();
        set(Register.RDX, g.entry(3, PvGuests.RW));
        assertThat(write("488710", 0x3000 + 80)).as("a page table, writable").isEqualTo(-1);
        assertThat(g.get(3, 10)).isZero();
    }

    @Test
    void aBitOfAnEntryIsClearedByAByte() {
        long old = g.get(3, 10);
        assertThat(write("f041802424fd", 0x3000 + 80))
                .as("lock and byte [r12], 0xfd")
                .isEqualTo(6);
        assertThat(g.get(3, 10)).isEqualTo(old & ~Pte.WRITABLE);
        assertThat(g.types.typeCount(g.mfn(10))).isZero();
        assertThat(get(Register.RFLAGS) & 0x40).as("not zero").isZero();
    }

    @Test
    void aComparisonThatFailsGivesTheEntry() {
        long old = g.get(3, 10);
        set(Register.RAX, old);
        set(Register.RCX, g.entry(11, PvGuests.RO));
        assertThat(write("f0480fb10a", 0x3000 + 80))
                .as("lock cmpxchg [rdx], rcx")
                .isEqualTo(5);
        assertThat(g.get(3, 10)).isEqualTo(Pte.adjusted(g.entry(11, PvGuests.RO), 1));
        assertThat(get(Register.RFLAGS) & 0x40).isEqualTo(0x40);
        set(Register.RAX, 5);
        assertThat(write("f0480fb10a", 0x3000 + 80)).isEqualTo(5);
        assertThat(get(Register.RAX)).isEqualTo(Pte.adjusted(g.entry(11, PvGuests.RO), 1));
        assertThat(get(Register.RFLAGS) & 0x40).isZero();
    }

    @Test
    void onlyWritesToTablesOfTheLastLevelByTheKernelAreDone() {
        assertThat(write("488710", 0x2000)).as("second level").isEqualTo(-1);
        assertThat(write("488710", 0x3000 + 83)).as("not aligned").isEqualTo(-1);
        assertThat(run("488710", 14, 5, 0x3050)).as("a read").isEqualTo(-1);
        assertThat(write("0fc708", 0x3050)).as("cmpxchg8b").isEqualTo(-1);
        assertThat(write("488710", 0xffff800000000000L)).as("the hypervisor's").isEqualTo(-1);
    }
}
