package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;

/** A vCPU whose guest executes no instructions: it meets the hypervisor by hypercalls and upcalls alone. */
final class SoftArch extends VcpuArch {
    private final Hypervisor hypervisor;
    private final Vcpu vcpu;

    SoftArch(Hypervisor hypervisor, Vcpu vcpu) {
        this.hypervisor = hypervisor;
        this.vcpu = vcpu;
    }

    @Override
    void deliver() {
        SharedInfo shared = vcpu.sharedInfo();
        if (shared.upcallPending(vcpu.id()) && !shared.upcallMask(vcpu.id())) {
            hypervisor.charge(Cost.EVENT_UPCALL);
            shared.setUpcallMask(vcpu.id(), true);
            vcpu.guest.upcall();
        }
    }

    @Override
    boolean hasEvent() {
        return vcpu.sharedInfo().upcallPending(vcpu.id());
    }

    @Override
    void handle(GuestExit exit) {
        switch (exit.reason) {
            case HYPERCALL -> {
                if (vcpu.domain().type() == Domain.Type.PV) {
                    hypervisor.charge(Cost.HYPERCALL_ENTRY);
                    vcpu.exitCost = Cost.HYPERCALL_EXIT;
                }
                vcpu.guest.complete(hypervisor.hypercalls().dispatch(vcpu, exit.number, exit.arg));
            }
            case HALT -> hypervisor.core().block(vcpu);
            // Nothing is emulated and no exception is such a guest's to leave to the hypervisor: Xen crashes its
            // domain.
            default -> hypervisor.shutdown(vcpu.domain(), Abi.SHUTDOWN_CRASH);
        }
    }
}
