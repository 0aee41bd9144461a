package org.xenolith.experiment;

import java.util.Map;
import org.xenolith.hypervisor.CpuSet;

/** What the toolstack does at a time while a scenario runs; domains and cpupools by name. */
public sealed interface Action {
    /** When, ns since the start. */
    long atNanos();

    /** Makes a domain of the scenario, which is not there before. */
    record Create(long atNanos, String domain) implements Action {}

    /** Destroys a domain. */
    record Destroy(long atNanos, String domain) implements Action {}

    /** Pauses a domain. */
    record Pause(long atNanos, String domain) implements Action {}

    /** Ends a pause. */
    record Unpause(long atNanos, String domain) implements Action {}

    /** Changes weight and cap of a domain. */
    record SetShare(long atNanos, String domain, int weight, int cap) implements Action {}

    /** Changes the affinity of one vCPU, or of all if {@code vcpu} is negative. */
    record SetAffinity(long atNanos, String domain, int vcpu, CpuSet hard, CpuSet soft) implements Action {}

    /** Changes what the scheduler takes for one vCPU, or for all if {@code vcpu} is negative, beside weight and cap. */
    record SetSched(long atNanos, String domain, int vcpu, Map<String, Long> values) implements Action {}

    /** Moves a domain to another cpupool. */
    record Move(long atNanos, String domain, String pool) implements Action {}

    /** Makes a cpupool of free pCPUs. */
    record PoolCreate(long atNanos, Scenario.Pool pool) implements Action {}

    /** Destroys a cpupool. */
    record PoolDestroy(long atNanos, String pool) implements Action {}

    /** Gives free pCPUs to a cpupool. */
    record CpuAdd(long atNanos, String pool, CpuSet pcpus) implements Action {}

    /** Takes pCPUs from a cpupool. */
    record CpuRemove(long atNanos, String pool, CpuSet pcpus) implements Action {}

    /** Changes parameters of a cpupool's scheduler; a scheduler that does not have one takes no notice. */
    record SetScheduler(long atNanos, String pool, Map<String, String> parameters) implements Action {}
}
