package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;

/** Event channels of all domains, two-level ABI: binding, sending, and telling vCPUs. */
public final class EventChannels {
    private final Hypervisor hypervisor;

    EventChannels(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** Allocates a port of {@code domain} that {@code remoteId} may bind; a port, or a negative error. */
    public long allocUnbound(Domain domain, int remoteId) {
        EventChannel channel =
                new EventChannel(EventChannel.State.UNBOUND, domain.vcpus().get(0));
        channel.remoteId = remoteId;
        return place(domain, channel);
    }

    /** Binds a new port of {@code domain} to {@code remotePort} of {@code remoteId}; a port, or a negative error. */
    public long bindInterdomain(Domain domain, int remoteId, int remotePort) {
        Domain remote = hypervisor.domainById(remoteId == Abi.DOMID_SELF ? domain.id() : remoteId);
        if (remote == null) {
            return Abi.ESRCH;
        }
        EventChannel peer = channel(remote, remotePort);
        if (peer == null
                || peer.state != EventChannel.State.UNBOUND
                || (peer.remoteId != domain.id() && !(peer.remoteId == Abi.DOMID_SELF && remote == domain))) {
            return Abi.EINVAL;
        }
        EventChannel mine =
                new EventChannel(EventChannel.State.INTERDOMAIN, domain.vcpus().get(0));
        mine.remote = remote;
        mine.remotePort = remotePort;
        long port = place(domain, mine);
        if (port < 0) {
            return port;
        }
        EventChannel bound = new EventChannel(EventChannel.State.INTERDOMAIN, peer.notify);
        bound.remote = domain;
        bound.remotePort = (int) port;
        remote.channels[remotePort] = bound;
        // As in Xen: an event may have been lost before the channel was bound, so the new end starts pending.
        markPending(domain, (int) port);
        return port;
    }

    /** Binds {@code virq} of {@code vcpu}; a port, or a negative error. */
    public long bindVirq(Vcpu vcpu, int virq) {
        if (virq < 0 || virq >= Abi.VIRQS) {
            return Abi.EINVAL;
        }
        if (virqPort(vcpu, virq) > 0) {
            return Abi.EEXIST;
        }
        EventChannel channel = new EventChannel(EventChannel.State.VIRQ, vcpu);
        channel.virq = virq;
        long port = place(vcpu.domain(), channel);
        if (port > 0) {
            vcpu.virqPort[virq] = (int) port;
        }
        return port;
    }

    /** Binds a port by which vCPUs of a domain notify {@code vcpu}; a port, or a negative error. */
    public long bindIpi(Vcpu vcpu) {
        return place(vcpu.domain(), new EventChannel(EventChannel.State.IPI, vcpu));
    }

    /** Closes {@code port}; 0, or a negative error. */
    public long close(Domain domain, int port) {
        EventChannel channel = channel(domain, port);
        if (channel == null) {
            return Abi.EINVAL;
        }
        if (channel.state == EventChannel.State.VIRQ) {
            channel.notify.virqPort[channel.virq] = 0;
        } else if (channel.state == EventChannel.State.INTERDOMAIN) {
            EventChannel peer =
                    new EventChannel(EventChannel.State.UNBOUND, channel.remote.channels[channel.remotePort].notify);
            peer.remoteId = domain.id();
            channel.remote.channels[channel.remotePort] = peer;
        }
        domain.channels[port] = null;
        domain.sharedInfo().clearPending(port);
        return 0;
    }

    /** Has {@code port} notify {@code vcpu} of its domain; 0, or a negative error. */
    public long bindVcpu(Domain domain, int port, int vcpu) {
        EventChannel channel = channel(domain, port);
        if (channel == null || vcpu < 0) {
            return Abi.EINVAL;
        }
        if (vcpu >= domain.vcpus().size()) {
            return Abi.ENOENT;
        }
        if (channel.state == EventChannel.State.VIRQ || channel.state == EventChannel.State.IPI) {
            return Abi.EINVAL;
        }
        channel.notify = domain.vcpus().get(vcpu);
        return 0;
    }

    /** Sends an event by {@code port} of {@code domain}; 0, or a negative error. */
    public long send(Domain domain, int port) {
        EventChannel channel = channel(domain, port);
        if (channel == null) {
            return Abi.EINVAL;
        }
        hypervisor.charge(Cost.EVENT_SEND);
        switch (channel.state) {
            case INTERDOMAIN -> markPending(channel.remote, channel.remotePort);
            case IPI -> markPending(domain, port);
            case UNBOUND -> {} // silently dropped: the other end is gone
            case VIRQ -> {
                return Abi.EINVAL;
            }
        }
        return 0;
    }

    /** Unmasks {@code port}; an event that came while it was masked is notified now. 0, or a negative error. */
    public long unmask(Domain domain, int port) {
        EventChannel channel = channel(domain, port);
        if (channel == null) {
            return Abi.EINVAL;
        }
        SharedInfo shared = domain.sharedInfo();
        if (shared.isMasked(port)) {
            shared.unmask(port);
            if (shared.isPending(port) && !shared.markSelector(channel.notify.id(), port)) {
                notifyVcpu(channel.notify);
            }
        }
        return 0;
    }

    /** Raises {@code virq} of {@code vcpu}; nothing happens if the guest has not bound it. */
    public void raiseVirq(Vcpu vcpu, int virq) {
        int port = virqPort(vcpu, virq);
        if (port > 0) {
            markPending(vcpu.domain(), port);
        }
    }

    void raiseTimer(Vcpu vcpu) {
        raiseVirq(vcpu, Abi.VIRQ_TIMER);
    }

    private static int virqPort(Vcpu vcpu, int virq) {
        return vcpu.virqPort[virq];
    }

    private static EventChannel channel(Domain domain, int port) {
        return port > 0 && port < domain.channels.length ? domain.channels[port] : null;
    }

    private static long place(Domain domain, EventChannel channel) {
        for (int port = 1; port < domain.channels.length; port++) {
            if (domain.channels[port] == null) {
                domain.channels[port] = channel;
                return port;
            }
        }
        return Abi.ENOSPC;
    }

    private void markPending(Domain domain, int port) {
        SharedInfo shared = domain.sharedInfo();
        EventChannel channel = domain.channels[port];
        if (shared.markPending(port)) {
            return;
        }
        if (!shared.isMasked(port) && !shared.markSelector(channel.notify.id(), port)) {
            notifyVcpu(channel.notify);
        }
        hypervisor.checkPollers(domain, port);
    }

    private void notifyVcpu(Vcpu vcpu) {
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
