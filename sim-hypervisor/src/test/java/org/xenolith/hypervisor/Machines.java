package org.xenolith.hypervisor;

import java.util.List;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceSink;

/** Small machines for tests. */
final class Machines {
    static final int SCHED = 0x0002f000;

    private Machines() {}

    static Hypervisor flat(int pcpus, String costs, Scheduler scheduler, TraceSink sink) {
        return new Hypervisor(
                new Hypervisor.MachineConfig(Topology.flat(pcpus), CostProfile.load(costs), 1000, SCHED, 1, "test"),
                List.of(new Hypervisor.PoolConfig("Pool-0", CpuSet.firstOf(pcpus), scheduler)),
                sink,
                null);
    }

    static Domain domain(Hypervisor hypervisor, int id, GuestMemory memory, Guest... guests) {
        Domain domain = hypervisor.createDomain(new Hypervisor.DomainConfig(
                id, "dom" + id, Domain.Type.PV, memory, "Pool-0", 256, 0, List.of(guests), null, null));
        hypervisor.unpause(domain);
        return domain;
    }

    static Domain domain(Hypervisor hypervisor, int id, ScriptedGuest guest) {
        return domain(hypervisor, id, guest.memory, guest);
    }

    static double share(Vcpu v, long elapsed) {
        return (double) v.cyclesIn(Runstate.RUNNING) / elapsed;
    }
}
