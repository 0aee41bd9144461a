package org.xenolith.guest;

/** What a vCPU wants next, as a {@link VcpuDemand} lists it: a kind, a value and a peer. */
public enum DemandStep {
    /** To compute; value: ns. */
    WORK,
    /**
     * To wait for a timer that was set when an earlier wait began; value: ns after that, peer: how many waits earlier (0:
     * this one).
     */
    SLEEP,
    /** To wait for a timer that was set for an absolute time; value: ns since the demand's begin. */
    SLEEP_UNTIL,
    /** To wait for the kernel's tick, on a grid of time of its own; value: how many ticks on, 1 for the next. */
    SLEEP_TO_TICK,
    /** To wait for an event of another vCPU; peer: its index in the demand. */
    AWAIT_EVENT,
    /** To wait for what the world outside raises; value: ns since the demand's begin. */
    AWAIT_OUTSIDE,
    /** To send an event that another vCPU waits for; peer: its index in the demand. */
    SEND,
    /** To give way once. */
    YIELD,
    /** To shut its domain down; value: the reason. */
    SHUTDOWN
}
