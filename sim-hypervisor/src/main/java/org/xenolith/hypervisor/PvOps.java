package org.xenolith.hypervisor;

/** The small hypercalls of PV vCPUs: handlers, descriptors, segments, stack, floating point. As in Xen 4.17. */
final class PvOps {
    private static final int TRAP_INFO = 16;
    private static final int SEGMENT_FS = 0;
    private static final int SEGMENT_GS_USER = 1;
    private static final int SEGMENT_GS_KERNEL = 2;
    private static final int SEGMENT_GS_USER_SELECTOR = 3;
    private static final int NMI_REGISTER = 0;
    private static final int NMI_UNREGISTER = 1;

    private final GuestStruct args = new GuestStruct(8 * XenSlots.GUEST_GDT_PAGES);
    private final long[] frames = new long[XenSlots.GUEST_GDT_PAGES];

    /** Hypercall {@code set_trap_table}: up to the entry with address 0; null clears all. */
    long setTrapTable(PvArch arch, long[] arg) {
        if (arg[0] == 0) {
            arch.callbacks.clearTraps();
            return 0;
        }
        for (long pointer = arg[0]; ; pointer += TRAP_INFO) {
            if (!args.fetch(arch.vcpu, pointer, TRAP_INFO)) {
                return Abi.EFAULT;
            }
            long address = args.int64(8);
            if (address == 0) {
                return 0;
            }
            if (!isGuests(address)) {
                return Abi.EINVAL;
            }
            arch.callbacks.setTrap(args.int8(0), args.int8(1), address);
        }
    }

    private static boolean isGuests(long address) {
        return address << 16 >> 16 == address && !XenSlots.contains(address);
    }

    /** Hypercall {@code set_gdt}. */
    long setGdt(PvArch arch, long[] arg) {
        int entries = (int) arg[1];
        if (entries < 0 || entries > XenSlots.GUEST_GDT_ENTRIES) {
            return Abi.EINVAL;
        }
        int pages = (entries + PageTypes.ENTRIES - 1) / PageTypes.ENTRIES;
        if (!args.fetch(arch.vcpu, arg[0], 8 * pages)) {
            return Abi.EFAULT;
        }
        for (int i = 0; i < pages; i++) {
            frames[i] = args.int64(8 * i);
        }
        return arch.descriptors.setGdt(frames, entries);
    }

    /** Hypercall {@code update_descriptor}: machine address and value. */
    long updateDescriptor(PvArch arch, long[] arg) {
        long mfn = arg[0] >>> 12;
        if ((arg[0] & 7) != 0 || !Descriptors.allowed(arg[1]) || !arch.types.get(arch.domain(), mfn)) {
            return Abi.EINVAL;
        }
        int frame = (int) mfn;
        boolean descriptors = arch.types.is(frame, PageTypes.DESCRIPTORS);
        int type = descriptors ? PageTypes.DESCRIPTORS : PageTypes.WRITABLE;
        long rc = arch.types.getType(arch.domain(), frame, type);
        if (rc == 0) {
            arch.frames.memory().put64((int) arg[0], Descriptors.adjusted(arg[1]));
            arch.types.putType(frame);
        }
        arch.types.put(frame);
        return rc == 0 ? 0 : Abi.EINVAL;
    }

    /** Hypercall {@code stack_switch}: where the kernel's stack is when it is entered from a program. The selector is always the flat one. */
    long stackSwitch(PvArch arch, long[] arg) {
        arch.kernelStack = arg[1];
        return 0;
    }

    /** Hypercall {@code set_segment_base}. */
    long setSegmentBase(PvArch arch, long[] arg) {
        long base = arg[1];
        boolean canonical = base << 16 >> 16 == base;
        Registers registers = arch.registers;
        switch ((int) arg[0]) {
            case SEGMENT_FS -> {
                if (!canonical) {
                    return Abi.EINVAL;
                }
                registers.set(Register.FS_BASE, base);
            }
            case SEGMENT_GS_USER -> {
                if (!canonical) {
                    return Abi.EINVAL;
                }
                registers.set(Register.KERNEL_GS_BASE, base);
            }
            case SEGMENT_GS_KERNEL -> {
                if (!canonical) {
                    return Abi.EINVAL;
                }
                registers.set(Register.GS_BASE, base);
            }
            case SEGMENT_GS_USER_SELECTOR -> {
                return setUserGs(registers, (int) base & 0xffff);
            }
            default -> {
                return Abi.EINVAL;
            }
        }
        return 0;
    }

    /** Loads the programs' gs by selector, as hardware does; one that cannot be loaded becomes null. */
    private static long setUserGs(Registers registers, int selector) {
        long kernelBase = registers.get(Register.GS_BASE);
        registers.set(Register.GS_BASE, registers.get(Register.KERNEL_GS_BASE));
        boolean loaded = registers.loadSegment(Register.GS, selector > 3 ? selector | 3 : selector);
        if (!loaded) {
            registers.loadSegment(Register.GS, 0);
        }
        registers.set(Register.KERNEL_GS_BASE, registers.get(Register.GS_BASE));
        registers.set(Register.GS_BASE, kernelBase);
        return loaded ? 0 : Abi.EFAULT;
    }

    /** Hypercall {@code fpu_taskswitch}. */
    long fpuTaskSwitch(PvArch arch, long[] arg) {
        arch.setTaskSwitched(arg[0] != 0);
        return 0;
    }

    /** Hypercall {@code iret}. */
    long iret(PvArch arch, long[] arg) {
        return arch.returnFromInterrupt();
    }

    /** Hypercall {@code set_callbacks}: events, failsafe, system calls. */
    long setCallbacks(PvArch arch, long[] arg) {
        for (int i = 0; i < 3; i++) {
            if (!isGuests(arg[i])) {
                return Abi.EINVAL;
            }
        }
        PvCallbacks callbacks = arch.callbacks;
        callbacks.event = arg[0];
        callbacks.failsafe = arg[1];
        callbacks.failsafeMasks = true;
        callbacks.syscall = arg[2];
        callbacks.syscallMasks = false;
        return 0;
    }

    /** Hypercall {@code set_debugreg}. */
    long setDebugRegister(PvArch arch, long[] arg) {
        return DebugRegisters.set(arch, arg[0], arg[1]);
    }

    /** Hypercall {@code get_debugreg}. */
    long getDebugRegister(PvArch arch, long[] arg) {
        return DebugRegisters.get(arch, arg[0]);
    }

    /** Hypercall {@code nmi_op}. */
    long nmiOp(PvArch arch, long[] arg) {
        switch ((int) arg[0]) {
            case NMI_REGISTER -> {
                if (!args.fetch(arch.vcpu, arg[1], 8)) {
                    return Abi.EFAULT;
                }
                if (!isGuests(args.int64(0))) {
                    return Abi.EINVAL;
                }
                arch.callbacks.nmi = args.int64(0);
                return 0;
            }
            case NMI_UNREGISTER -> {
                arch.callbacks.nmi = 0;
                return 0;
            }
            default -> {
                return Abi.ENOSYS;
            }
        }
    }
}
