package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;

/** Hypercall {@code vcpu_op}: a domain's own vCPUs, their timers and areas. As {@code do_vcpu_op} of Xen 4.17. */
final class VcpuOp implements Hypercall {
    private static final int INITIALISE = 0;
    private static final int UP = 1;
    private static final int DOWN = 2;
    private static final int GET_RUNSTATE_INFO = 4;
    private static final int SET_PERIODIC_TIMER = 6;
    private static final int STOP_PERIODIC_TIMER = 7;
    private static final int REGISTER_VCPU_INFO = 10;
    private static final int SEND_NMI = 11;
    private static final int GET_PHYSID = 12;
    private static final int REGISTER_VCPU_TIME_MEMORY_AREA = 13;

    /** Periods of a periodic timer, ns. */
    private static final long SHORTEST_PERIOD = 1_000_000;

    private static final long LONGEST_PERIOD = -1L >>> 2;

    /** From here up to {@link #HYPERVISOR_END} no PV guest has addresses: there are none, or they are the hypervisor's. */
    private static final long LOWER_HALF_END = 1L << 47;

    private static final long HYPERVISOR_END = 0xffff_8800_0000_0000L;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(64);

    VcpuOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        int number = (int) arg[1];
        long pointer = arg[2];
        if (number < 0 || number >= caller.domain().vcpus().size()) {
            return Abi.ENOENT;
        }
        Vcpu vcpu = caller.domain().vcpus().get(number);
        return switch ((int) arg[0]) {
            case INITIALISE -> initialise(vcpu, caller, pointer);
            case UP -> up(vcpu);
            case DOWN -> down(vcpu);
            case Abi.VCPUOP_IS_UP -> vcpu.isPaused(Vcpu.DOWN) ? 0 : 1;
            case GET_RUNSTATE_INFO -> {
                vcpu.areas.fill(args, true);
                yield args.store(caller, pointer, VcpuAreas.RUNSTATE_INFO) ? 0 : Abi.EFAULT;
            }
            case Abi.VCPUOP_REGISTER_RUNSTATE_MEMORY_AREA -> registerRunstateArea(vcpu, caller, pointer);
            case SET_PERIODIC_TIMER -> setPeriodicTimer(vcpu, caller, pointer);
            case STOP_PERIODIC_TIMER -> {
                vcpu.areas.setPeriod(0);
                yield 0;
            }
            case Abi.VCPUOP_SET_SINGLESHOT_TIMER -> vcpu == caller ? setSingleshotTimer(caller, pointer) : Abi.EINVAL;
            case Abi.VCPUOP_STOP_SINGLESHOT_TIMER -> {
                if (vcpu != caller) {
                    yield Abi.EINVAL;
                }
                caller.singleshot.stop();
                yield 0;
            }
            case REGISTER_VCPU_INFO -> registerVcpuInfo(vcpu, caller, pointer);
            case SEND_NMI -> {
                if (pointer != 0) {
                    yield Abi.EINVAL;
                }
                vcpu.arch.nmi();
                yield 0;
            }
            case GET_PHYSID -> Abi.EINVAL; // for dom0 with its vCPUs pinned
            case REGISTER_VCPU_TIME_MEMORY_AREA -> registerTimeArea(vcpu, caller, pointer);
            default -> Abi.ENOSYS;
        };
    }

    private static long initialise(Vcpu vcpu, Vcpu caller, long pointer) {
        if (vcpu.initialised) {
            return Abi.EEXIST;
        }
        long result = vcpu.arch.initialise(caller, pointer);
        vcpu.initialised = result == 0;
        return result;
    }

    private long up(Vcpu vcpu) {
        if (!vcpu.initialised) {
            return Abi.EINVAL;
        }
        if (vcpu.domain().shutdownReason() < 0) {
            hypervisor.core().up(vcpu);
        }
        return 0;
    }

    /** The last vCPU to go down takes its domain with it. */
    private long down(Vcpu vcpu) {
        for (Vcpu other : vcpu.domain().vcpus()) {
            if (other != vcpu && !other.isPaused(Vcpu.DOWN)) {
                hypervisor.core().down(vcpu);
                return 0;
            }
        }
        hypervisor.shutdown(vcpu.domain(), Abi.SHUTDOWN_POWEROFF);
        return 0;
    }

    private long registerRunstateArea(Vcpu vcpu, Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, Long.BYTES) || isOutOfBounds(vcpu, args.int64(0))) {
            return Abi.EFAULT;
        }
        vcpu.areas.setRunstateArea(args.int64(0), caller);
        return 0;
    }

    private long registerTimeArea(Vcpu vcpu, Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, Long.BYTES) || isOutOfBounds(vcpu, args.int64(0))) {
            return Abi.EFAULT;
        }
        vcpu.areas.setTimeArea(args.int64(0));
        return 0;
    }

    /** Whether a PV guest names an address that is the hypervisor's or none. */
    private static boolean isOutOfBounds(Vcpu vcpu, long address) {
        return vcpu.domain().type() == Domain.Type.PV
                && Long.compareUnsigned(address, LOWER_HALF_END) >= 0
                && Long.compareUnsigned(address, HYPERVISOR_END) < 0
                && vcpu.registers() != null;
    }

    private long setPeriodicTimer(Vcpu vcpu, Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, Long.BYTES)) {
            return Abi.EFAULT;
        }
        long period = args.int64(0);
        if (period < SHORTEST_PERIOD || period > LONGEST_PERIOD) {
            return Abi.EINVAL;
        }
        vcpu.areas.setPeriod(period);
        return 0;
    }

    private long setSingleshotTimer(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 12)) {
            return Abi.EFAULT;
        }
        long at = args.int64(0);
        boolean mustBeFuture = (args.int32(Long.BYTES) & Abi.VCPU_SSHOTTMR_FUTURE) != 0;
        if (mustBeFuture && Long.compareUnsigned(at, hypervisor.nowNanos()) < 0) {
            return Abi.ETIME;
        }
        caller.singleshot.migrate(caller.pcpu());
        caller.singleshot.set(at);
        return 0;
    }

    private long registerVcpuInfo(Vcpu vcpu, Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 16)) {
            return Abi.EFAULT;
        }
        SharedInfo shared = vcpu.sharedInfo();
        int offset = args.int32(Long.BYTES);
        if (Integer.compareUnsigned(offset, MachineMemory.PAGE_SIZE - SharedInfo.VCPU_INFO) > 0
                || shared.isMoved(vcpu.id())
                || vcpu != caller && !vcpu.isPaused(Vcpu.DOWN)) {
            return Abi.EINVAL;
        }
        int mfn = GuestFrames.hold(vcpu.domain(), args.int64(0));
        if (mfn < 0) {
            return Abi.EINVAL;
        }
        shared.moveVcpuInfo(vcpu.id(), (mfn << MachineMemory.PAGE_SHIFT) + offset);
        hypervisor.events().tell(vcpu);
        vcpu.areas.updateTime();
        return 0;
    }
}
