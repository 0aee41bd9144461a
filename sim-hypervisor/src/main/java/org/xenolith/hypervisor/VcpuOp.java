package org.xenolith.hypervisor;

/** Hypercall {@code vcpu_op}: a domain's own vCPUs, their timers and areas. */
final class VcpuOp implements Hypercall {
    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(64);

    VcpuOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        long op = arg[0];
        long vcpuId = arg[1];
        long pointer = arg[2];
        if (vcpuId < 0 || vcpuId >= caller.domain().vcpus().size()) {
            return Abi.ENOENT;
        }
        switch ((int) op) {
            case Abi.VCPUOP_IS_UP -> {
                return caller.domain().vcpus().get((int) vcpuId).isPaused(Vcpu.DOWN) ? 0 : 1;
            }
            case Abi.VCPUOP_SET_SINGLESHOT_TIMER -> {
                if (vcpuId != caller.id()) {
                    return Abi.EINVAL;
                }
                if (!args.fetch(caller, pointer, 12)) {
                    return Abi.EFAULT;
                }
                long at = args.int64(0);
                if ((args.int32(8) & Abi.VCPU_SSHOTTMR_FUTURE) != 0 && at < hypervisor.nowNanos()) {
                    return Abi.ETIME;
                }
                caller.singleshot.migrate(caller.unit().pcpu);
                caller.singleshot.set(at);
                return 0;
            }
            case Abi.VCPUOP_STOP_SINGLESHOT_TIMER -> {
                if (vcpuId != caller.id()) {
                    return Abi.EINVAL;
                }
                caller.singleshot.stop();
                return 0;
            }
            default -> {
                return Abi.ENOSYS;
            }
        }
    }
}
