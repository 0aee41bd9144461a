package org.xenolith.hypervisor;

/** Whom a hypercall of an unprivileged domain may name: itself. */
final class TargetDomain {
    private TargetDomain() {}

    /**
     * 0 if {@code domainId} (16 bits) is the caller's own, {@link Abi#EPERM} if it is another's, {@link Abi#ESRCH} if there is no such
     * domain.
     */
    static long check(Hypervisor hypervisor, Vcpu caller, int domainId) {
        if (domainId == Abi.DOMID_SELF || domainId == caller.domain().id()) {
            return 0;
        }
        return hypervisor.domainById(domainId) == null ? Abi.ESRCH : Abi.EPERM;
    }
}
