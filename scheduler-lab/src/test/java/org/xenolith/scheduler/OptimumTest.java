package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.xenolith.guest.TinyKernel;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;

class OptimumTest {
    /** A reservation, ms. */
    record Need(int period, int budget) {}

    @Provide
    Arbitrary<List<Need>> sets() {
        Arbitrary<Need> need = Arbitraries.integers()
                .between(2, 20)
                .flatMap(period -> Arbitraries.integers().between(1, period).map(budget -> new Need(period, budget)));
        return need.list().ofMinSize(1).ofMaxSize(6);
    }

    /**
     * Whatever is feasible at all (all together need no more than there is) misses nothing: every unit has its budget at every
     * one of its deadlines, on one pCPU as on four. What is not runnable at 0 comes a cycle late, for which a microsecond is let pass.
     */
    @Property(tries = 200)
    void aFeasibleSetMissesNothing(@ForAll("sets") List<Need> needs) {
        double utilisation =
                needs.stream().mapToDouble(n -> (double) n.budget / n.period).sum();
        int pcpus = (int) Math.ceil(utilisation - 1e-9);
        Hypervisor xen = new Hypervisor(
                new MachineConfig(
                        Topology.flat(pcpus), CostProfile.load("zero"), 1000, TraceEvent.Sched.CLASS, 1, "set"),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(pcpus), new Optimum())),
                null,
                null);
        List<Domain> domains = new ArrayList<>();
        for (Need need : needs) {
            FlatMemory memory = new FlatMemory(TinyKernel.ARGUMENT_BYTES);
            int id = domains.size() + 1;
            Domain d = xen.createDomain(new DomainConfig(
                    id,
                    "d" + id,
                    Domain.Type.PV,
                    memory,
                    "Pool-0",
                    256,
                    0,
                    List.of(new TinyKernel((Workload) Workload.Task::computeForever, memory, 0)),
                    null,
                    null,
                    List.of(Map.of("period_us", need.period * 1000L, "budget_us", need.budget * 1000L))));
            xen.unpause(d);
            domains.add(d);
        }
        for (int ms = 1; ms <= 200; ms++) {
            xen.run(xen.clock().toCycles(ms * 1_000_000L));
            for (int i = 0; i < needs.size(); i++) {
                Need need = needs.get(i);
                if (ms % need.period == 0) {
                    Vcpu v = domains.get(i).vcpus().get(0);
                    long ran = xen.clock().toNanos(v.cyclesIn(Runstate.RUNNING));
                    assertThat(ran)
                            .as("ns that %s had by %d ms", v, ms)
                            .isGreaterThanOrEqualTo((long) ms / need.period * need.budget * 1_000_000 - 1000);
                }
            }
        }
    }

    @Example
    void aBudgetOverItsPeriodIsRefused() {
        assertThatThrownBy(() -> new Played(new Optimum()).spin(256, Map.of("period_us", 100L, "budget_us", 200L)))
                .hasMessageContaining("budget_us 200 is over period_us 100");
    }

    /** Three of two thirds each on two pCPUs: by hand, one wraps from the end of one pCPU to the beginning of the other. */
    @Example
    void wrapsAround() {
        aFeasibleSetMissesNothing(List.of(new Need(3, 2), new Need(3, 2), new Need(3, 2)));
    }
}
