package org.xenolith.hypervisor;

import java.util.List;
import java.util.Map;

/**
 * A domain to be made.
 *
 * @param id its id, 0 for dom0; no other domain may have it
 * @param name its name
 * @param type how it is virtualised
 * @param memory its memory, or null if its guests execute instructions: then it has frames of the machine's
 * @param pool name of its cpupool
 * @param weight 1 to 65535
 * @param cap percent of one pCPU, 0 for none
 * @param guests one for each vCPU
 * @param hard hard affinity of each vCPU, or null for all
 * @param soft soft affinity of each vCPU, or null for all
 * @param parameters what schedulers take for each vCPU, by name ({@link DomainParameter}); the last stands for those that follow
 */
public record DomainConfig(
        int id,
        String name,
        Domain.Type type,
        GuestMemory memory,
        String pool,
        int weight,
        int cap,
        List<? extends Guest> guests,
        CpuSet hard,
        CpuSet soft,
        List<Map<String, Long>> parameters) {
    /** A domain that leaves to schedulers what they take beside weight and cap. */
    public DomainConfig(
            int id,
            String name,
            Domain.Type type,
            GuestMemory memory,
            String pool,
            int weight,
            int cap,
            List<? extends Guest> guests,
            CpuSet hard,
            CpuSet soft) {
        this(id, name, type, memory, pool, weight, cap, guests, hard, soft, List.of());
    }
}
