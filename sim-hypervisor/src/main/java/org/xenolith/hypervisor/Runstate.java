package org.xenolith.hypervisor;

/** The states of a vCPU, numbered as in Xen's {@code public/vcpu.h}. */
public enum Runstate {
    /** On a pCPU. */
    RUNNING,
    /** Could run, but no pCPU runs it. */
    RUNNABLE,
    /** Waits for an event. */
    BLOCKED,
    /** Neither runnable nor blocked: paused, parked, down. */
    OFFLINE
}
