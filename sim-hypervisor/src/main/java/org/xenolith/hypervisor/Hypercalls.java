package org.xenolith.hypervisor;

import org.xenolith.trace.TraceEvent;

/**
 * The hypercalls a guest may issue, with Xen's argument layouts and error codes. Arguments come from an untrusted guest:
 * every pointer goes through {@link GuestMemory}, every number is checked.
 */
final class Hypercalls {
    /** Most ports of one SCHEDOP_poll. */
    static final int MAX_POLL_PORTS = 128;

    private static final int ARG_PRESENT_32 = 1;
    private static final int OP_ARGS_SHIFT = 20;

    private final Hypervisor hypervisor;
    private final byte[] buffer = new byte[4 * MAX_POLL_PORTS];

    Hypercalls(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** Carries out hypercall {@code number} of {@code caller}, which is running; returns what the guest gets back. */
    long dispatch(Vcpu caller, long number, long[] arg) {
        if (number == Abi.HYPERVISOR_SCHED_OP) {
            traced(Abi.HYPERVISOR_SCHED_OP, arg[0]);
            return schedOp(caller, arg[0], arg[1]);
        }
        if (number == Abi.HYPERVISOR_VCPU_OP) {
            traced(Abi.HYPERVISOR_VCPU_OP, arg[0], arg[1]);
            return vcpuOp(caller, arg[0], arg[1], arg[2]);
        }
        if (number == Abi.HYPERVISOR_EVENT_CHANNEL_OP) {
            traced(Abi.HYPERVISOR_EVENT_CHANNEL_OP);
            return eventChannelOp(caller, arg[0], arg[1]);
        }
        if (number == Abi.HYPERVISOR_SET_TIMER_OP) {
            traced(Abi.HYPERVISOR_SET_TIMER_OP);
            return setTimer(caller, arg[0]);
        }
        traced((int) number & 0xfffff);
        return Abi.ENOSYS;
    }

    private void traced(int op) {
        hypervisor.trace().emit(TraceEvent.Pv.HYPERCALL, op);
    }

    private void traced(int op, long arg0) {
        hypervisor.trace().emit(TraceEvent.Pv.HYPERCALL, op | ARG_PRESENT_32 << OP_ARGS_SHIFT, (int) arg0);
    }

    private void traced(int op, long arg0, long arg1) {
        int present = (ARG_PRESENT_32 | ARG_PRESENT_32 << 2) << OP_ARGS_SHIFT;
        hypervisor.trace().emit(TraceEvent.Pv.HYPERCALL, op | present, (int) arg0, (int) arg1);
    }

    private boolean fetch(Vcpu caller, long pointer, int length) {
        return caller.memory().read(pointer, buffer, length);
    }

    private int int32(int offset) {
        return (int) LittleEndian.INT.get(buffer, offset);
    }

    private int int16(int offset) {
        return (short) LittleEndian.SHORT.get(buffer, offset) & 0xffff;
    }

    private long int64(int offset) {
        return (long) LittleEndian.LONG.get(buffer, offset);
    }

    private long schedOp(Vcpu caller, long op, long pointer) {
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
                if (!fetch(caller, pointer, 4)) {
                    return Abi.EFAULT;
                }
                int reason = int32(0);
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
        if (!fetch(caller, pointer, 24)) {
            return Abi.EFAULT;
        }
        long ports = int64(0);
        int count = int32(8);
        long timeout = int64(16);
        if (count < 0 || count > MAX_POLL_PORTS) {
            return Abi.EINVAL;
        }
        if (!fetch(caller, ports, 4 * count)) {
            return Abi.EFAULT;
        }
        boolean ready = false;
        for (int i = 0; i < count; i++) {
            int port = int32(4 * i);
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

    private long vcpuOp(Vcpu caller, long op, long vcpuId, long pointer) {
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
                if (!fetch(caller, pointer, 12)) {
                    return Abi.EFAULT;
                }
                long at = int64(0);
                if ((int32(8) & Abi.VCPU_SSHOTTMR_FUTURE) != 0 && at < hypervisor.nowNanos()) {
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

    private long setTimer(Vcpu caller, long timeout) {
        if (timeout == 0) {
            caller.singleshot.stop();
        } else {
            caller.singleshot.migrate(caller.unit().pcpu);
            caller.singleshot.set(timeout);
        }
        return 0;
    }

    private long eventChannelOp(Vcpu caller, long op, long pointer) {
        EventChannels events = hypervisor.events();
        Domain domain = caller.domain();
        switch ((int) op) {
            case Abi.EVTCHNOP_BIND_INTERDOMAIN -> {
                return fetch(caller, pointer, 12)
                        ? give(caller, pointer, 8, 12, events.bindInterdomain(domain, int16(0), int32(4)))
                        : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_BIND_VIRQ -> {
                if (!fetch(caller, pointer, 12)) {
                    return Abi.EFAULT;
                }
                int vcpu = int32(4);
                return vcpu < 0 || vcpu >= domain.vcpus().size()
                        ? Abi.ENOENT
                        : give(
                                caller,
                                pointer,
                                8,
                                12,
                                events.bindVirq(domain.vcpus().get(vcpu), int32(0)));
            }
            case Abi.EVTCHNOP_CLOSE -> {
                return fetch(caller, pointer, 4) ? events.close(domain, int32(0)) : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_SEND -> {
                return fetch(caller, pointer, 4) ? events.send(domain, int32(0)) : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_ALLOC_UNBOUND -> {
                if (!fetch(caller, pointer, 8)) {
                    return Abi.EFAULT;
                }
                if (int16(0) != Abi.DOMID_SELF && int16(0) != domain.id()) {
                    return Abi.ESRCH;
                }
                return give(caller, pointer, 4, 8, events.allocUnbound(domain, int16(2)));
            }
            case Abi.EVTCHNOP_BIND_IPI -> {
                if (!fetch(caller, pointer, 8)) {
                    return Abi.EFAULT;
                }
                int vcpu = int32(0);
                return vcpu < 0 || vcpu >= domain.vcpus().size()
                        ? Abi.ENOENT
                        : give(
                                caller,
                                pointer,
                                4,
                                8,
                                events.bindIpi(domain.vcpus().get(vcpu)));
            }
            case Abi.EVTCHNOP_BIND_VCPU -> {
                return fetch(caller, pointer, 8) ? events.bindVcpu(domain, int32(0), int32(4)) : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_UNMASK -> {
                return fetch(caller, pointer, 4) ? events.unmask(domain, int32(0)) : Abi.EFAULT;
            }
            default -> {
                return Abi.ENOSYS;
            }
        }
    }

    /** Writes a new port into the caller's structure of {@code length} bytes; an error code goes back as it is. */
    private long give(Vcpu caller, long pointer, int offset, int length, long port) {
        if (port < 0) {
            return port;
        }
        LittleEndian.INT.set(buffer, offset, (int) port);
        return caller.memory().write(pointer, buffer, length) ? 0 : Abi.EFAULT;
    }
}
