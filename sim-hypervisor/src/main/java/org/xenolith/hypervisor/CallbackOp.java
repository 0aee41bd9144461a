package org.xenolith.hypervisor;

/** Hypercall {@code callback_op}: where a PV vCPU's kernel is to be entered. */
final class CallbackOp implements PvHypercall {
    private static final int REGISTER = 0;
    private static final int UNREGISTER = 1;

    private static final int EVENT = 0;
    private static final int FAILSAFE = 1;
    private static final int SYSCALL = 2;
    private static final int SYSENTER_DEPRECATED = 3;
    private static final int NMI = 4;
    private static final int SYSENTER = 5;
    private static final int SYSCALL_32 = 7;

    private static final int MASK_EVENTS = 1;

    private final GuestStruct args = new GuestStruct(16);

    @Override
    public long call(PvArch arch, long[] arg) {
        int operation = (int) arg[0];
        if (operation != REGISTER && operation != UNREGISTER) {
            return Abi.ENOSYS;
        }
        if (!args.fetch(arch.vcpu, arg[1], operation == REGISTER ? 16 : 4)) {
            return Abi.EFAULT;
        }
        int type = args.int16(0);
        return operation == REGISTER
                ? register(arch.callbacks, type, args.int16(2), args.int64(8))
                : unregister(arch.callbacks, type);
    }

    private static long register(PvCallbacks callbacks, int type, int flags, long address) {
        if (address << 16 >> 16 != address || XenSlots.contains(address)) {
            return Abi.EINVAL;
        }
        boolean masks = (flags & MASK_EVENTS) != 0;
        switch (type) {
            case EVENT -> callbacks.event = address;
            case FAILSAFE -> {
                callbacks.failsafe = address;
                callbacks.failsafeMasks = masks;
            }
            case SYSCALL -> {
                callbacks.syscall = address;
                callbacks.syscallMasks = masks;
            }
            case SYSCALL_32 -> {
                callbacks.syscall32 = address;
                callbacks.syscall32Masks = masks;
            }
            case SYSENTER -> {
                callbacks.sysenter = address;
                callbacks.sysenterMasks = masks;
            }
            case NMI -> callbacks.nmi = address;
            case SYSENTER_DEPRECATED -> {
                return Abi.EINVAL;
            }
            default -> {
                return Abi.ENOSYS;
            }
        }
        return 0;
    }

    private static long unregister(PvCallbacks callbacks, int type) {
        switch (type) {
            case NMI -> callbacks.nmi = 0;
            case EVENT, FAILSAFE, SYSCALL, SYSENTER_DEPRECATED, SYSENTER -> {
                return Abi.EINVAL;
            }
            default -> {
                return Abi.ENOSYS;
            }
        }
        return 0;
    }
}
