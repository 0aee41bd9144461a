package org.xenolith.hypervisor;

/** How a domain's guest is told which of its event channels are pending: Xen's {@code evtchn_port_ops}. */
interface EventAbi {
    /** How many ports it can tell of. */
    int ports();

    /** An event came for {@code channel}: marks it and tells the vCPU it notifies, unless it is masked or marked already. */
    void setPending(EventChannel channel);

    /** The channel closes: nothing is pending on it any more. */
    void clearPending(EventChannel channel);

    /** Unmasks {@code channel}; an event that came while it was masked is told of now. */
    void unmask(EventChannel channel);

    /** Whether an event is pending. */
    boolean isPending(EventChannel channel);

    /** Whether the channel is still in a queue, though it may be closed. */
    boolean isBusy(EventChannel channel);

    /** Sets the priority of events to come; 0, or a negative error. */
    long setPriority(EventChannel channel, int priority);
}
