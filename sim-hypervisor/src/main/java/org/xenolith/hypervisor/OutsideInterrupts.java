package org.xenolith.hypervisor;

/** Interrupts from the world outside the machine, at times that no scheduler has a say in. */
final class OutsideInterrupts implements Hypervisor.EventOwner {
    private final Hypervisor hypervisor;
    private final Vcpu vcpu;
    private final int virq;
    private final long[] times;
    private final int slot;
    private int next;

    OutsideInterrupts(Hypervisor hypervisor, Vcpu vcpu, int virq, long[] times) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
        this.virq = virq;
        this.times = times;
        this.slot = hypervisor.allocate(this);
        hypervisor.arm(slot, times[0]);
    }

    @Override
    public void fire(long time) {
        // An interrupt is routed to where the vCPU that takes it was placed last.
        Pcpu p = hypervisor.pcpu(vcpu.pcpu());
        if (hypervisor.deviceInterrupt(p, slot, time, this::raise) && ++next < times.length) {
            hypervisor.arm(slot, Math.max(times[next], time));
        }
    }

    private void raise() {
        hypervisor.events().raiseVirq(vcpu, virq);
    }
}
