package org.xenolith.hypervisor;

/** Hypercalls that are not for an unprivileged domain, and how Xen 4.17 says so. */
final class Refusals {
    private static final int PLATFORM_INTERFACE = 0x03000000;
    private static final int SYSCTL_INTERFACE = 0x15;
    private static final int DOMCTL_INTERFACE = 0x15;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(16);

    Refusals(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** {@code console_io}: the machine's console is dom0's. */
    long consoleIo(Vcpu caller, long[] arg) {
        return Abi.EPERM;
    }

    /** {@code platform_op}. */
    long platformOp(Vcpu caller, long[] arg) {
        return versioned(caller, arg[0], 4, PLATFORM_INTERFACE);
    }

    /** {@code sysctl}. */
    long sysctl(Vcpu caller, long[] arg) {
        return versioned(caller, arg[0], 4, SYSCTL_INTERFACE);
    }

    /** {@code domctl}. */
    long domctl(Vcpu caller, long[] arg) {
        return versioned(caller, arg[0], 4, DOMCTL_INTERFACE);
    }

    private long versioned(Vcpu caller, long pointer, int versionAt, int version) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        return args.int32(versionAt) == version ? Abi.EPERM : Abi.EACCES;
    }

    /** {@code dm_op}, by which a device model serves another domain. */
    long dmOp(Vcpu caller, long[] arg) {
        return TargetDomain.check(hypervisor, caller, (int) arg[0] & 0xffff) == Abi.ESRCH ? Abi.ESRCH : Abi.EPERM;
    }

    /** {@code hypfs_op}. */
    long hypfsOp(Vcpu caller, long[] arg) {
        return Abi.EPERM;
    }

    /** {@code xenpmu_op}: performance counters are not virtualised unless Xen was told to. */
    long pmuOp(Vcpu caller, long[] arg) {
        return Abi.EOPNOTSUPP;
    }
}
