package org.xenolith.device;

import java.util.List;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.GuestExit;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.hypervisor.VcpuPort;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.MachineMemory;
import org.xenolith.machine.Topology;

/** A machine with memory on which nothing runs, and domains whose pages a test writes in the guest's place. */
final class GuestPages {
    static final int PAGES = 4;

    final Hypervisor hypervisor = new Hypervisor(
            new MachineConfig(Topology.flat(1), CostProfile.load("zero"), 1000, 0, 1, "test", 64),
            List.of(new PoolConfig("Pool-0", CpuSet.firstOf(1), new Idle())),
            null,
            null);
    final MachineMemory memory = hypervisor.frames().memory();

    /** A domain with {@link #PAGES} pages, and event channels 1 and 2 waiting for dom0. */
    Domain domain(int id) {
        Domain domain = hypervisor.createDomain(new DomainConfig(
                id, "guest" + id, Domain.Type.PVH, null, "Pool-0", 256, 0, List.of(new Nothing()), null, null));
        for (int gfn = 0; gfn < PAGES; gfn++) {
            domain.physmap().populate(gfn);
        }
        hypervisor.events().allocUnbound(domain, 0);
        hypervisor.events().allocUnbound(domain, 0);
        return domain;
    }

    /** Machine address of page {@code gfn}. */
    int at(Domain domain, int gfn) {
        return domain.physmap().mfn(gfn) << 12;
    }

    private static final class Nothing implements Guest {
        @Override
        public void attach(VcpuPort port) {}

        @Override
        public long lookahead() {
            return FOREVER;
        }

        @Override
        public long run(long budget, GuestExit exit) {
            exit.budget();
            return budget;
        }

        @Override
        public void complete(long result) {}

        @Override
        public void upcall() {}

        @Override
        public void fault(int vector, int errorCode, long address) {}
    }

    private static final class Idle implements Scheduler {
        @Override
        public void init(SchedulerHost host) {}

        @Override
        public void wake(SchedUnit unit) {}

        @Override
        public void sleep(SchedUnit unit) {}

        @Override
        public void schedule(int pcpu, long now, Decision decision) {
            decision.idle();
        }
    }
}
