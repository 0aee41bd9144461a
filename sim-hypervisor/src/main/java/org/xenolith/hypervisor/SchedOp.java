package org.xenolith.hypervisor;

/** Hypercall {@code sched_op}: yield, block, poll, shut down. */
final class SchedOp implements Hypercall {
    /** Most ports of one SCHEDOP_poll. */
    static final int MAX_POLL_PORTS = 128;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(4 * MAX_POLL_PORTS);

    SchedOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        long op = arg[0];
        long pointer = arg[1];
        switch ((int) op) {
            case Abi.SCHEDOP_YIELD -> {
                hypervisor.core().yield(caller);
                return 0;
            }
            case Abi.SCHEDOP_BLOCK -> {
                hypervisor.core().block(caller);
                return 0;
            }
            case Abi.SCHEDOP_SHUTDOWN -> {
                if (!args.fetch(caller, pointer, 4)) {
                    return Abi.EFAULT;
                }
                int reason = args.int32(0);
                if (reason < 0 || reason > Abi.SHUTDOWN_MAX) {
                    return Abi.EINVAL;
                }
                hypervisor.shutdown(caller.domain(), reason);
                return 0;
            }
            case Abi.SCHEDOP_POLL -> {
                return poll(caller, pointer);
            }
            default -> {
                return Abi.ENOSYS;
            }
        }
    }

    private long poll(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 24)) {
            return Abi.EFAULT;
        }
        long ports = args.int64(0);
        int count = args.int32(8);
        long timeout = args.int64(16);
        if (count < 0 || count > MAX_POLL_PORTS) {
            return Abi.EINVAL;
        }
        if (!args.fetch(caller, ports, 4 * count)) {
            return Abi.EFAULT;
        }
        boolean ready = false;
        for (int i = 0; i < count; i++) {
            int port = args.int32(4 * i);
            if (port <= 0 || port >= SharedInfo.PORTS || caller.domain().channels[port] == null) {
                return Abi.EINVAL;
            }
            caller.pollPorts[i] = port;
            ready |= caller.sharedInfo().isPending(port);
        }
        if (ready) {
            return 0;
        }
        caller.pollCount = count;
        caller.polling = true;
        caller.domain().pollers++;
        caller.setPause(Vcpu.BLOCKED);
        if (timeout != 0) {
            caller.pollTimer.migrate(caller.unit().pcpu);
            caller.pollTimer.set(timeout);
        }
        hypervisor.core().leavePcpu(caller);
        return 0;
    }
}
