package org.xenolith.hypervisor;

/** Hypercall {@code event_channel_op}. As {@code do_event_channel_op} of Xen 4.17. */
final class EventChannelOp implements Hypercall {
    private static final int BIND_PIRQ = 2;
    private static final int STATUS = 5;
    private static final int RESET = 10;
    private static final int INIT_CONTROL = 11;
    private static final int EXPAND_ARRAY = 12;
    private static final int SET_PRIORITY = 13;

    /** States of a channel as {@code EVTCHNOP_status} gives them. */
    private static final int STATUS_CLOSED = 0;

    private static final int STATUS_UNBOUND = 1;
    private static final int STATUS_INTERDOMAIN = 2;
    private static final int STATUS_VIRQ = 4;
    private static final int STATUS_IPI = 5;

    private final Hypervisor hypervisor;
    private final EventChannels events;
    private final GuestStruct args = new GuestStruct(64);

    EventChannelOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
        this.events = hypervisor.events();
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        int op = (int) arg[0];
        long pointer = arg[1];
        int length = lengthOf(op);
        if (length == 0) {
            return Abi.ENOSYS;
        }
        if (!args.fetch(caller, pointer, length)) {
            return Abi.EFAULT;
        }
        Domain domain = caller.domain();
        return switch (op) {
            case Abi.EVTCHNOP_BIND_INTERDOMAIN ->
                give(caller, pointer, 8, length, events.bindInterdomain(domain, args.int16(0), args.int32(4)));
            case Abi.EVTCHNOP_BIND_VIRQ -> {
                Vcpu vcpu = vcpu(domain, args.int32(4));
                int virq = args.int32(0);
                if (virq < 0 || virq >= Abi.VIRQS) {
                    yield Abi.EINVAL;
                }
                yield vcpu == null ? Abi.ENOENT : give(caller, pointer, 8, length, events.bindVirq(vcpu, virq));
            }
            // Only a domain with hardware of its own has physical interrupts.
            case BIND_PIRQ -> domain.type() == Domain.Type.PV ? Abi.EPERM : Abi.EINVAL;
            case Abi.EVTCHNOP_CLOSE -> events.close(domain, args.int32(0));
            case Abi.EVTCHNOP_SEND -> events.send(domain, args.int32(0));
            case STATUS -> status(caller, pointer);
            case Abi.EVTCHNOP_ALLOC_UNBOUND -> {
                long refusal = refuseOther(domain, args.int16(0));
                yield refusal == 0
                        ? give(caller, pointer, 4, length, events.allocUnbound(domain, args.int16(2)))
                        : refusal;
            }
            case Abi.EVTCHNOP_BIND_IPI -> {
                Vcpu vcpu = vcpu(domain, args.int32(0));
                yield vcpu == null ? Abi.ENOENT : give(caller, pointer, 4, length, events.bindIpi(vcpu));
            }
            case Abi.EVTCHNOP_BIND_VCPU -> events.bindVcpu(domain, args.int32(0), args.int32(4));
            case Abi.EVTCHNOP_UNMASK -> events.unmask(domain, args.int32(0));
            case RESET -> {
                long refusal = refuseOther(domain, args.int16(0));
                if (refusal == 0) {
                    events.reset(domain);
                }
                yield refusal;
            }
            case INIT_CONTROL -> initControl(caller, pointer);
            case EXPAND_ARRAY -> events.expandArray(domain, args.int64(0));
            default -> events.setPriority(domain, args.int32(0), args.int32(4));
        };
    }

    /** Bytes of the structure of {@code op}, 0 if there is no such operation. */
    private static int lengthOf(int op) {
        return switch (op) {
            case Abi.EVTCHNOP_BIND_INTERDOMAIN, Abi.EVTCHNOP_BIND_VIRQ, BIND_PIRQ -> 12;
            case Abi.EVTCHNOP_CLOSE, Abi.EVTCHNOP_SEND, Abi.EVTCHNOP_UNMASK -> 4;
            case Abi.EVTCHNOP_ALLOC_UNBOUND, Abi.EVTCHNOP_BIND_IPI, Abi.EVTCHNOP_BIND_VCPU -> 8;
            case EXPAND_ARRAY, SET_PRIORITY -> 8;
            case STATUS, INIT_CONTROL -> 24;
            case RESET -> 2;
            default -> 0;
        };
    }

    private static Vcpu vcpu(Domain domain, int number) {
        return number >= 0 && number < domain.vcpus().size() ? domain.vcpus().get(number) : null;
    }

    /** A domain may ask of itself only: 0 if {@code id} is it, else the error. */
    private long refuseOther(Domain domain, int id) {
        if (id == Abi.DOMID_SELF || id == domain.id()) {
            return 0;
        }
        return hypervisor.domainById(id) == null && id != 0 ? Abi.ESRCH : Abi.EPERM;
    }

    private long status(Vcpu caller, long pointer) {
        Domain domain = caller.domain();
        long refusal = refuseOther(domain, args.int16(0));
        if (refusal != 0) {
            return refusal;
        }
        EventChannel channel = domain.ports.get(args.int32(4));
        if (channel == null) {
            return Abi.EINVAL;
        }
        switch (channel.state) {
            case FREE -> args.put32(8, STATUS_CLOSED);
            case UNBOUND -> {
                args.put32(8, STATUS_UNBOUND);
                args.put16(16, channel.remoteId);
            }
            case INTERDOMAIN -> {
                args.put32(8, STATUS_INTERDOMAIN);
                args.put16(16, channel.remoteId);
                args.put32(20, channel.remotePort);
            }
            case VIRQ -> {
                args.put32(8, STATUS_VIRQ);
                args.put32(16, channel.virq);
            }
            case IPI -> args.put32(8, STATUS_IPI);
        }
        args.put32(12, channel.notify == null ? 0 : channel.notify.id());
        return args.store(caller, pointer, 24) ? 0 : Abi.EFAULT;
    }

    private long initControl(Vcpu caller, long pointer) {
        Vcpu vcpu = vcpu(caller.domain(), args.int32(12));
        if (vcpu == null) {
            return Abi.ENOENT;
        }
        long result = events.initControl(vcpu, args.int64(0), args.int32(8));
        args.put8(16, FifoAbi.LINK_BITS);
        return result != 0 ? result : args.store(caller, pointer, 24) ? 0 : Abi.EFAULT;
    }

    /** Writes a new port into the caller's structure of {@code length} bytes; an error code goes back as it is. */
    private long give(Vcpu caller, long pointer, int offset, int length, long port) {
        if (port < 0) {
            return port;
        }
        args.put32(offset, (int) port);
        return args.store(caller, pointer, length) ? 0 : Abi.EFAULT;
    }
}
