package org.xenolith.hypervisor;

/** One end of an event channel: a port of a domain. It stays with its number when it is closed and used again. */
final class EventChannel {
    enum State {
        FREE,
        UNBOUND,
        INTERDOMAIN,
        VIRQ,
        IPI
    }

    /** Its number. */
    final int port;

    State state = State.FREE;

    /** vCPU that is notified. */
    Vcpu notify;

    /** Domain that may bind an unbound channel, or that of an interdomain channel's other end. */
    int remoteId;

    /** Peer of an interdomain channel; null if that is a {@link #backend}. */
    Domain remote;

    int remotePort;
    int virq;

    /** The other end, if it is a service of dom0 that has no vCPU. */
    Backend backend;

    /** FIFO: its priority, 0 for the highest to 15. */
    int priority = FifoAbi.DEFAULT_PRIORITY;

    /** FIFO: pending before its event word was there. */
    boolean pendingEarly;

    /** FIFO: the queue it was put on last. */
    int lastQueue = FifoAbi.DEFAULT_PRIORITY;

    EventChannel(int port) {
        this.port = port;
    }

    /** Takes it into use; it notifies {@code vcpu}. */
    void open(State newState, Vcpu vcpu) {
        state = newState;
        notify = vcpu;
        priority = FifoAbi.DEFAULT_PRIORITY;
    }

    /** Has it wait for domain {@code id} to bind it. */
    void unbind(int id) {
        state = State.UNBOUND;
        remoteId = id;
        remote = null;
        backend = null;
    }

    /** Connects it to {@code port} of {@code other}. */
    void connect(Domain other, int otherPort) {
        state = State.INTERDOMAIN;
        remote = other;
        remoteId = other.id();
        remotePort = otherPort;
    }
}
