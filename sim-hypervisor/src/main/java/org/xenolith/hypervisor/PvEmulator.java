package org.xenolith.hypervisor;

import java.util.Arrays;
import org.xenolith.machine.LittleEndian;

/**
 * What a PV kernel may not do at level 3 and Xen does for it: control and debug registers, ports, the time-stamp counter, CPUID. As
 * {@code arch/x86/pv/emul-priv-op.c} of Xen 4.17 for a domain without devices.
 */
final class PvEmulator {
    private static final int VECTOR_UD = 6;
    private static final long CR0_TS = 1 << 3;
    private static final long CR0_MP_EM_TS_PE = 0xf;

    /** What a guest may change in CR4, whatever else it wants: TSD, DE and FSGSBASE. */
    private static final long CR4_GUESTS = 1 << 2 | 1 << 3 | 1 << 16;

    private static final int PCI_ADDRESS = 0xcf8;
    private static final int TWO = PvInstruction.TWO_BYTES;

    /** ud2 and "xen": what follows is to be emulated. */
    private static final byte[] PREFIX = {0x0f, 0x0b, 0x78, 0x65, 0x6e, 0x0f, (byte) 0xa2};

    private final PvArch arch;
    private final Registers registers;
    private final PvMsrs msrs;
    private final PvInstruction insn = new PvInstruction();
    private final byte[] code = new byte[PREFIX.length];
    private final byte[] element = new byte[4];
    private final int[] cpuid = new int[4];

    /** The last attempt had the guest take an exception. */
    private boolean injected;

    PvEmulator(PvArch arch) {
        this.arch = arch;
        registers = arch.registers;
        msrs = new PvMsrs(arch);
    }

    /** Whether the last {@link #privileged} that failed has given the guest its exception already. */
    boolean injected() {
        return injected;
    }

    /** Emulates CPUID behind its prefix at rip; false if there is none. */
    boolean forced() {
        if (registers.fetch(code) < PREFIX.length || !Arrays.equals(code, PREFIX)) {
            return false;
        }
        cpuid();
        registers.set(Register.RIP, registers.get(Register.RIP) + PREFIX.length);
        return true;
    }

    /** Answers CPUID. */
    void cpuid() {
        arch.hypervisor
                .cpuid()
                .fill(arch.vcpu, (int) registers.get(Register.RAX), (int) registers.get(Register.RCX), cpuid);
        registers.set(Register.RAX, cpuid[0] & 0xffff_ffffL);
        registers.set(Register.RBX, cpuid[1] & 0xffff_ffffL);
        registers.set(Register.RCX, cpuid[2] & 0xffff_ffffL);
        registers.set(Register.RDX, cpuid[3] & 0xffff_ffffL);
    }

    /** Emulates the instruction at rip, which raised a general protection fault; false if the guest is to take that, or took another. */
    boolean privileged() {
        injected = false;
        if (!insn.fetch(registers)) {
            return false;
        }
        boolean done = isPort(insn.opcode) ? port() : arch.kernelMode && system();
        if (done) {
            insn.done(registers);
        }
        return done;
    }

    // ----------------------------------------------------------------------------------------------------- ports

    private static boolean isPort(int opcode) {
        return opcode >= 0x6c && opcode <= 0x6f || opcode >= 0xe4 && opcode <= 0xe7 || opcode >= 0xec && opcode <= 0xef;
    }

    private boolean port() {
        int opcode = insn.opcode;
        int bytes = (opcode & 1) == 0 ? 1 : Math.min(insn.size, 4);
        int port = (int) registers.get(Register.RDX) & 0xffff;
        if (opcode >= 0xe4 && opcode <= 0xe7) {
            if (!insn.immediate(1)) {
                return false;
            }
            port = (int) insn.immediate & 0xff;
        }
        if (!arch.portAllowed(port, bytes)) {
            return false;
        }
        if (opcode < 0x70) {
            return string(port, bytes);
        }
        if ((opcode & 2) == 0) {
            insn.setOperand(registers, 0, bytes, read(port, bytes));
        } else {
            write(port, bytes, (int) registers.get(Register.RAX));
        }
        return true;
    }

    /** One element of ins or outs; a repeated one is executed again while any is left. */
    private boolean string(int port, int bytes) {
        long count = registers.get(Register.RCX);
        if (insn.repeat && count == 0) {
            return true;
        }
        boolean in = insn.opcode < 0x6e;
        Register index = in ? Register.RDI : Register.RSI;
        long address = registers.get(index);
        if (in) {
            LittleEndian.put32(element, 0, read(port, bytes));
        }
        boolean reached = in
                ? registers.memory().write(address, element, bytes)
                : registers.memory().read(address, element, bytes);
        if (!reached) {
            injected = true;
            arch.injectPageFault(address, in ? 6 : 4);
            return false;
        }
        if (!in) {
            write(port, bytes, LittleEndian.get32(element, 0));
        }
        boolean down = (registers.get(Register.RFLAGS) & 1 << 10) != 0;
        registers.set(index, address + (down ? -bytes : bytes));
        if (insn.repeat) {
            registers.set(Register.RCX, count - 1);
            if (count > 1) {
                insn.length = 0;
            }
        }
        return true;
    }

    /** There is no device: all ones, but for the address of PCI configuration space, which reads as written. */
    private int read(int port, int bytes) {
        return port == PCI_ADDRESS && bytes == 4 ? arch.domain().pv.pciAddress : -1;
    }

    private void write(int port, int bytes, int value) {
        if (port == PCI_ADDRESS && bytes == 4) {
            arch.domain().pv.pciAddress = value;
        }
    }

    // -------------------------------------------------------------------------------------------- system registers

    private boolean system() {
        switch (insn.opcode) {
            case 0xfa, 0xfb -> { // cli, sti: allowed and without effect, if the kernel has I/O privilege
                return arch.hasIoPrivilege();
            }
            case TWO | 0x01 -> {
                return group7();
            }
            case TWO | 0x06 -> {
                arch.setTaskSwitched(false);
                return true;
            }
            case TWO | 0x08, TWO | 0x09 -> { // invd, wbinvd: there is no cache to be seen
                return true;
            }
            case TWO | 0x20 -> {
                return insn.operands(0) && readControl();
            }
            case TWO | 0x22 -> {
                return insn.operands(0) && writeControl(insn.register, registers.get(general(insn.base)));
            }
            case TWO | 0x21 -> {
                return insn.operands(0) && readDebug();
            }
            case TWO | 0x23 -> {
                return insn.operands(0)
                        && DebugRegisters.set(arch, insn.register, registers.get(general(insn.base))) == 0;
            }
            case TWO | 0x30 -> {
                return msrs.write((int) registers.get(Register.RCX), pair());
            }
            case TWO | 0x31 -> {
                setPair(arch.vcpu.tsc());
                return true;
            }
            case TWO | 0x32 -> {
                if (!msrs.read((int) registers.get(Register.RCX))) {
                    return false;
                }
                setPair(msrs.value());
                return true;
            }
            case TWO | 0xa2 -> {
                cpuid();
                return true;
            }
            default -> {
                return false;
            }
        }
    }

    private static Register general(int number) {
        return PvInstruction.GENERAL.get(number);
    }

    private long pair() {
        return registers.get(Register.RDX) << 32 | registers.get(Register.RAX) & 0xffff_ffffL;
    }

    private void setPair(long value) {
        registers.set(Register.RAX, value & 0xffff_ffffL);
        registers.set(Register.RDX, value >>> 32);
    }

    private boolean group7() {
        if (!insn.operands(0)) {
            return false;
        }
        if (insn.modrm == 0xf9) { // rdtscp
            setPair(arch.vcpu.tsc());
            registers.set(Register.RCX, 0);
            return true;
        }
        if (insn.modrm == 0xd1) { // xsetbv, which no vCPU has
            injected = true;
            arch.exception(VECTOR_UD, -1);
            return false;
        }
        switch (insn.register & 7) {
            case 6 -> { // lmsw
                return !insn.memory && loadStatus(insn.operand(registers, insn.base, 2));
            }
            case 7 -> { // invlpg: the address is not made out, so all are forgotten
                arch.flush();
                return insn.memory;
            }
            default -> {
                return false;
            }
        }
    }

    private boolean loadStatus(long word) {
        long cr0 = guestCr0() & ~CR0_MP_EM_TS_PE | word & CR0_MP_EM_TS_PE | guestCr0() & 1;
        return writeControl(0, cr0);
    }

    private long guestCr0() {
        return registers.get(Register.CR0) & ~CR0_TS | (arch.taskSwitched ? CR0_TS : 0);
    }

    private boolean readControl() {
        long value;
        switch (insn.register) {
            case 0 -> value = guestCr0();
            case 2 -> value = arch.cr2;
            case 3 -> value = (long) arch.kernelTable << 12;
            case 4 -> value = registers.get(Register.CR4);
            default -> {
                return false;
            }
        }
        registers.set(general(insn.base), value);
        return true;
    }

    private boolean writeControl(int number, long value) {
        switch (number) {
            case 0 -> {
                if (((value ^ guestCr0()) & ~CR0_TS) != 0) {
                    return false;
                }
                arch.setTaskSwitched((value & CR0_TS) != 0);
                return true;
            }
            case 2 -> {
                arch.setCr2(value);
                return true;
            }
            case 3 -> {
                return arch.setKernelTable(value >>> 12) == 0;
            }
            case 4 -> {
                long kept = registers.get(Register.CR4) & ~CR4_GUESTS;
                registers.set(Register.CR4, kept | value & CR4_GUESTS);
                return true;
            }
            default -> {
                return false;
            }
        }
    }

    private boolean readDebug() {
        long value = DebugRegisters.get(arch, insn.register);
        if (value == Abi.EINVAL) {
            return false;
        }
        registers.set(general(insn.base), value);
        return true;
    }
}
