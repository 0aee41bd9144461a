package org.xenolith.hypervisor;

/** Numbers of Xen's guest ABI that the model speaks, from Xen's public headers. */
public final class Abi {
    /** Hypercall {@code sched_op}. */
    public static final int HYPERVISOR_SCHED_OP = 29;

    /** Hypercall {@code vcpu_op}. */
    public static final int HYPERVISOR_VCPU_OP = 24;

    /** Hypercall {@code event_channel_op}. */
    public static final int HYPERVISOR_EVENT_CHANNEL_OP = 32;

    /** Hypercall {@code set_timer_op}. */
    public static final int HYPERVISOR_SET_TIMER_OP = 15;

    /** {@code sched_op}: give way. */
    public static final int SCHEDOP_YIELD = 0;

    /** {@code sched_op}: block until an event; unmasks upcalls. */
    public static final int SCHEDOP_BLOCK = 1;

    /** {@code sched_op}: end the domain. */
    public static final int SCHEDOP_SHUTDOWN = 2;

    /** {@code sched_op}: block until one of some ports is pending, or a time. */
    public static final int SCHEDOP_POLL = 3;

    /** {@code vcpu_op}: is the vCPU up. */
    public static final int VCPUOP_IS_UP = 3;

    /** {@code vcpu_op}: set the singleshot timer. */
    public static final int VCPUOP_SET_SINGLESHOT_TIMER = 8;

    /** {@code vcpu_op}: stop the singleshot timer. */
    public static final int VCPUOP_STOP_SINGLESHOT_TIMER = 9;

    /** Flag of a singleshot timer: fail if its time has passed. */
    public static final int VCPU_SSHOTTMR_FUTURE = 1;

    /** {@code event_channel_op}: bind an unbound port of another domain. */
    public static final int EVTCHNOP_BIND_INTERDOMAIN = 0;

    /** {@code event_channel_op}: bind a VIRQ. */
    public static final int EVTCHNOP_BIND_VIRQ = 1;

    /** {@code event_channel_op}: close a port. */
    public static final int EVTCHNOP_CLOSE = 3;

    /** {@code event_channel_op}: send an event. */
    public static final int EVTCHNOP_SEND = 4;

    /** {@code event_channel_op}: allocate a port that another domain may bind. */
    public static final int EVTCHNOP_ALLOC_UNBOUND = 6;

    /** {@code event_channel_op}: bind a port for IPIs between the domain's vCPUs. */
    public static final int EVTCHNOP_BIND_IPI = 7;

    /** {@code event_channel_op}: notify another vCPU. */
    public static final int EVTCHNOP_BIND_VCPU = 8;

    /** {@code event_channel_op}: unmask a port. */
    public static final int EVTCHNOP_UNMASK = 9;

    /** The timer's VIRQ, one for each vCPU. */
    public static final int VIRQ_TIMER = 0;

    /** First of the VIRQs that stand for the outside world in a replay; Xen keeps 16 to 23 for architectures. */
    public static final int VIRQ_ARCH_0 = 16;

    /** VIRQs. */
    public static final int VIRQS = 24;

    /** The caller's own domain. */
    public static final int DOMID_SELF = 0x7ff0;

    /** Shutdown reason: a crash. */
    public static final int SHUTDOWN_CRASH = 3;

    /** Highest shutdown reason. */
    public static final int SHUTDOWN_MAX = 5;

    /** Error: no such thing. */
    public static final long ENOENT = -2;

    /** Error: no such domain. */
    public static final long ESRCH = -3;

    /** Error: no more ports. */
    public static final long ENOSPC = -28;

    /** Error: a bad address. */
    public static final long EFAULT = -14;

    /** Error: exists. */
    public static final long EEXIST = -17;

    /** Error: a bad argument. */
    public static final long EINVAL = -22;

    /** Error: no such operation. */
    public static final long ENOSYS = -38;

    /** Error: its time has passed. */
    public static final long ETIME = -62;

    private Abi() {}
}
