package org.xenolith.hypervisor;

/** A hypercall that only vCPUs of PV guests have that execute instructions. */
@FunctionalInterface
interface PvHypercall {
    /** As {@link Hypercall#call}, for the vCPU of {@code arch}. */
    long call(PvArch arch, long[] arg);

    /** It as one that other vCPUs do not know. */
    default Hypercall known() {
        return (caller, arg) -> caller.arch instanceof PvArch arch ? call(arch, arg) : Abi.ENOSYS;
    }
}
