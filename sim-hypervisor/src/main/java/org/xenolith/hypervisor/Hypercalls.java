package org.xenolith.hypervisor;

import org.xenolith.trace.TraceEvent;

/** The hypercalls a guest may issue, by number, and the trace record of each call. */
final class Hypercalls {
    /** Numbers of hypercalls are below this. */
    static final int COUNT = 64;

    private static final int OP_ARGS_SHIFT = 20;

    private static final long FAR_NANOS = 1L << 50;
    private static final long WRAPPED_NANOS = 100_000_000;

    /** Answer of a call that has more to do than is done in one go: its arguments now say the rest, and it is to be issued again. */
    static final long AGAIN = Long.MIN_VALUE;

    /** Entries of whatever lists that one call works through before it lets others have their turn. */
    private static final int MOST_WORK = 4096;

    private final Hypervisor hypervisor;
    private final Hypercall[] table = new Hypercall[COUNT];

    /** Which arguments the record of a call carries (bit i for argument i), as Xen's own does. */
    private final int[] recorded = new int[COUNT];

    /** Entries worked through by the present call. */
    private int work;

    Hypercalls(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
        define(Abi.HYPERVISOR_SCHED_OP, 0b1, new SchedOp(hypervisor));
        define(Abi.HYPERVISOR_VCPU_OP, 0b11, new VcpuOp(hypervisor));
        define(Abi.HYPERVISOR_EVENT_CHANNEL_OP, 0, new EventChannelOp(hypervisor));
        define(Abi.HYPERVISOR_SET_TIMER_OP, 0, this::setTimer);
        define(Abi.HYPERVISOR_XEN_VERSION, 0, new XenVersion());
        define(Abi.HYPERVISOR_VM_ASSIST, 0, new VmAssist());
        define(Abi.HYPERVISOR_MEMORY_OP, 0, new MemoryOp(hypervisor));
        define(Abi.HYPERVISOR_HVM_OP, 0, new HvmOp(hypervisor));
        define(Abi.HYPERVISOR_GRANT_TABLE_OP, 0b101, new GrantTableOp(hypervisor));
        define(Abi.HYPERVISOR_PHYSDEV_OP, 0, new PhysdevOp());
        define(Abi.HYPERVISOR_MULTICALL, 0b10, new Multicall(hypervisor));
        defineRefusals();
        definePv();
    }

    private void defineRefusals() {
        Refusals refusals = new Refusals(hypervisor);
        define(Abi.HYPERVISOR_CONSOLE_IO, 0, refusals::consoleIo);
        define(Abi.HYPERVISOR_PLATFORM_OP, 0, refusals::platformOp);
        define(Abi.HYPERVISOR_SYSCTL, 0, refusals::sysctl);
        define(Abi.HYPERVISOR_DOMCTL, 0, refusals::domctl);
        define(Abi.HYPERVISOR_DM_OP, 0, refusals::dmOp);
        define(Abi.HYPERVISOR_HYPFS_OP, 0, refusals::hypfsOp);
        define(Abi.HYPERVISOR_XENPMU_OP, 0, refusals::pmuOp);
    }

    private void definePv() {
        PvOps ops = new PvOps();
        MmuUpdate update = new MmuUpdate();
        define(Abi.HYPERVISOR_MMU_UPDATE, 0b10, update.known());
        define(Abi.HYPERVISOR_MMUEXT_OP, 0b10, new MmuextOp().known());
        definePv(Abi.HYPERVISOR_UPDATE_VA_MAPPING, update::updateMapping);
        definePv(Abi.HYPERVISOR_UPDATE_VA_MAPPING_OTHERDOMAIN, update::updateMappingOf);
        definePv(Abi.HYPERVISOR_SET_TRAP_TABLE, ops::setTrapTable);
        definePv(Abi.HYPERVISOR_SET_GDT, ops::setGdt);
        definePv(Abi.HYPERVISOR_UPDATE_DESCRIPTOR, ops::updateDescriptor);
        definePv(Abi.HYPERVISOR_STACK_SWITCH, ops::stackSwitch);
        definePv(Abi.HYPERVISOR_SET_CALLBACKS, ops::setCallbacks);
        definePv(Abi.HYPERVISOR_FPU_TASKSWITCH, ops::fpuTaskSwitch);
        definePv(Abi.HYPERVISOR_SET_DEBUGREG, ops::setDebugRegister);
        definePv(Abi.HYPERVISOR_GET_DEBUGREG, ops::getDebugRegister);
        definePv(Abi.HYPERVISOR_IRET, ops::iret);
        definePv(Abi.HYPERVISOR_SET_SEGMENT_BASE, ops::setSegmentBase);
        definePv(Abi.HYPERVISOR_NMI_OP, ops::nmiOp);
        definePv(Abi.HYPERVISOR_CALLBACK_OP, new CallbackOp());
    }

    private void definePv(int number, PvHypercall call) {
        define(number, 0, call.known());
    }

    private void define(int number, int recordedArguments, Hypercall call) {
        table[number] = call;
        recorded[number] = recordedArguments;
    }

    /** Carries out hypercall {@code number} of {@code caller}, which is running; what the guest gets back, or {@link #AGAIN}. */
    long dispatch(Vcpu caller, long number, long[] arg) {
        work = 0;
        return dispatch(caller, number, arg, TraceEvent.Pv.HYPERCALL);
    }

    /** The same, without a record. */
    long dispatchUnrecorded(Vcpu caller, long number, long[] arg) {
        work = 0;
        return call(caller, number, arg);
    }

    /** Carries out a call within another, recorded as {@code event}. */
    long dispatch(Vcpu caller, long number, long[] arg, int event) {
        record(event, (int) number & 0xfffff, isKnown(number) ? recorded[(int) number] : 0, arg);
        return call(caller, number, arg);
    }

    private long call(Vcpu caller, long number, long[] arg) {
        if (!isKnown(number)) {
            return Abi.ENOSYS;
        }
        caller.domain().hypercalls[(int) number]++;
        return table[(int) number].call(caller, arg);
    }

    /** One more entry of a list has been worked through: whether the call should be issued again for the rest. */
    boolean hasWorkedLong() {
        return ++work > MOST_WORK;
    }

    private boolean isKnown(long number) {
        return number >= 0 && number < COUNT && table[(int) number] != null;
    }

    private void record(int event, int number, int which, long[] arg) {
        int first = Integer.numberOfTrailingZeros(which);
        int second = Integer.numberOfTrailingZeros(which & which - 1);
        switch (Integer.bitCount(which)) {
            case 0 -> hypervisor.trace().emit(event, number);
            case 1 -> hypervisor.trace().emit(event, number | present(first), (int) arg[first]);
            default ->
                hypervisor.trace().emit(event, number | present(first) | present(second), (int) arg[first], (int)
                        arg[second]);
        }
    }

    /** Says that argument {@code i} follows, as 32 bits. */
    private static int present(int i) {
        return 1 << OP_ARGS_SHIFT + 2 * i;
    }

    /** As Xen, a time that is negative or more than 13 days ahead is taken for a wrapped counter: the event comes in 100 ms. */
    private long setTimer(Vcpu caller, long[] arg) {
        long timeout = arg[0];
        if (timeout == 0) {
            caller.singleshot.stop();
            return 0;
        }
        long now = hypervisor.nowNanos();
        boolean wrapped = timeout < 0 || timeout - now >= FAR_NANOS;
        caller.singleshot.migrate(caller.pcpu());
        caller.singleshot.set(wrapped ? now + WRAPPED_NANOS : timeout);
        return 0;
    }
}
