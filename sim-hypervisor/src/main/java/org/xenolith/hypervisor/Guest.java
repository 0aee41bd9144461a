package org.xenolith.hypervisor;

/**
 * What a vCPU runs: a replayed trace, a synthetic load, or a CPU core that executes a booted image. The hypervisor cannot
 * tell them apart.
 *
 * <p><b>Time contract.</b> The guest is given a budget of cycles and executes for at most that long. It never knows when it
 * is interrupted: the hypervisor picks the budget so that nothing that could disturb the guest happens inside it. Executing
 * in budgets of any sizes must come to the same.
 *
 * <p>One object is one vCPU. It is only ever called by the thread of its simulation.
 */
public interface Guest {
    /** A {@link #lookahead} without end. */
    long FOREVER = Long.MAX_VALUE;

    /** Called once, before anything else: {@code port} is the vCPU it runs on, as the guest sees it. */
    void attach(VcpuPort port);

    /**
     * A promise: for how many cycles from its present state the guest, if left alone, will neither exit nor do anything
     * that another vCPU can notice. 0 if it promises nothing, as a core that executes instructions does: the hypervisor
     * then runs it ahead of the events in small steps, and it must cause none but by an exit. {@link #FOREVER} for a guest that only computes. (What the literature on parallel
     * discrete-event simulation calls lookahead; a larger promise is only a faster run.)
     */
    long lookahead();

    /**
     * Executes for at most {@code budget} cycles from the present state.
     *
     * @param budget cycles, not negative
     * @param exit where to say why execution stopped; a guest that reaches an exit exactly at the end of its budget says
     *     so, rather than {@link GuestExit.Reason#BUDGET}
     * @return cycles used, at most {@code budget}; less only if the reason is another than the budget
     */
    long run(long budget, GuestExit exit);

    /** The result of the hypercall, or the value read, by which the guest exited last; execution goes on behind it. */
    void complete(long result);

    /**
     * Delivers the event-channel upcall: the guest's entry for events executes next. The hypervisor has set
     * {@code evtchn_upcall_mask} as the hardware path does; the guest clears it when done.
     */
    void upcall();

    /** Delivers an exception: vector, error code and (for a page fault) linear address, as hardware would. */
    void fault(int vector, int errorCode, long address);

    /** Its domain is gone: nothing more is asked of it. */
    default void gone() {}

    /** Its registers, or null if it executes no instructions. */
    default Registers registers() {
        return null;
    }
}
