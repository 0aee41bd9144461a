package org.xenolith.hypervisor;

import org.xenolith.trace.TraceEvent;

/** Hypercall {@code sched_op}: yield, block, poll, shut down, watchdogs. As {@code do_sched_op} of Xen 4.17. */
final class SchedOp implements Hypercall {
    /** Most ports of one SCHEDOP_poll. */
    static final int MAX_POLL_PORTS = 128;

    private static final int REMOTE_SHUTDOWN = 4;
    private static final int SHUTDOWN_CODE = 5;
    private static final int WATCHDOG = 6;
    private static final int PIN_OVERRIDE = 7;

    private static final long NANOS = 1_000_000_000L;

    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(4 * MAX_POLL_PORTS);

    SchedOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        long pointer = arg[1];
        return switch ((int) arg[0]) {
            case Abi.SCHEDOP_YIELD -> {
                hypervisor.core().yield(caller);
                yield 0;
            }
            case Abi.SCHEDOP_BLOCK -> {
                hypervisor.core().block(caller);
                yield 0;
            }
            case Abi.SCHEDOP_SHUTDOWN -> shutdown(caller, pointer);
            case Abi.SCHEDOP_POLL -> poll(caller, pointer);
            case REMOTE_SHUTDOWN -> remoteShutdown(caller, pointer);
            case SHUTDOWN_CODE -> shutdownCode(caller, pointer);
            case WATCHDOG -> watchdog(caller, pointer);
            case PIN_OVERRIDE -> Abi.EPERM; // for a domain that owns the hardware
            default -> Abi.ENOSYS;
        };
    }

    private long shutdown(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 4)) {
            return Abi.EFAULT;
        }
        int reason = args.int32(0);
        if (reason < 0 || reason > Abi.SHUTDOWN_MAX) {
            return Abi.EINVAL;
        }
        Domain domain = caller.domain();
        hypervisor.shutdown(domain, domain.announcedReason < 0 ? reason : domain.announcedReason);
        return 0;
    }

    private long remoteShutdown(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        return hypervisor.domainById(args.int16(0)) == null ? Abi.ESRCH : Abi.EPERM;
    }

    /** The reason that a later shutdown will have, whatever that says. */
    private long shutdownCode(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 4)) {
            return Abi.EFAULT;
        }
        Domain domain = caller.domain();
        hypervisor.trace().emit(TraceEvent.Sched.SHUTDOWN_CODE, domain.id(), caller.id(), args.int32(0));
        if (domain.announcedReason < 0) {
            domain.announcedReason = args.int8(0);
        }
        return 0;
    }

    private long watchdog(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        Domain domain = caller.domain();
        if (domain.watchdogs == null) {
            domain.watchdogs = new Watchdogs(hypervisor, domain);
        }
        return domain.watchdogs.set(args.int32(0), (args.int32(4) & 0xffffffffL) * NANOS);
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
        Domain domain = caller.domain();
        boolean ready = takesEvent(caller);
        for (int i = 0; i < count; i++) {
            int port = args.int32(4 * i);
            EventChannel channel = domain.ports.get(port);
            if (channel == null) {
                return Abi.EINVAL;
            }
            caller.pollPorts[i] = port;
            ready |= domain.eventAbi.isPending(channel);
        }
        if (ready) {
            return 0;
        }
        caller.pollCount = count;
        caller.polling = true;
        domain.pollers++;
        caller.setPause(Vcpu.BLOCKED);
        if (timeout != 0) {
            caller.pollTimer.migrate(caller.pcpu());
            caller.pollTimer.set(timeout);
        }
        hypervisor.core().leavePcpu(caller);
        return 0;
    }

    /** Whether an event is about to be delivered; a PV guest may have masked its upcalls. */
    private static boolean takesEvent(Vcpu v) {
        boolean masked = v.domain().type() == Domain.Type.PV && v.sharedInfo().upcallMask(v.id());
        return !masked && v.arch.hasEvent();
    }
}
