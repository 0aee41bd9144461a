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
            return all(caller, arg);
        } finally {
            within = false;
        }
    }

    private long all(Vcpu caller, long[] arg) {
        arg[1] &= 0xffffffffL;
        while (arg[1] > 0 && caller.domain().shutdownReason() < 0) {
            long at = arg[0];
            if (!entry.fetch(caller, at, ENTRY)) {
                return Abi.EFAULT;
            }
            for (int a = 0; a < arguments.length; a++) {
                arguments[a] = entry.int64(ARGUMENTS + 8 * a);
            }
            long answer = hypervisor
                    .hypercalls()
                    .dispatch(caller, entry.int64(0), arguments, TraceEvent.Pv.HYPERCALL_SUBCALL);
            if (answer == Hypercalls.AGAIN) {
                return rest(caller, at);
            }
            result.put64(0, answer);
            if (!result.store(caller, at + RESULT, 8)) {
                return Abi.EFAULT;
            }
            arg[0] += ENTRY;
            arg[1]--;
            if (arg[1] > 0 && hypervisor.hypercalls().hasWorkedLong()) {
                return Hypercalls.AGAIN;
            }
        }
        return 0;
    }

    /** The call of the entry at {@code at} is to go on: what is left of it takes its place. */
    private long rest(Vcpu caller, long at) {
        for (int a = 0; a < arguments.length; a++) {
            entry.put64(ARGUMENTS + 8 * a, arguments[a]);
        }
        return entry.store(caller, at, ENTRY) ? Hypercalls.AGAIN : Abi.EFAULT;
    }
}
