package org.xenolith.hypervisor;

/**
 * How the hypervisor meets the guest of one vCPU: what it delivers before the guest runs, and what the guest's exits mean. One kind for
 * each way in which a guest is virtualised.
 */
abstract class VcpuArch {
    /** The guest is about to run: delivers what is pending. Not called while an exit is still to be handled. */
    abstract void deliver();

    /** Handles the guest's exit, in {@code exit}; never one for the budget. */
    abstract void handle(GuestExit exit);

    /** The vCPU was put on a pCPU: its time and runstate areas want to be brought up to date. */
    void switchedIn() {}

    /** The vCPU left its pCPU. */
    void switchedOut() {}

    /** Whether something is pending for which a vCPU that wants to block must not. */
    abstract boolean hasEvent();

    /** An event was marked pending for the vCPU ({@code evtchn_upcall_pending} went from 0 to 1). */
    void eventMarked() {}
}
