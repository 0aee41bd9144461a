package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Guest;

/** A workload does the same however its execution is cut into budgets, and whether or not it promises a lookahead. */
class WorkloadBudgetProperties {
    private static final long END = 5 * Sim.MS;

    /** A domain of a scenario. */
    record Load(String workload, Map<String, Object> parameters, int vcpus) {}

    @Provide
    Arbitrary<Load> loads() {
        Arbitrary<Integer> micros = Arbitraries.integers().between(1, 900);
        return Arbitraries.oneOf(
                Arbitraries.of(new Load("spin", Map.of(), 1), new Load("ping-pong", Map.of("workMicros", 30), 2)),
                Combinators.combine(micros, micros, Arbitraries.of(true, false))
                        .as((a, b, absolute) -> new Load(
                                "periodic", Map.of("workMicros", a, "sleepMicros", b, "absolute", absolute), 1)),
                Combinators.combine(micros, micros)
                        .as((a, b) -> new Load("on-off", Map.of("onMicros", a, "offMicros", b), 2)),
                Combinators.combine(micros, micros)
                        .as((a, b) -> new Load("poisson", Map.of("arrivalMicros", a, "serviceMicros", b), 1)),
                Combinators.combine(micros, Arbitraries.integers().between(0, 100))
                        .as((a, b) -> new Load("fork-join", Map.of("workMicros", a, "imbalancePercent", b), 3)),
                Combinators.combine(micros, micros, Arbitraries.of(true, false), Arbitraries.of("spin", "ple", "pv"))
                        .as((a, b, tickets, lock) -> new Load(
                                "tasks",
                                Map.of(
                                        "tasks",
                                        3,
                                        "outsideMicros",
                                        a,
                                        "criticalMicros",
                                        b,
                                        "tickets",
                                        tickets,
                                        "lock",
                                        lock,
                                        "sleepMicros",
                                        a % 2 * b,
                                        "timesliceMicros",
                                        300,
                                        "tickMicros",
                                        200),
                                2)),
                Combinators.combine(micros, micros, Arbitraries.of(true, false))
                        .as((a, b, fork) -> new Load(
                                "parallel",
                                Map.of(
                                        "tasks",
                                        4,
                                        "workMicros",
                                        a,
                                        "spinMicros",
                                        a % 2 * b,
                                        "ple",
                                        !fork,
                                        "fork",
                                        fork,
                                        "timesliceMicros",
                                        300,
                                        "tickMicros",
                                        200),
                                2)));
    }

    @Property(tries = 40)
    void budgetsDoNotMatter(@ForAll("loads") Load one, @ForAll("loads") Load other, @ForAll("costs") String costs) {
        List<String> whole = run(one, other, costs, UnaryOperator.identity());
        assertThat(whole).isNotEmpty();
        for (long chunk : new long[] {7, 1000, Long.MAX_VALUE}) {
            assertThat(run(one, other, costs, g -> new ChoppedGuest(g, chunk, false)))
                    .as("budgets of %d", chunk)
                    .isEqualTo(whole);
        }
        assertThat(run(one, other, costs, g -> new ChoppedGuest(g, Long.MAX_VALUE, true)))
                .as("no lookahead")
                .isEqualTo(whole);
    }

    @Property(tries = 3)
    void notEvenOneCycleAtATime(@ForAll("loads") Load load) {
        assertThat(run(load, load, "qemu-icount", g -> new ChoppedGuest(g, 1, true)))
                .isEqualTo(run(load, load, "qemu-icount", UnaryOperator.identity()));
    }

    @Provide
    Arbitrary<String> costs() {
        return Arbitraries.of("zero", "qemu-icount");
    }

    /** Hardware that sees pause loops has no PV guests. */
    private static Domain.Type type(Load load) {
        boolean exits = "ple".equals(load.parameters().get("lock"))
                || Boolean.TRUE.equals(load.parameters().get("ple"));
        return exits ? Domain.Type.PVH : Domain.Type.PV;
    }

    private static List<String> run(Load one, Load other, String costs, UnaryOperator<Guest> wrap) {
        Sim sim = new Sim(1, costs, 700_000, wrap);
        sim.type = type(one);
        sim.add(1, "one", Workloads.create(one.workload(), one.parameters(), one.vcpus()));
        sim.type = type(other);
        sim.add(2, "other", Workloads.create(other.workload(), other.parameters(), other.vcpus()));
        sim.start();
        sim.hypervisor.run(END);
        return sim.lines();
    }
}
