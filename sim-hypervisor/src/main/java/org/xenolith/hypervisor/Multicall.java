package org.xenolith.hypervisor;

import org.xenolith.trace.TraceEvent;

/** Hypercall {@code multicall}: several in one go, each with its own result. */
final class Multicall implements Hypercall {
    private static final int ENTRY = 64;
    private static final int RESULT = 8;
    private static final int ARGUMENTS = 16;

    private final Hypervisor hypervisor;
    private final GuestStruct entry = new GuestStruct(ENTRY);
    private final GuestStruct result = new GuestStruct(8);
    private final long[] arguments = new long[6];
    private boolean within;

    Multicall(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        if (within) {
            return Abi.EINVAL;
        }
        within = true;
        try {
            return all(caller, arg[0], arg[1] & 0xffffffffL);
        } finally {
            within = false;
        }
    }

    private long all(Vcpu caller, long list, long count) {
        for (long i = 0; i < count && caller.domain().shutdownReason() < 0; i++) {
            long at = list + ENTRY * i;
            if (!entry.fetch(caller, at, ENTRY)) {
                return Abi.EFAULT;
            }
            for (int a = 0; a < arguments.length; a++) {
                arguments[a] = entry.int64(ARGUMENTS + 8 * a);
            }
            result.put64(
                    0,
                    hypervisor
                            .hypercalls()
                            .dispatch(caller, entry.int64(0), arguments, TraceEvent.Pv.HYPERCALL_SUBCALL));
            if (!result.store(caller, at + RESULT, 8)) {
                return Abi.EFAULT;
            }
        }
        return 0;
    }
}
