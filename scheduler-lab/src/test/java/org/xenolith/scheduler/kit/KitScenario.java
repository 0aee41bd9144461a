package org.xenolith.scheduler.kit;

import java.util.List;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.machine.Topology;

/**
 * A random machine and what runs on it, for {@link SchedulerContract}.
 *
 * @param topology the machine
 * @param costs name of its cost profile
 * @param domains at least one
 * @param seed of the random streams
 */
public record KitScenario(Topology topology, String costs, List<KitDomain> domains, long seed) {
    /** What a vCPU does. */
    public enum Load {
        /** Computes for ever. */
        SPIN,
        /** Works and sleeps for fixed times. */
        PERIODIC,
        /** Works and sleeps for random times. */
        ON_OFF
    }

    /**
     * A domain.
     *
     * @param vcpus how many, each with the same load
     * @param weight 1 to 65535
     * @param cap percent of one pCPU, 0 for none
     * @param affinity hard affinity of all its vCPUs, or null
     * @param load what each does
     * @param workMicros how long it works in a turn, or on average
     * @param sleepMicros how long it sleeps after it, or on average
     */
    public record KitDomain(
            int vcpus, int weight, int cap, CpuSet affinity, Load load, int workMicros, int sleepMicros) {}

    /** vCPUs of all domains. */
    public int vcpus() {
        return domains.stream().mapToInt(KitDomain::vcpus).sum();
    }
}
