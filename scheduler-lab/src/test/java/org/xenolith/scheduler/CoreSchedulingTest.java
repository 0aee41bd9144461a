package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.engine.RandomStream;
import org.xenolith.guest.DomainLoad;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.Pcpu;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.hypervisor.SchedGranularity;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** Core scheduling around every scheduler: two domains are never on a core at once, and nobody is lost. */
class CoreSchedulingTest {
    private static final int SEEDS = 12;
    private static final long MILLI = 1_000_000;
    private static final long END = 300 * MILLI;
    private static final int EVENTS = 30;

    @TestFactory
    Stream<DynamicTest> noCoreRunsTwoDomainsUnderAnyScheduler() {
        return ServiceLoader.load(Scheduler.class).stream()
                .map(p -> DynamicTest.dynamicTest(
                        p.type().getAnnotation(Policy.class).name(), () -> {
                            for (int seed = 1; seed <= SEEDS; seed++) {
                                try {
                                    new Run(p, seed).check();
                                } catch (RuntimeException | AssertionError e) {
                                    throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
                                }
                            }
                        }));
    }

    /** A change of what a pCPU runs. */
    private record Change(long tsc, int pcpu, int domain, boolean enters) {}

    private static final class Run {
        private final Hypervisor xen;
        private final int threads;
        private final RandomStream random;
        private final List<Change> changes = new ArrayList<>();
        private final List<Domain> domains = new ArrayList<>();

        Run(ServiceLoader.Provider<Scheduler> scheduler, long seed) {
            random = new RandomStream(seed, "test", "cores");
            SchedGranularity granularity = random.nextInt(3) == 0 ? SchedGranularity.SOCKET : SchedGranularity.CORE;
            Topology topology = new Topology(2, 2, 2, 1);
            threads = granularity.pcpus(topology);
            Scheduler policy = scheduler.get();
            if (policy instanceof Arinc653 arinc) {
                arinc.schedule = "d1=3ms/d2=2ms"; // it runs nobody else
            }
            xen = new Hypervisor(
                    new MachineConfig(
                            topology,
                            CostProfile.load(random.nextInt(2) == 0 ? "zero" : "qemu-icount"),
                            1000,
                            TraceEvent.Sched.CLASS,
                            seed,
                            "test",
                            0,
                            granularity),
                    List.of(new PoolConfig("Pool-0", CpuSet.firstOf(topology.pcpus()), policy)),
                    this::seen,
                    null);
            List<String> loads = List.of("spin", "poisson", "periodic");
            for (int id = 1; id <= 2 + random.nextInt(3); id++) {
                int vcpus = 1 + random.nextInt(5);
                DomainLoad guests = Workloads.create(loads.get(random.nextInt(3)), Map.of(), vcpus);
                Domain domain = xen.createDomain(new DomainConfig(
                        id,
                        "d" + id,
                        Domain.Type.PV,
                        guests.memory(),
                        "Pool-0",
                        128 << random.nextInt(3),
                        random.nextInt(4) == 0 ? 40 : 0,
                        guests.guests(),
                        null,
                        null));
                Workloads.connect(xen, domain, Map.of(id, guests));
                domains.add(domain);
            }
            domains.forEach(xen::unpause);
            for (int i = 1; i <= EVENTS; i++) {
                xen.at(i * END / (EVENTS + 2), this::something);
            }
        }

        private void something() {
            Domain domain = domains.get(random.nextInt(domains.size()));
            Vcpu vcpu = domain.vcpus().get(random.nextInt(domain.vcpus().size()));
            switch (random.nextInt(4)) {
                case 0 -> {
                    xen.pause(domain);
                    xen.at(xen.time() + random.nextInt(3_000_000), () -> xen.unpause(domain));
                }
                case 1 -> {
                    CpuSet core = CpuSet.of(xen.pools().get(0).pcpus().cycle(random.nextInt(8)));
                    xen.setAffinity(vcpu, core, core);
                }
                case 2 -> xen.setShare(domain, 128 << random.nextInt(3), 60 * random.nextInt(2));
                default -> {
                    CpuSet pcpus = xen.pools().get(0).members();
                    int pcpu = random.nextInt(8);
                    if (!pcpus.contains(pcpu)) {
                        xen.addPcpu(xen.pools().get(0), pcpu);
                    } else if (pcpus.size() > threads) {
                        xen.removePcpu(xen.pools().get(0), pcpu);
                    }
                }
            }
        }

        private void seen(TraceRecord r) {
            if (TraceEvent.isRunstateChange(r.event) && r.word[0] >>> 16 != TraceEvent.IDLE_DOMAIN) {
                if (TraceEvent.oldRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING) {
                    changes.add(new Change(r.tsc, r.cpu, r.word[0] >>> 16, false));
                } else if (TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING) {
                    changes.add(new Change(r.tsc, r.cpu, r.word[0] >>> 16, true));
                }
            }
        }

        void check() {
            xen.run(END);
            for (Pcpu p : xen.pcpus()) {
                assertThat(p.guestCycles() + p.hypervisorCycles() + p.idleCycles())
                        .isEqualTo(END);
            }
            for (Domain domain : domains) {
                for (Vcpu v : domain.vcpus()) {
                    long sum = 0;
                    for (Runstate state : Runstate.values()) {
                        sum += v.cyclesIn(state);
                    }
                    assertThat(sum).isEqualTo(END);
                }
            }
            changes.sort(Comparator.comparingLong(Change::tsc)); // each pCPU's own stay in their order
            Integer[] domainOf = new Integer[xen.pcpus().size()];
            for (int i = 0; i < changes.size(); i++) {
                Change c = changes.get(i);
                assertThat(domainOf[c.pcpu]).as("before %s", c).isEqualTo(c.enters ? null : (Integer) c.domain);
                domainOf[c.pcpu] = c.enters ? c.domain : null;
                if (i + 1 == changes.size() || changes.get(i + 1).tsc != c.tsc) {
                    checkCores(domainOf, c);
                }
            }
            assertThat(changes).hasSizeGreaterThan(20);
        }

        private void checkCores(Integer[] domainOf, Change after) {
            for (int p = 0; p < domainOf.length; p++) {
                for (int q = p / threads * threads; q < p; q++) {
                    assertThat(domainOf[p] == null || domainOf[q] == null || domainOf[p].equals(domainOf[q]))
                            .as("pCPUs %s and %s after %s: %s", q, p, after, Arrays.toString(domainOf))
                            .isTrue();
                }
            }
        }
    }
}
