package org.xenolith.hypervisor;

/** A line by which a device interrupts a vCPU: it takes a pCPU's time, and raises a VIRQ. Raising it twice before it is taken comes to once. */
public final class InterruptLine implements Hypervisor.EventOwner {
    private final Hypervisor hypervisor;
    private final Vcpu vcpu;
    private final int virq;
    private final int slot;
    private boolean raised;

    /** A line that raises {@code virq} of {@code vcpu}. */
    public InterruptLine(Hypervisor hypervisor, Vcpu vcpu, int virq) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
        this.virq = virq;
        this.slot = hypervisor.allocate(this);
    }

    /** Interrupts, now. */
    public void raise() {
        if (!raised) {
            raised = true;
            hypervisor.arm(slot, hypervisor.time());
        }
    }

    @Override
    public void fire(long time) {
        // An interrupt is routed to where the vCPU that takes it was placed last.
        hypervisor.deviceInterrupt(hypervisor.pcpu(vcpu.pcpu()), slot, time, this::taken);
    }

    private void taken() {
        raised = false;
        hypervisor.events().raiseVirq(vcpu, virq);
    }
}
