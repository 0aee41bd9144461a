package org.xenolith.guest;

import java.util.Arrays;
import org.xenolith.core.x86.Cpu;
import org.xenolith.core.x86.Insn;
import org.xenolith.core.x86.SystemState;
import org.xenolith.hypervisor.GuestExit;
import org.xenolith.hypervisor.GuestMemory;
import org.xenolith.hypervisor.Register;
import org.xenolith.hypervisor.Registers;
import org.xenolith.machine.MachineMemory;

/** The reference core's state as the hypervisor sees it. */
final class CoreRegisters implements Registers {
    private static final int[] ARGUMENTS_64 = {Cpu.RDI, Cpu.RSI, Cpu.RDX, 10, 8};
    private static final int[] ARGUMENTS_32 = {Cpu.RBX, Cpu.RCX, Cpu.RDX, Cpu.RSI, Cpu.RDI};
    private static final long LOW = 0xffffffffL;

    private static final int DESCRIPTOR_BYTES = 8;
    private static final int LONGEST_INSTRUCTION = 15;
    private static final int PAGE_FAULT = 14;
    private static final int EFER = 0xc0000080;

    /** A page number as a segment of real mode. */
    private static final int SEGMENT_SHIFT = 8;

    private final Cpu cpu;
    private final LinearMemory memory;

    CoreRegisters(Cpu cpu, MachineMemory machine) {
        this.cpu = cpu;
        this.memory = new LinearMemory(cpu.mmu, machine, cpu.deprivileged);
    }

    /** Number and arguments of the hypercall that the registers hold. */
    void hypercall(GuestExit to) {
        to.reason = GuestExit.Reason.HYPERCALL;
        boolean wide = is64Bit();
        int[] from = wide ? ARGUMENTS_64 : ARGUMENTS_32;
        long mask = wide ? -1L : LOW;
        to.number = cpu.r[Cpu.RAX] & mask;
        for (int i = 0; i < from.length; i++) {
            to.arg[i] = cpu.r[from[i]] & mask;
        }
    }

    @Override
    public long get(Register register) {
        SystemState s = cpu.system;
        return switch (register) {
            case RIP -> cpu.rip;
            case RFLAGS -> cpu.rflags();
            case ES -> cpu.selector[Cpu.ES];
            case CS -> cpu.selector[Cpu.CS];
            case SS -> cpu.selector[Cpu.SS];
            case DS -> cpu.selector[Cpu.DS];
            case FS -> cpu.selector[Cpu.FS];
            case GS -> cpu.selector[Cpu.GS];
            case FS_BASE -> cpu.segmentBase[Cpu.FS];
            case GS_BASE -> cpu.segmentBase[Cpu.GS];
            case KERNEL_GS_BASE -> s.kernelGsBase;
            case CR0 -> s.cr0;
            case CR2 -> s.cr2;
            case CR3 -> s.cr3;
            case CR4 -> s.cr4;
            case EFER -> s.efer;
            case DR0 -> s.debug[0];
            case DR1 -> s.debug[1];
            case DR2 -> s.debug[2];
            case DR3 -> s.debug[3];
            case DR6 -> s.debug[6];
            case DR7 -> s.debug[7];
            default -> cpu.r[register.ordinal()];
        };
    }

    @Override
    public void set(Register register, long value) {
        SystemState s = cpu.system;
        switch (register) {
            case RIP -> cpu.rip = value;
            case RFLAGS -> cpu.setRflags(value);
            case ES -> cpu.selector[Cpu.ES] = (int) value & 0xffff;
            case CS -> cpu.selector[Cpu.CS] = (int) value & 0xffff;
            case SS -> cpu.selector[Cpu.SS] = (int) value & 0xffff;
            case DS -> cpu.selector[Cpu.DS] = (int) value & 0xffff;
            case FS -> cpu.selector[Cpu.FS] = (int) value & 0xffff;
            case GS -> cpu.selector[Cpu.GS] = (int) value & 0xffff;
            case FS_BASE -> cpu.segmentBase[Cpu.FS] = value;
            case GS_BASE -> cpu.segmentBase[Cpu.GS] = value;
            case KERNEL_GS_BASE -> s.kernelGsBase = value;
            case CR0 -> cpu.control.setCr0(value);
            case CR2 -> s.cr2 = value;
            case CR3 -> cpu.control.setCr3(value);
            case CR4 -> cpu.control.setCr4(value);
            case EFER -> cpu.control.writeMsr(EFER, value);
            case DR0 -> s.debug[0] = value;
            case DR1 -> s.debug[1] = value;
            case DR2 -> s.debug[2] = value;
            case DR3 -> s.debug[3] = value;
            case DR6 -> s.debug[6] = value;
            case DR7 -> s.debug[7] = value;
            default -> cpu.r[register.ordinal()] = value;
        }
    }

    @Override
    public int cpl() {
        return cpu.cpl;
    }

    @Override
    public boolean is64Bit() {
        return cpu.mode == Insn.Mode.BITS_64;
    }

    @Override
    public boolean loadSegment(Register segment, int selector) {
        int number = segment.ordinal() - Register.ES.ordinal();
        return cpu.segments.tryLoad(number, selector);
    }

    @Override
    public void setGdt(long base, int limit) {
        cpu.system.gdtBase = base;
        cpu.system.gdtLimit = limit;
    }

    @Override
    public void setLdt(long base, int entries) {
        cpu.system.ldtBase = base;
        cpu.system.ldtLimit = entries * DESCRIPTOR_BYTES - 1;
    }

    @Override
    public void flushTlb() {
        cpu.mmu.flush();
    }

    @Override
    public void flushTlbPage(long address) {
        cpu.mmu.flushPage(address);
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public int translate(long address, boolean write, boolean user) {
        return cpu.mmu.probe(address, write, user);
    }

    @Override
    public int fetch(byte[] to) {
        long at = cpu.segmentBase[Cpu.CS] + cpu.rip;
        int length = Math.min(to.length, LONGEST_INSTRUCTION);
        for (; length > 0; length--) {
            if (memory.read(at, to, length)) {
                return length;
            }
        }
        return 0;
    }

    @Override
    public boolean interruptible() {
        return cpu.interrupts.interruptible();
    }

    @Override
    public void interrupt(int vector) {
        cpu.interrupts.interrupt(vector);
    }

    @Override
    public void requestWindow() {
        cpu.interrupts.requestWindow();
    }

    @Override
    public void exception(int vector, int errorCode, long address) {
        if (vector == PAGE_FAULT) {
            cpu.system.cr2 = address;
        }
        cpu.interrupts.inject(vector, errorCode);
    }

    @Override
    public void startRealMode(int page) {
        cpu.startRealMode(page << SEGMENT_SHIFT);
    }

    @Override
    public void startProtected32(long rip, long rbx) {
        Arrays.fill(cpu.r, 0);
        cpu.r[Cpu.RBX] = rbx;
        cpu.startProtected32(rip);
    }

    @Override
    public void startPv(long rip, long rsp, long rsi, long cr3) {
        Arrays.fill(cpu.r, 0);
        cpu.r[Cpu.RSI] = rsi;
        cpu.startPv(rip, rsp, cr3);
    }
}
