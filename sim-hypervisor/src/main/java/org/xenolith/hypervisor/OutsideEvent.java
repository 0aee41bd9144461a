package org.xenolith.hypervisor;

/**
 * Something that happens outside the machine, or in a device of it, at a time: a packet arrives, a disk is done. It costs no pCPU anything; what
 * does is the {@link InterruptLine} that it may raise.
 */
public final class OutsideEvent implements Hypervisor.EventOwner {
    /** What happens. */
    @FunctionalInterface
    public interface Action {
        /** It happens at {@code time} cycles. */
        void happen(long time);
    }

    private final Hypervisor hypervisor;
    private final Action action;
    private final int slot;

    /** Has {@code action} happen whenever it is asked for. */
    public OutsideEvent(Hypervisor hypervisor, Action action) {
        this.hypervisor = hypervisor;
        this.action = action;
        this.slot = hypervisor.allocate(this);
    }

    /** Has it happen at {@code time} cycles, not before now, or moves it there. */
    public void at(long time) {
        hypervisor.arm(slot, time);
    }

    @Override
    public void fire(long time) {
        action.happen(time);
    }
}
