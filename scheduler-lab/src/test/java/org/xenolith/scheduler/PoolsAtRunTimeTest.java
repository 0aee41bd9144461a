package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.engine.RandomStream;
import org.xenolith.guest.DomainLoad;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuPool;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.Pcpu;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;

/** Every scheduler serves two cpupools while pCPUs, domains and shares change at random, and loses nobody. */
class PoolsAtRunTimeTest {
    private static final int SEEDS = 15;
    private static final long MILLI = 1_000_000;
    private static final long END = 400 * MILLI;
    private static final int EVENTS = 60;

    /** Schedulers under which some may wait forever: for others to end, for a pCPU of their own, for a slot in a table. */
    private static final Set<Class<?>> LETS_WAIT = Set.of(Fifo.class, NullScheduler.class, Arinc653.class);

    @TestFactory
    Stream<DynamicTest> everySchedulerLosesNobody() {
        return ServiceLoader.load(Scheduler.class).stream()
                .map(p -> DynamicTest.dynamicTest(
                        p.type().getAnnotation(Policy.class).name(), () -> {
                            for (int seed = 1; seed <= SEEDS; seed++) {
                                try {
                                    new Chaos(p, seed).run();
                                } catch (RuntimeException | AssertionError e) {
                                    throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
                                }
                            }
                        }));
    }

    private static final class Chaos {
        private final Hypervisor xen;
        private final CpuPool[] pools;
        private final boolean servesAll;
        private final RandomStream random;
        private int made;

        Chaos(ServiceLoader.Provider<Scheduler> scheduler, long seed) {
            Topology topology = new Topology(2, 1, 2, 1);
            random = new RandomStream(seed, "test", "pools");
            xen = new Hypervisor(
                    new MachineConfig(topology, CostProfile.load("qemu-icount"), 1000, 0, seed, "test"),
                    List.of(
                            new PoolConfig("Pool-0", CpuSet.of(0, 1, 2), scheduler.get()),
                            new PoolConfig("other", CpuSet.of(3), scheduler.get())),
                    null,
                    null);
            servesAll = !LETS_WAIT.contains(scheduler.type());
            pools = new CpuPool[] {xen.pool("Pool-0"), xen.pool("other")};
        }

        private Domain create(CpuPool pool) {
            String load = random.nextInt(2) == 0 ? "spin" : "poisson";
            int vcpus = 1 + random.nextInt(3);
            DomainLoad guests = Workloads.create(load, Map.of(), vcpus);
            int cap = random.nextInt(3) == 0 ? 30 : 0;
            Domain domain = xen.createDomain(new DomainConfig(
                    ++made,
                    "d",
                    Domain.Type.PV,
                    guests.memory(),
                    pool.name(),
                    128 << random.nextInt(3),
                    cap,
                    guests.guests(),
                    null,
                    null));
            Workloads.connect(xen, domain, Map.of(made, guests));
            xen.unpause(domain);
            return domain;
        }

        void run() {
            create(pools[0]);
            create(pools[1]);
            for (int i = 1; i <= EVENTS; i++) {
                xen.at(i * END / (EVENTS + 20) + random.nextInt(200_000), this::something);
            }
            xen.run(END);
            assertThat(xen.isSettling()).isFalse();
            for (Pcpu p : xen.pcpus()) {
                assertThat(p.guestCycles() + p.hypervisorCycles() + p.idleCycles())
                        .isEqualTo(END);
            }
            List<String> starved = new ArrayList<>();
            for (Domain domain : xen.domains()) {
                for (Vcpu v : domain.vcpus()) {
                    boolean old = v.createdAt() < END / 4;
                    if (old && servesAll && v.cyclesIn(Runstate.RUNNING) == 0) {
                        starved.add(v + " " + v.runstate());
                    }
                }
            }
            assertThat(starved).isEmpty();
        }

        private void something() {
            Domain domain = xen.domains().get(random.nextInt(xen.domains().size()));
            CpuPool pool = pools[random.nextInt(2)];
            int pcpu = random.nextInt(4);
            try {
                switch (random.nextInt(9)) {
                    case 0 -> xen.removePcpu(pool, pcpu);
                    case 1, 2 -> xen.addPcpu(pool, pcpu);
                    case 3 -> {
                        if (xen.domains().size() < 4) {
                            create(pool);
                        }
                    }
                    case 4, 5 -> xen.move(domain, pool);
                    case 6 -> xen.setAffinity(domain.vcpus().get(0), CpuSet.of(pcpu, pcpu ^ 1), CpuSet.of(pcpu));
                    case 7 -> xen.setShare(domain, 128 << random.nextInt(3), 40 * random.nextInt(2));
                    default -> {
                        if (xen.domains().size() > 1) {
                            xen.destroy(domain);
                        }
                    }
                }
            } catch (IllegalArgumentException refused) {
                assertThat(refused).hasMessageMatching(".+ (is not|is the last|has no|may run nowhere).*");
            }
        }
    }
}
