package org.xenolith.hypervisor;

import org.xenolith.engine.RandomStream;

/** What a guest can see of the virtual CPU it runs on, without a hypercall: what hardware and shared pages tell it. */
public interface VcpuPort {
    /** Domain id. */
    int domainId();

    /** Number of this vCPU in its domain. */
    int vcpuId();

    /** vCPUs of the domain. */
    int vcpuCount();

    /** The domain's memory. */
    GuestMemory memory();

    /** The domain's physical memory, or null if its guests execute no instructions. */
    Physmap physmap();

    /** The domain's shared-info page. */
    SharedInfo sharedInfo();

    /** TSC at the instruction at which the present {@link Guest#run} began. */
    long tsc();

    /** System time in ns at TSC value {@code tsc}: what the pvclock page lets a guest compute. */
    long systemTimeNanos(long tsc);

    /** Cycles of the TSC in {@code nanos} ns, rounded up. */
    long cycles(long nanos);

    /** A random stream for what the guest draws for {@code purpose}. */
    RandomStream random(String purpose);
}
