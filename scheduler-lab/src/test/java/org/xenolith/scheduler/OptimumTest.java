package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.xenolith.experiment.Cell;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;
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
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.scheduler.kit.SchedulerContract;
import org.xenolith.trace.TraceEvent;

class OptimumTest implements SchedulerContract {
    @Override
    public Scheduler scheduler() {
        return new Optimum();
    }

    /** A plan leaves holes, and lends nobody what is not reserved. */
    @Override
    public int longestIdleMillis() {
        return -1;
    }

    @Override
    public boolean promisesWeights() {
        return false;
    }

    @Override
    public boolean promisesCaps() {
        return false;
    }

    /** Where all ask for more than there is, who is last in the plan never comes. */
    @Override
    public int longestWaitMillis(int vcpus) {
        return -1;
    }

    /**
     * The plan was once too exact: a turn of 140 us brought 134, the rest went into the switch. Turns are longer now where there is room,
     * and the kit's sets leave some: 5 %.
     */
    @Override
    public List<String> reservation() {
        return List.of("period_us", "budget_us");
    }

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
        int pcpus = pcpus(needs);
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

    /**
     * Nor does it miss any by the figures of a result, where all sleep and wake whenever they like: a period counts if its vCPU wanted
     * all of it, and what others leave of theirs does not spoil that.
     */
    @Property(tries = 100)
    void aResultSaysSo(@ForAll("sets") List<Need> needs, @ForAll("guests") List<String> guests) {
        StringBuilder text = new StringBuilder(
                        "machine: {pcpus: " + pcpus(needs) + "}\ncosts: zero\nduration: 300 ms\n")
                .append("schedulers: [optimum]\ndomains:\n");
        for (int i = 0; i < needs.size(); i++) {
            Need need = needs.get(i);
            text.append("  - {name: d" + i + ", guest: " + guests.get(i) + ", sched: {period_us: " + need.period * 1000
                    + ", budget_us: " + need.budget * 1000 + "}}\n");
        }
        Scenario scenario = ScenarioReader.parse(text.toString(), "set", Path.of(""), new SchedulerCatalog());
        CellSummary cell = Experiment.measure(scenario, Cell.of(scenario).get(0));
        assertThat(cell.error()).isNull();
        for (int i = 0; i < needs.size(); i++) {
            DomainSummary d = cell.domains().get(i);
            assertThat(d.budgets().missed())
                    .as("%s of %s", d.budgets(), d.name())
                    .isZero();
            assertThat(d.budgets().periods())
                    .isGreaterThanOrEqualTo(guests.get(i).equals("spin") ? 300 / needs.get(i).period - 1 : 0);
        }
    }

    @Provide
    Arbitrary<List<String>> guests() {
        return Arbitraries.of(
                        "spin",
                        "{workload: periodic, workMicros: 7000, sleepMicros: 30000}",
                        "{workload: periodic, workMicros: 30000, sleepMicros: 3700}",
                        "{workload: on-off, onMicros: 20000, offMicros: 1500}")
                .list()
                .ofSize(6);
    }

    private static int pcpus(List<Need> needs) {
        double utilisation =
                needs.stream().mapToDouble(n -> (double) n.budget / n.period).sum();
        return (int) Math.ceil(utilisation - 1e-9);
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
