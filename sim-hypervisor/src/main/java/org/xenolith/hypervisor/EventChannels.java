package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;

/**
 * Event channels of all domains: binding, sending, and telling vCPUs. How a guest sees which are pending is its {@link EventAbi}, two-level at
 * first. As {@code event_channel.c} of Xen 4.17.
 */
public final class EventChannels {
    /** Highest port of a domain that executes instructions, unless the toolstack says otherwise: xl's default. */
    static final int DEFAULT_HIGHEST_PORT = 1023;

    /** Domain whose services may be the other end of a channel though it has no vCPU here. */
    private static final int DOM0 = 0;

    private final Hypervisor hypervisor;
    private int backends;

    EventChannels(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** {@code domain} may have ports up to {@code highest}, and keeps those it has. */
    public void limitPorts(Domain domain, int highest) {
        if (highest < 0) {
            throw new IllegalArgumentException("highest port must not be negative: " + highest);
        }
        domain.ports.limit(highest);
    }

    /** Allocates a port of {@code domain} that {@code remoteId} may bind; a port, or a negative error. */
    public long allocUnbound(Domain domain, int remoteId) {
        EventChannel channel = domain.ports.findFree(domain.eventAbi);
        if (channel == null) {
            return Abi.ENOSPC;
        }
        channel.open(EventChannel.State.UNBOUND, domain.vcpus().get(0));
        channel.unbind(remoteId == Abi.DOMID_SELF ? domain.id() : remoteId);
        return channel.port;
    }

    /** Binds a new port of {@code domain} to {@code remotePort} of {@code remoteId}; a port, or a negative error. */
    public long bindInterdomain(Domain domain, int remoteId, int remotePort) {
        Domain remote = hypervisor.domainById(remoteId == Abi.DOMID_SELF ? domain.id() : remoteId);
        if (remote == null) {
            return remoteId == DOM0 ? Abi.EINVAL : Abi.ESRCH;
        }
        EventChannel mine = domain.ports.findFree(domain.eventAbi);
        if (mine == null) {
            return Abi.ENOSPC;
        }
        EventChannel peer = remote.ports.used(remotePort);
        if (peer == null || peer.state != EventChannel.State.UNBOUND || peer.remoteId != domain.id()) {
            return Abi.EINVAL;
        }
        mine.open(EventChannel.State.INTERDOMAIN, domain.vcpus().get(0));
        mine.connect(remote, remotePort);
        peer.connect(domain, mine.port);
        // As in Xen: an event may have been lost before the channel was bound, so the new end starts pending.
        domain.eventAbi.setPending(mine);
        return mine.port;
    }

    /**
     * Makes a service of dom0 the other end of {@code port} of {@code guest}, which was allocated for domain 0 to bind: {@code onEvent} runs
     * {@code delayNanos} ns after the guest sends an event, once for all that it sends meanwhile; with 0 within the guest's hypercall. It
     * runs once at once, as a new end starts pending, and when the domain ends what it was asked for is done. If the guest closes the port nothing
     * more is heard of it.
     *
     * @throws IllegalArgumentException if the port does not wait for domain 0
     */
    public void bindBackend(Domain guest, int port, long delayNanos, Runnable onEvent) {
        EventChannel channel = guest.ports.used(port);
        if (channel == null || channel.state != EventChannel.State.UNBOUND || channel.remoteId != DOM0) {
            throw new IllegalArgumentException(guest + ": event channel " + port + " does not wait for domain 0");
        }
        channel.state = EventChannel.State.INTERDOMAIN;
        channel.backend = new Backend(hypervisor, guest, delayNanos, onEvent);
        channel.remotePort = ++backends;
        onEvent.run();
    }

    /** {@code guest} has ended: the services of dom0 do what it asked for last. */
    void ended(Domain guest) {
        for (int port = 1; port < guest.ports.size(); port++) {
            Backend backend = guest.ports.get(port).backend;
            if (backend != null) {
                backend.serve();
            }
        }
    }

    /** The service of dom0 at the other end of {@code port} of {@code guest} sends an event; nothing if the guest closed the port. */
    public void notifyGuest(Domain guest, int port) {
        EventChannel channel = guest.ports.used(port);
        if (channel != null && channel.backend != null) {
            guest.eventAbi.setPending(channel);
        }
    }

    /** Binds {@code virq} of {@code vcpu}; a port, or a negative error. */
    public long bindVirq(Vcpu vcpu, int virq) {
        if (virq < 0 || virq >= Abi.VIRQS || vcpu.id() != 0 && isGlobal(vcpu.domain(), virq)) {
            return Abi.EINVAL;
        }
        if (vcpu.virqPort[virq] > 0) {
            return Abi.EEXIST;
        }
        EventChannel channel = vcpu.domain().ports.findFree(vcpu.domain().eventAbi);
        if (channel == null) {
            return Abi.ENOSPC;
        }
        channel.open(EventChannel.State.VIRQ, vcpu);
        channel.virq = virq;
        vcpu.virqPort[virq] = channel.port;
        return channel.port;
    }

    /**
     * Whether {@code virq} is the domain's rather than a vCPU's. Where guests execute no instructions those that Xen leaves to
     * architectures stand for the outside world, which interrupts each vCPU.
     */
    private static boolean isGlobal(Domain domain, int virq) {
        return switch (virq) {
            case Abi.VIRQ_TIMER, Abi.VIRQ_DEBUG, Abi.VIRQ_XENOPROF, Abi.VIRQ_XENPMU -> false;
            default -> virq < Abi.VIRQ_ARCH_0 || domain.physmap() != null;
        };
    }

    /** Binds a port by which vCPUs of a domain notify {@code vcpu}; a port, or a negative error. */
    public long bindIpi(Vcpu vcpu) {
        EventChannel channel = vcpu.domain().ports.findFree(vcpu.domain().eventAbi);
        if (channel == null) {
            return Abi.ENOSPC;
        }
        channel.open(EventChannel.State.IPI, vcpu);
        return channel.port;
    }

    /** Closes {@code port}; 0, or a negative error. */
    public long close(Domain domain, int port) {
        EventChannel channel = domain.ports.used(port);
        if (channel == null) {
            return Abi.EINVAL;
        }
        if (channel.state == EventChannel.State.VIRQ) {
            for (Vcpu v : domain.vcpus()) { // a global one may notify another vCPU than it was bound for
                if (v.virqPort[channel.virq] == port) {
                    v.virqPort[channel.virq] = 0;
                }
            }
        } else if (channel.remote != null) {
            channel.remote.ports.get(channel.remotePort).unbind(domain.id());
        }
        domain.ports.free(channel);
        domain.eventAbi.clearPending(channel);
        return 0;
    }

    /** Closes all ports of {@code domain}, and tells of events by the two-level ABI again. */
    void reset(Domain domain) {
        for (int port = 1; port < domain.ports.size(); port++) {
            close(domain, port);
        }
        if (domain.eventAbi instanceof FifoAbi fifo) {
            fifo.close();
            domain.eventAbi = new TwoLevelAbi(hypervisor, domain);
        }
    }

    /** Has {@code port} notify {@code vcpu} of its domain; 0, or a negative error. */
    public long bindVcpu(Domain domain, int port, int vcpu) {
        if (vcpu < 0 || vcpu >= domain.vcpus().size()) {
            return Abi.ENOENT;
        }
        EventChannel channel = domain.ports.used(port);
        if (channel == null
                || channel.state == EventChannel.State.IPI
                || channel.state == EventChannel.State.VIRQ && !isGlobal(domain, channel.virq)) {
            return Abi.EINVAL;
        }
        channel.notify = domain.vcpus().get(vcpu);
        return 0;
    }

    /** Sends an event by {@code port} of {@code domain}; 0, or a negative error. */
    public long send(Domain domain, int port) {
        EventChannel channel = domain.ports.used(port);
        if (channel == null) {
            return Abi.EINVAL;
        }
        hypervisor.charge(Cost.EVENT_SEND);
        switch (channel.state) {
            case INTERDOMAIN -> {
                if (channel.backend != null) {
                    channel.backend.ask();
                } else {
                    channel.remote.eventAbi.setPending(channel.remote.ports.get(channel.remotePort));
                }
            }
            case IPI -> domain.eventAbi.setPending(channel);
            case UNBOUND -> {} // silently dropped: the other end is gone
            case VIRQ, FREE -> {
                return Abi.EINVAL;
            }
        }
        return 0;
    }

    /** Unmasks {@code port}; an event that came while it was masked is notified now. 0, or a negative error. */
    public long unmask(Domain domain, int port) {
        EventChannel channel = domain.ports.get(port);
        if (channel == null) {
            return Abi.EINVAL;
        }
        if (channel.state != EventChannel.State.FREE) {
            domain.eventAbi.unmask(channel);
        }
        return 0;
    }

    /** Sets the priority of {@code port}, 0 for the highest to 15; 0, or a negative error. */
    long setPriority(Domain domain, int port, int priority) {
        EventChannel channel = domain.ports.get(port);
        return channel == null ? Abi.EINVAL : domain.eventAbi.setPriority(channel, priority);
    }

    /**
     * Gives {@code vcpu} a control block of the FIFO ABI at {@code offset} of the guest's frame {@code gfn}; the first has the
     * domain told of events by that ABI from now on. 0, or a negative error.
     */
    long initControl(Vcpu vcpu, long gfn, int offset) {
        Domain domain = vcpu.domain();
        if (!FifoAbi.isControlOffset(offset) || domain.physmap() == null) {
            return Abi.EINVAL;
        }
        if (domain.eventAbi instanceof FifoAbi fifo) {
            return fifo.setControl(vcpu, gfn, offset);
        }
        FifoAbi fifo = new FifoAbi(hypervisor, domain);
        long result = fifo.setControl(vcpu, gfn, offset);
        if (result == 0) {
            for (int port = 1; port < domain.ports.size(); port++) {
                EventChannel channel = domain.ports.get(port);
                channel.pendingEarly |= domain.eventAbi.isPending(channel);
                channel.priority = FifoAbi.DEFAULT_PRIORITY;
                channel.lastQueue = FifoAbi.DEFAULT_PRIORITY;
            }
            domain.eventAbi = fifo;
        }
        return result;
    }

    /** Adds the guest's frame {@code gfn} to the event array of the FIFO ABI; 0, or a negative error. */
    long expandArray(Domain domain, long gfn) {
        return domain.eventAbi instanceof FifoAbi fifo ? fifo.expand(gfn) : Abi.EOPNOTSUPP;
    }

    /** Wakes the vCPUs of {@code domain} that poll {@code port}. */
    void checkPollers(Domain domain, int port) {
        for (int id = 0; domain.pollers > 0 && id < domain.vcpus().size(); id++) {
            Vcpu v = domain.vcpus().get(id);
            if (v.polling) {
                for (int i = 0; i < v.pollCount; i++) {
                    if (v.pollPorts[i] == port) {
                        hypervisor.core().unblock(v);
                        break;
                    }
                }
            }
        }
    }

    void pollTimedOut(Vcpu v) {
        if (v.polling) {
            hypervisor.core().unblock(v);
        }
    }

    /** Raises {@code virq} of {@code vcpu}; nothing happens if the guest has not bound it. */
    public void raiseVirq(Vcpu vcpu, int virq) {
        int port = vcpu.virqPort[virq];
        if (port > 0) {
            vcpu.domain().eventAbi.setPending(vcpu.domain().ports.get(port));
        }
    }

    void raiseTimer(Vcpu vcpu) {
        raiseVirq(vcpu, Abi.VIRQ_TIMER);
    }

    /** Some event is pending for {@code vcpu}: sets {@code evtchn_upcall_pending}, and tells it if that was clear. */
    void markUpcall(Vcpu vcpu) {
        SharedInfo shared = vcpu.domain().sharedInfo();
        if (!shared.upcallPending(vcpu.id())) {
            shared.setUpcallPending(vcpu.id(), true);
            tell(vcpu);
        }
    }

    /** Has {@code vcpu}, whose upcall is pending, take it. */
    void tell(Vcpu vcpu) {
        vcpu.arch.eventMarked();
        hypervisor.kick(vcpu);
    }
}
