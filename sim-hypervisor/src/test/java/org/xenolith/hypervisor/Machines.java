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
                new MachineConfig(Topology.flat(pcpus), CostProfile.load(costs), 1000, SCHED, 1, "test"),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(pcpus), scheduler)),
                sink,
                null);
    }

    /** A machine with memory, for guests with registers. */
    static Hypervisor withFrames(int pcpus, int frames, TraceSink sink, int mask) {
        return new Hypervisor(
                new MachineConfig(Topology.flat(pcpus), CostProfile.load("zero"), 1000, mask, 1, "test", frames),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(pcpus), new Fifo())),
                sink,
                null);
    }

    /** A domain, not yet unpaused, with {@code pages} frames of memory from 0 on. */
    static Domain booted(Hypervisor hypervisor, int id, Domain.Type type, int pages, Guest... guests) {
        Domain domain = hypervisor.createDomain(
                new DomainConfig(id, "dom" + id, type, null, "Pool-0", 256, 0, List.of(guests), null, null));
        for (int gfn = 0; gfn < pages; gfn++) {
            domain.physmap().populate(gfn);
        }
        return domain;
    }

    static Domain domain(Hypervisor hypervisor, int id, GuestMemory memory, Guest... guests) {
        Domain domain = hypervisor.createDomain(new DomainConfig(
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
