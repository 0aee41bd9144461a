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

    /** Hypercall {@code set_trap_table}. */
    public static final int HYPERVISOR_SET_TRAP_TABLE = 0;

    /** Hypercall {@code mmu_update}. */
    public static final int HYPERVISOR_MMU_UPDATE = 1;

    /** Hypercall {@code set_gdt}. */
    public static final int HYPERVISOR_SET_GDT = 2;

    /** Hypercall {@code stack_switch}. */
    public static final int HYPERVISOR_STACK_SWITCH = 3;

    /** Hypercall {@code fpu_taskswitch}. */
    public static final int HYPERVISOR_FPU_TASKSWITCH = 5;

    /** Hypercall {@code platform_op}. */
    public static final int HYPERVISOR_PLATFORM_OP = 7;

    /** Hypercall {@code set_debugreg}. */
    public static final int HYPERVISOR_SET_DEBUGREG = 8;

    /** Hypercall {@code get_debugreg}. */
    public static final int HYPERVISOR_GET_DEBUGREG = 9;

    /** Hypercall {@code update_descriptor}. */
    public static final int HYPERVISOR_UPDATE_DESCRIPTOR = 10;

    /** Hypercall {@code memory_op}. */
    public static final int HYPERVISOR_MEMORY_OP = 12;

    /** Hypercall {@code multicall}. */
    public static final int HYPERVISOR_MULTICALL = 13;

    /** Hypercall {@code update_va_mapping}. */
    public static final int HYPERVISOR_UPDATE_VA_MAPPING = 14;

    /** Hypercall {@code set_callbacks}. */
    public static final int HYPERVISOR_SET_CALLBACKS = 4;

    /** Hypercall {@code update_va_mapping_otherdomain}. */
    public static final int HYPERVISOR_UPDATE_VA_MAPPING_OTHERDOMAIN = 22;

    /** Hypercall {@code nmi_op}. */
    public static final int HYPERVISOR_NMI_OP = 28;

    /** Hypercall {@code xen_version}. */
    public static final int HYPERVISOR_XEN_VERSION = 17;

    /** Hypercall {@code console_io}. */
    public static final int HYPERVISOR_CONSOLE_IO = 18;

    /** Hypercall {@code grant_table_op}. */
    public static final int HYPERVISOR_GRANT_TABLE_OP = 20;

    /** Hypercall {@code vm_assist}. */
    public static final int HYPERVISOR_VM_ASSIST = 21;

    /** Hypercall {@code iret}. */
    public static final int HYPERVISOR_IRET = 23;

    /** Hypercall {@code set_segment_base}. */
    public static final int HYPERVISOR_SET_SEGMENT_BASE = 25;

    /** Hypercall {@code mmuext_op}. */
    public static final int HYPERVISOR_MMUEXT_OP = 26;

    /** Hypercall {@code callback_op}. */
    public static final int HYPERVISOR_CALLBACK_OP = 30;

    /** Hypercall {@code physdev_op}. */
    public static final int HYPERVISOR_PHYSDEV_OP = 33;

    /** Hypercall {@code hvm_op}. */
    public static final int HYPERVISOR_HVM_OP = 34;

    /** Hypercall {@code sysctl}. */
    public static final int HYPERVISOR_SYSCTL = 35;

    /** Hypercall {@code domctl}. */
    public static final int HYPERVISOR_DOMCTL = 36;

    /** Hypercall {@code dm_op}. */
    public static final int HYPERVISOR_DM_OP = 41;

    /** Hypercall {@code hypfs_op}. */
    public static final int HYPERVISOR_HYPFS_OP = 42;

    /** Hypercall {@code xenpmu_op}. */
    public static final int HYPERVISOR_XENPMU_OP = 40;

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

    /** {@code vcpu_op}: keep the vCPU's runstates in an area of the guest's memory. */
    public static final int VCPUOP_REGISTER_RUNSTATE_MEMORY_AREA = 5;

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

    /** The VIRQ that asks a vCPU to say what it does. */
    public static final int VIRQ_DEBUG = 1;

    /** The profiler's VIRQ, one for each vCPU. */
    public static final int VIRQ_XENOPROF = 7;

    /** The performance counters' VIRQ, one for each vCPU. */
    public static final int VIRQ_XENPMU = 13;

    /** First of the VIRQs that stand for the outside world in a replay; Xen keeps 16 to 23 for architectures. */
    public static final int VIRQ_ARCH_0 = 16;

    /** VIRQs. */
    public static final int VIRQS = 24;

    /** The caller's own domain. */
    public static final int DOMID_SELF = 0x7ff0;

    /** Shutdown reason: powered off. */
    public static final int SHUTDOWN_POWEROFF = 0;

    /** Shutdown reason: wants to be started again. */
    public static final int SHUTDOWN_REBOOT = 1;

    /** Shutdown reason: a crash. */
    public static final int SHUTDOWN_CRASH = 3;

    /** Shutdown reason: the domain's watchdog was not fed. */
    public static final int SHUTDOWN_WATCHDOG = 4;

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

    /** Error: not permitted. */
    public static final long EPERM = -1;

    /** Error: input or output failed. */
    public static final long EIO = -5;

    /** Error: too many. */
    public static final long E2BIG = -7;

    /** Error: a bad number. */
    public static final long EBADF = -9;

    /** Error: try again. */
    public static final long EAGAIN = -11;

    /** Error: no more memory. */
    public static final long ENOMEM = -12;

    /** Error: no access. */
    public static final long EACCES = -13;

    /** Error: busy. */
    public static final long EBUSY = -16;

    /** Error: of another domain. */
    public static final long EXDEV = -18;

    /** Error: no such device. */
    public static final long ENODEV = -19;

    /** Error: no data. */
    public static final long ENODATA = -61;

    /** Error: connected already. */
    public static final long EISCONN = -106;

    /** Error: not supported. */
    public static final long EOPNOTSUPP = -95;

    /** Error: out of range. */
    public static final long ERANGE = -34;

    private Abi() {}
}
