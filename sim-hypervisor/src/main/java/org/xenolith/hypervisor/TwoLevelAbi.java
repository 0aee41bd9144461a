package org.xenolith.hypervisor;

/**
 * Event channels as bits of the shared-info page, found by way of a selector word in each {@code vcpu_info}. As {@code event_2l.c} of Xen
 * 4.17.
 */
final class TwoLevelAbi implements EventAbi {
    private final Hypervisor hypervisor;
    private final Domain domain;
    private final SharedInfo shared;

    TwoLevelAbi(Hypervisor hypervisor, Domain domain) {
        this.hypervisor = hypervisor;
        this.domain = domain;
        this.shared = domain.sharedInfo();
    }

    @Override
    public int ports() {
        return SharedInfo.PORTS;
    }

    @Override
    public void setPending(EventChannel channel) {
        int port = channel.port;
        if (shared.markPending(port)) {
            return;
        }
        if (!shared.isMasked(port) && !shared.markSelector(channel.notify.id(), port)) {
            hypervisor.events().markUpcall(channel.notify);
        }
        hypervisor.events().checkPollers(domain, port);
    }

    @Override
    public void clearPending(EventChannel channel) {
        shared.clearPending(channel.port);
    }

    @Override
    public void unmask(EventChannel channel) {
        int port = channel.port;
        if (shared.isMasked(port)) {
            shared.unmask(port);
            if (shared.isPending(port) && !shared.markSelector(channel.notify.id(), port)) {
                hypervisor.events().markUpcall(channel.notify);
            }
        }
    }

    @Override
    public boolean isPending(EventChannel channel) {
        return shared.isPending(channel.port);
    }

    @Override
    public boolean isBusy(EventChannel channel) {
        return false;
    }

    @Override
    public long setPriority(EventChannel channel, int priority) {
        return Abi.ENOSYS;
    }
}
