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

    /** The vCPU was put on a pCPU; its time and runstate areas are up to date. */
    void switchedIn() {}

    /** The vCPU left its pCPU. */
    void switchedOut() {}

    /** Whether something is pending for which a vCPU that wants to block must not. */
    abstract boolean hasEvent();

    /** An event was marked pending for the vCPU ({@code evtchn_upcall_pending} went from 0 to 1). */
    void eventMarked() {}

    /**
     * {@code VCPUOP_initialise}: sets the state from the structure at {@code pointer} of {@code caller}'s memory; 0, or a negative error. Only
     * for a vCPU that is not initialised yet; it stays down unless the structure says otherwise.
     */
    long initialise(Vcpu caller, long pointer) {
        return Abi.EINVAL;
    }

    /** {@code VCPUOP_send_nmi}: a non-maskable interrupt is pending. */
    void nmi() {}

    /** From here to {@link #leaveKernelMemory} the vCPU's memory is to be what its kernel sees, even if it is in user mode. */
    void enterKernelMemory() {}

    /** Ends {@link #enterKernelMemory}. */
    void leaveKernelMemory() {}

    /** The domain is gone: lets go of what it keeps of its memory. */
    void end() {}

    /** An interrupt of the machine's took the pCPU from the guest for a moment. */
    void interrupted() {}

    /** The guest is entered. */
    void entering() {}

    /** {@code PHYSDEVOP_set_iopl}: the guest's kernel has I/O privilege level {@code level}, 0 to 3. */
    void setIopl(int level) {}
}
