package org.xenolith.hypervisor;

/** One end of an event channel. */
final class EventChannel {
    enum State {
        UNBOUND,
        INTERDOMAIN,
        VIRQ,
        IPI
    }

    final State state;

    /** vCPU that is notified. */
    Vcpu notify;

    /** Domain that may bind an unbound channel. */
    int remoteId;

    /** Peer of an interdomain channel. */
    Domain remote;

    int remotePort;
    int virq;

    EventChannel(State state, Vcpu notify) {
        this.state = state;
        this.notify = notify;
    }
}
