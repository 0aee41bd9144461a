package org.xenolith.hypervisor;

/** Hypercall {@code event_channel_op}. */
final class EventChannelOp implements Hypercall {
    private final Hypervisor hypervisor;
    private final GuestStruct args = new GuestStruct(64);

    EventChannelOp(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    @Override
    public long call(Vcpu caller, long[] arg) {
        long op = arg[0];
        long pointer = arg[1];
        EventChannels events = hypervisor.events();
        Domain domain = caller.domain();
        switch ((int) op) {
            case Abi.EVTCHNOP_BIND_INTERDOMAIN -> {
                return args.fetch(caller, pointer, 12)
                        ? give(caller, pointer, 8, 12, events.bindInterdomain(domain, args.int16(0), args.int32(4)))
                        : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_BIND_VIRQ -> {
                if (!args.fetch(caller, pointer, 12)) {
                    return Abi.EFAULT;
                }
                int vcpu = args.int32(4);
                return vcpu < 0 || vcpu >= domain.vcpus().size()
                        ? Abi.ENOENT
                        : give(
                                caller,
                                pointer,
                                8,
                                12,
                                events.bindVirq(domain.vcpus().get(vcpu), args.int32(0)));
            }
            case Abi.EVTCHNOP_CLOSE -> {
                return args.fetch(caller, pointer, 4) ? events.close(domain, args.int32(0)) : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_SEND -> {
                return args.fetch(caller, pointer, 4) ? events.send(domain, args.int32(0)) : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_ALLOC_UNBOUND -> {
                if (!args.fetch(caller, pointer, 8)) {
                    return Abi.EFAULT;
                }
                if (args.int16(0) != Abi.DOMID_SELF && args.int16(0) != domain.id()) {
                    return Abi.ESRCH;
                }
                return give(caller, pointer, 4, 8, events.allocUnbound(domain, args.int16(2)));
            }
            case Abi.EVTCHNOP_BIND_IPI -> {
                if (!args.fetch(caller, pointer, 8)) {
                    return Abi.EFAULT;
                }
                int vcpu = args.int32(0);
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
                return args.fetch(caller, pointer, 8)
                        ? events.bindVcpu(domain, args.int32(0), args.int32(4))
                        : Abi.EFAULT;
            }
            case Abi.EVTCHNOP_UNMASK -> {
                return args.fetch(caller, pointer, 4) ? events.unmask(domain, args.int32(0)) : Abi.EFAULT;
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
        args.put32(offset, (int) port);
        return args.store(caller, pointer, length) ? 0 : Abi.EFAULT;
    }
}
