package org.xenolith.hypervisor;

import org.xenolith.trace.TraceRecord;

/** Hypercall {@code hvm_op}: what a hardware-virtualised domain asks for itself. After {@code arch/x86/hvm/hvm.c} of Xen 4.17. */
final class HvmOp implements Hypercall {
    private static final int SET_PARAM = 0;
    private static final int GET_PARAM = 1;
    private static final int FLUSH_TLBS = 5;
    private static final int PAGETABLE_DYING = 9;
    private static final int GET_TIME = 10;
    private static final int XENTRACE = 11;
    private static final int GET_MEM_TYPE = 15;
    private static final int SET_EVTCHN_UPCALL_VECTOR = 23;
    private static final int GUEST_REQUEST_VM_EVENT = 24;
    private static final int ALTP2M = 25;

    private static final int MEM_RAM = 0;
    private static final int MEM_DEVICE = 2;

    private static final int DM_DOMAIN = 13;
    private static final int BUFIOREQ_EVTCHN = 26;
    private static final int X87_FIP_WIDTH = 36;

    /** Parameters that a domain may set for itself, a bit each: callback, vm86 TSS (two), ACPI ports, generation id, event channels, x87. */
    private static final long SETTABLE = 1L << HvmParams.CALLBACK_IRQ
            | 1L << 15
            | 1L << 37
            | 1L << 19
            | 1L << 34
            | 1L << HvmParams.STORE_EVTCHN
            | 1L << HvmParams.CONSOLE_EVTCHN
            | 1L << X87_FIP_WIDTH;

    /** Those that it may read: besides these the frames of its rings, and altp2m. */
    private static final long READABLE = SETTABLE | 1L << HvmParams.STORE_PFN | 1L << HvmParams.CONSOLE_PFN | 1L << 35;

    private static final int LEAST_VECTOR = 16;
    private static final int GUEST_EVENT = 0x0800f000;
    private static final int EVENT_BITS = 0xfff;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(64);

    HvmOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        long pointer = arg[1];
        return switch ((int) arg[0]) {
            case SET_PARAM -> setParam(caller, pointer);
            case GET_PARAM -> getParam(caller, pointer);
            case FLUSH_TLBS -> flushTlbs(caller, pointer);
            case PAGETABLE_DYING -> ofItself(caller, pointer, 16, Abi.EINVAL); // no shadow page tables
            case GET_TIME -> {
                args.put64(0, hypervisor.nowNanos());
                yield args.store(caller, pointer, 8) ? 0 : Abi.EFAULT;
            }
            case XENTRACE -> trace(caller, pointer);
            case GET_MEM_TYPE -> memoryType(caller, pointer);
            case SET_EVTCHN_UPCALL_VECTOR -> setUpcallVector(caller, pointer);
            case GUEST_REQUEST_VM_EVENT -> pointer == 0 ? 0 : Abi.EINVAL;
            case ALTP2M -> Abi.EOPNOTSUPP;
            default -> Abi.ENOSYS;
        };
    }

    /** Fetches {@code length} bytes that begin with a domain id; {@code result} if that is the caller's own, else why not. */
    private long ofItself(Vcpu caller, long pointer, int length, long result) {
        if (!args.fetch(caller, pointer, length)) {
            return Abi.EFAULT;
        }
        long wrong = TargetDomain.check(hypervisor, caller, args.int16(0));
        return wrong != 0 ? wrong : result;
    }

    private long param(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 16)) {
            return Abi.EFAULT;
        }
        if (args.int32(4) < 0 || args.int32(4) >= HvmParams.COUNT) {
            return Abi.EINVAL;
        }
        long mine = TargetDomain.check(hypervisor, caller, args.int16(0));
        if (mine == 0 && caller.domain().type() != Domain.Type.PVH) {
            return Abi.EINVAL;
        }
        int index = args.int32(4);
        return mine == 0 && (index == DM_DOMAIN || index == BUFIOREQ_EVTCHN) ? Abi.ENODATA : mine;
    }

    private long setParam(Vcpu caller, long pointer) {
        long result = param(caller, pointer);
        if (result != 0) {
            return result == Abi.ENODATA ? Abi.EPERM : result;
        }
        int index = args.int32(4);
        long value = args.int64(8);
        if ((SETTABLE >>> index & 1) == 0) {
            return Abi.EPERM;
        }
        if (index == X87_FIP_WIDTH && value != 0 && value != 4 && value != 8) {
            return Abi.EINVAL;
        }
        caller.domain().hvmParams().set(index, value);
        return 0;
    }

    private long getParam(Vcpu caller, long pointer) {
        long result = param(caller, pointer);
        if (result != 0) {
            return result;
        }
        int index = args.int32(4);
        if ((READABLE >>> index & 1) == 0) {
            return Abi.EPERM;
        }
        args.put64(8, caller.domain().hvmParams().get(index));
        return args.store(caller, pointer, 16) ? 0 : Abi.EFAULT;
    }

    private static long flushTlbs(Vcpu caller, long pointer) {
        if (pointer != 0 || caller.domain().type() != Domain.Type.PVH) {
            return Abi.EINVAL;
        }
        for (Vcpu vcpu : caller.domain().vcpus()) {
            if (vcpu.registers() != null) {
                vcpu.registers().flushTlb();
            }
        }
        return 0;
    }

    /** A record of the guest's own. */
    private long trace(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 4)) {
            return Abi.EFAULT;
        }
        int event = args.int16(0);
        int bytes = args.int16(2);
        if (bytes > 4 * TraceRecord.MAX_WORDS || (event & ~EVENT_BITS) != 0) {
            return Abi.EINVAL;
        }
        if (!args.fetch(caller, pointer, 4 + bytes)) {
            return Abi.EFAULT;
        }
        for (int i = 4 + bytes; i < 4 + 4 * TraceRecord.MAX_WORDS; i++) {
            args.put8(i, 0);
        }
        hypervisor
                .trace()
                .emit(
                        event | GUEST_EVENT,
                        (bytes + 3) / 4,
                        args.int32(4),
                        args.int32(8),
                        args.int32(12),
                        args.int32(16),
                        args.int32(20),
                        args.int32(24),
                        args.int32(28));
        return 0;
    }

    private long memoryType(Vcpu caller, long pointer) {
        long result = ofItself(caller, pointer, 16, 0);
        if (result != 0) {
            return result;
        }
        Physmap physmap = caller.domain().physmap();
        if (caller.domain().type() != Domain.Type.PVH || physmap == null) {
            return Abi.EINVAL;
        }
        args.put16(2, physmap.mfn(args.int64(8)) == Physmap.NONE ? MEM_DEVICE : MEM_RAM);
        return args.store(caller, pointer, 16) ? 0 : Abi.EFAULT;
    }

    private long setUpcallVector(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        int number = args.int32(0);
        int vector = args.int8(4);
        if (caller.domain().type() != Domain.Type.PVH || vector < LEAST_VECTOR) {
            return Abi.EINVAL;
        }
        if (number < 0 || number >= caller.domain().vcpus().size()) {
            return Abi.ENOENT;
        }
        if (caller.domain().vcpus().get(number).arch instanceof HvmArch arch) {
            arch.setUpcallVector(vector);
        }
        return 0;
    }
}
