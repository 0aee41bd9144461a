package org.xenolith.hypervisor;

/**
 * A cpupool to be made.
 *
 * @param name its name, such as {@code Pool-0}
 * @param pcpus its pCPUs
 * @param scheduler its own scheduler, not yet initialised
 */
public record PoolConfig(String name, CpuSet pcpus, Scheduler scheduler) {}
