package org.xenolith.hypervisor;

/**
 * A service of dom0 at the other end of an event channel, though dom0 has no vCPU here: some time after the guest sends an event the service has
 * done its work. Events sent meanwhile are served together. The work costs no pCPU anything but the interrupt by which it ends, where the guest's
 * first vCPU was last.
 */
final class Backend implements Hypervisor.EventOwner {
    private final Hypervisor hypervisor;
    private final Domain guest;
    private final long delayCycles;
    private final Runnable work;
    private final int slot;
    private boolean asked;

    /** {@code work}, done {@code delayNanos} ns after an event; 0 to have it done within the guest's hypercall. */
    Backend(Hypervisor hypervisor, Domain guest, long delayNanos, Runnable work) {
        this.hypervisor = hypervisor;
        this.guest = guest;
        this.delayCycles = hypervisor.clock().toCycles(delayNanos);
        this.work = work;
        this.slot = hypervisor.allocate(this);
    }

    /** The guest sent an event. */
    void ask() {
        if (delayCycles == 0) {
            work.run();
        } else if (!asked) {
            asked = true;
            hypervisor.arm(slot, hypervisor.time() + delayCycles);
        }
    }

    @Override
    public void fire(long time) {
        if (asked) {
            Pcpu p = hypervisor.pcpu(guest.vcpus().get(0).pcpu());
            hypervisor.deviceInterrupt(p, slot, time, this::serve);
        }
    }

    /** Does now what there is to do: the guest has ended. */
    void serve() {
        if (asked) {
            asked = false;
            work.run();
        }
    }
}
