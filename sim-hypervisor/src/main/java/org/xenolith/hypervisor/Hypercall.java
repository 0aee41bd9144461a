package org.xenolith.hypervisor;

/** One hypercall of Xen's ABI. Its arguments come from an untrusted guest. */
@FunctionalInterface
interface Hypercall {
    /**
     * Carries it out for {@code caller}, which is running.
     *
     * @param arg up to five arguments, as the guest's registers hold them
     * @return what the guest gets back: a result, or a negative error code
     */
    long call(Vcpu caller, long[] arg);
}
