package org.xenolith.hypervisor;

import java.util.List;

/** {@code VCPUOP_initialise} of a PV vCPU: the state in which it is to start, from {@code struct vcpu_guest_context} of Xen's public headers. */
final class PvContext {
    private static final int BYTES = 5168;
    private static final int FLAGS = 512;
    private static final int REGISTERS = 520;
    private static final int RIP = REGISTERS + 128;
    private static final int CS = REGISTERS + 136;
    private static final int RFLAGS = REGISTERS + 144;
    private static final int RSP = REGISTERS + 152;
    private static final int SS = REGISTERS + 160;
    private static final int ES = REGISTERS + 168;
    private static final int DS = REGISTERS + 176;
    private static final int FS = REGISTERS + 184;
    private static final int GS = REGISTERS + 192;
    private static final int TRAPS = 720;
    private static final int LDT_BASE = 4816;
    private static final int LDT_ENTRIES = 4824;
    private static final int GDT_FRAMES = 4832;
    private static final int GDT_ENTRIES = 4960;
    private static final int KERNEL_SP = 4976;
    private static final int CR0 = 4984;
    private static final int CR1 = 4992;
    private static final int CR3 = 5008;
    private static final int DEBUG = 5048;
    private static final int EVENT_CALLBACK = 5112;
    private static final int FAILSAFE_CALLBACK = 5120;
    private static final int SYSCALL_CALLBACK = 5128;
    private static final int FS_BASE = 5144;
    private static final int GS_BASE_KERNEL = 5152;
    private static final int GS_BASE_USER = 5160;

    private static final int IN_KERNEL = 1 << 2;
    private static final int FAILSAFE_MASKS = 1 << 3;
    private static final int SYSCALL_MASKS = 1 << 4;
    private static final long CR0_TS = 1 << 3;
    private static final long FLAG_IF = 1 << 9;
    private static final int FLAG_IOPL_SHIFT = 12;
    private static final long FLAGS_TAKEN = 0xfd5;

    /** General registers in the order of {@code struct cpu_user_regs}. */
    private static final List<Register> ORDER = List.of(
            Register.R15,
            Register.R14,
            Register.R13,
            Register.R12,
            Register.RBP,
            Register.RBX,
            Register.R11,
            Register.R10,
            Register.R9,
            Register.R8,
            Register.RAX,
            Register.RCX,
            Register.RDX,
            Register.RSI,
            Register.RDI);

    private PvContext() {}

    /** Sets the vCPU of {@code arch} from the structure at {@code pointer} of {@code caller}'s memory; 0, or a negative error. */
    static long load(PvArch arch, Vcpu caller, long pointer) {
        GuestStruct context = new GuestStruct(BYTES);
        if (!context.fetch(caller, pointer, BYTES)) {
            return Abi.EFAULT;
        }
        int traits = context.int32(FLAGS);
        long cs = context.int64(CS) & 0xffff;
        int gdtEntries = (int) context.int64(GDT_ENTRIES);
        long ldtEntries = context.int64(LDT_ENTRIES);
        if ((traits & IN_KERNEL) == 0
                || isForeign(context.int64(RIP))
                || isForeign(context.int64(EVENT_CALLBACK))
                || isForeign(context.int64(FAILSAFE_CALLBACK))
                || isForeign(context.int64(SYSCALL_CALLBACK))
                || context.int64(GDT_ENTRIES) != gdtEntries
                || gdtEntries < 0
                || gdtEntries > XenSlots.GUEST_GDT_ENTRIES
                || ldtEntries < 0
                || ldtEntries > 8192
                || (context.int64(LDT_BASE) & 0xfff) != 0) {
            return Abi.EINVAL;
        }
        long rc = arch.setKernelTable(context.int64(CR3) >>> 12);
        if (rc != 0) {
            return rc;
        }
        rc = context.int64(CR1) == 0 ? 0 : arch.setUserTable(context.int64(CR1) >>> 12);
        if (rc == 0) {
            long[] frames = new long[XenSlots.GUEST_GDT_PAGES];
            for (int i = 0; i < frames.length; i++) {
                frames[i] = context.int64(GDT_FRAMES + 8 * i);
            }
            rc = arch.descriptors.setGdt(frames, gdtEntries);
        }
        if (rc != 0) {
            return rc;
        }
        start(arch, context, cs);
        arch.descriptors.setLdt(context.int64(LDT_BASE), (int) ldtEntries);
        callbacks(arch.callbacks, context, traits);
        arch.kernelStack = context.int64(KERNEL_SP);
        return 0;
    }

    private static boolean isForeign(long address) {
        return address << 16 >> 16 != address || XenSlots.contains(address);
    }

    private static void start(PvArch arch, GuestStruct context, long cs) {
        Registers registers = arch.registers;
        registers.startPv(context.int64(RIP), context.int64(RSP), 0, context.int64(CR3) >>> 12 << 12);
        arch.descriptors.start();
        for (int i = 0; i < ORDER.size(); i++) {
            registers.set(ORDER.get(i), context.int64(REGISTERS + 8 * i));
        }
        long flags = context.int64(RFLAGS);
        arch.setIopl((int) (flags >> FLAG_IOPL_SHIFT) & 3);
        registers.set(Register.RFLAGS, flags & FLAGS_TAKEN | FLAG_IF | 2);
        registers.loadSegment(Register.CS, (int) cs | 3);
        registers.loadSegment(Register.SS, context.int16(SS) | 3);
        registers.loadSegment(Register.DS, context.int16(DS));
        registers.loadSegment(Register.ES, context.int16(ES));
        registers.loadSegment(Register.FS, context.int16(FS));
        registers.loadSegment(Register.GS, context.int16(GS));
        registers.set(Register.FS_BASE, context.int64(FS_BASE));
        registers.set(Register.GS_BASE, context.int64(GS_BASE_KERNEL));
        registers.set(Register.KERNEL_GS_BASE, context.int64(GS_BASE_USER));
        arch.setTaskSwitched((context.int64(CR0) & CR0_TS) != 0);
        for (int i = 0; i < 8; i++) {
            if (context.int64(DEBUG + 8 * i) != 0) {
                DebugRegisters.set(arch, i, context.int64(DEBUG + 8 * i));
            }
        }
    }

    private static void callbacks(PvCallbacks callbacks, GuestStruct context, int traits) {
        for (int vector = 0; vector < PvCallbacks.TRAPS; vector++) {
            int at = TRAPS + 16 * vector;
            long address = context.int64(at + 8);
            callbacks.setTrap(vector, context.int8(at + 1), isForeign(address) ? 0 : address);
        }
        callbacks.event = context.int64(EVENT_CALLBACK);
        callbacks.failsafe = context.int64(FAILSAFE_CALLBACK);
        callbacks.syscall = context.int64(SYSCALL_CALLBACK);
        callbacks.failsafeMasks = (traits & FAILSAFE_MASKS) != 0;
        callbacks.syscallMasks = (traits & SYSCALL_MASKS) != 0;
    }
}
