package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;

/** Machines with memory and domains to boot in, for tests of other packages. */
public final class BootMachines {
    private BootMachines() {}

    /** A machine of one pCPU with this much memory. */
    public static Hypervisor machine(int mebibytes) {
        return new Hypervisor(
                new MachineConfig(
                        Topology.flat(1), CostProfile.load("zero"), 1000, Machines.SCHED, 1, "test", mebibytes << 8),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(1), new Fifo())),
                null,
                null);
    }

    /** A paused domain whose vCPUs have registers and execute nothing. */
    public static Domain domain(Hypervisor hypervisor, int id, Domain.Type type, int vcpus) {
        List<Guest> guests = new ArrayList<>();
        for (int i = 0; i < vcpus; i++) {
            guests.add(new FakeBootedGuest());
        }
        return hypervisor.createDomain(
                new DomainConfig(id, "dom" + id, type, null, "Pool-0", 256, 0, guests, null, null));
    }

    /** The frame that {@code domain} grants to dom0 by entry {@code ref}; -1 if it grants none, or not to write. */
    public static long grantedToDom0(Domain domain, int ref) {
        GrantTable grants = domain.grants();
        return grants.flags(ref) == 1 && grants.grantee(ref) == 0 ? grants.frameOf(ref) : -1;
    }
}
