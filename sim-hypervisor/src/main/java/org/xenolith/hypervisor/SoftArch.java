package org.xenolith.hypervisor;

import org.xenolith.machine.Cost;
import org.xenolith.trace.TraceEvent;

/** A vCPU whose guest executes no instructions: it meets the hypervisor by hypercalls and upcalls alone. */
final class SoftArch extends VcpuArch {
    /** Exit code of AMD's SVM, as in the records of booted guests. */
    private static final int EXIT_PAUSE = 0x77;

    private final Hypervisor hypervisor;
    private final Vcpu vcpu;

    /** Whether the guest's last exit was recorded. */
    private boolean exited;

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
            case PAUSE_LOOP -> pauseLoop();
            // Nothing is emulated and no exception is such a guest's to leave to the hypervisor: Xen crashes its
            // domain.
            default -> hypervisor.shutdown(vcpu.domain(), Abi.SHUTDOWN_CRASH);
        }
    }

    /** Xen takes the exit for a hint to yield. A PV guest has no such exits, so it has none to leave. */
    private void pauseLoop() {
        if (vcpu.domain().type() == Domain.Type.PV) {
            hypervisor.shutdown(vcpu.domain(), Abi.SHUTDOWN_CRASH);
            return;
        }
        hypervisor.trace().emit(TraceEvent.Hvm.VMEXIT_64, EXIT_PAUSE, 0, 0);
        exited = true;
        hypervisor.core().yield(vcpu);
    }

    @Override
    void entering() {
        if (exited) {
            exited = false;
            hypervisor.trace().emit(TraceEvent.Hvm.VMENTRY, 0, 0, 0, 0, 0, 0, 0, 0);
        }
    }
}
