package org.xenolith.scheduler.kit;

import java.util.BitSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.machine.Topology;
import org.xenolith.scheduler.kit.KitScenario.KitDomain;
import org.xenolith.scheduler.kit.KitScenario.Load;

/** Where the contract's random scenarios come from. */
final class KitScenarios {
    private KitScenarios() {}

    /** Anything: machines of up to eight pCPUs, weights, caps, affinities, every load. */
    static final class Any implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            Arbitrary<Topology> machines = Arbitraries.of(
                    Topology.flat(1),
                    Topology.flat(2),
                    Topology.flat(3),
                    new Topology(1, 2, 2, 1),
                    new Topology(2, 2, 1, 2),
                    new Topology(2, 2, 2, 2));
            return machines.flatMap(machine -> scenarios(machine, domains(machine, caps(), Load.values())));
        }
    }

    /** One socket, no caps: whoever waits could run on any pCPU that its affinity allows. */
    static final class Uncapped implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            return Arbitraries.of(1, 2, 3, 4)
                    .map(Topology::flat)
                    .flatMap(machine -> scenarios(machine, domains(machine, Arbitraries.just(0), Load.values())));
        }
    }

    /** Capped domains that always want more, with others beside them. */
    static final class Capped implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            Topology machine = Topology.flat(2);
            Arbitrary<KitDomain> capped = domain(
                    Arbitraries.integers().between(1, 2),
                    Arbitraries.integers().between(10, 80),
                    Arbitraries.just(null),
                    Arbitraries.just(Load.SPIN));
            return scenarios(
                            machine,
                            Arbitraries.frequencyOf(
                                    Tuple.of(2, capped),
                                    Tuple.of(1, domains(machine, Arbitraries.just(0), Load.values()))))
                    .filter(s -> s.domains().stream().anyMatch(d -> d.cap() > 0));
        }
    }

    /** One pCPU, and domains that compute for ever. */
    static final class Contended implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            Arbitrary<KitDomain> spinning = domain(
                    Arbitraries.just(1), Arbitraries.just(0), Arbitraries.just(null), Arbitraries.just(Load.SPIN));
            return scenarios(Topology.flat(1), spinning).filter(s -> s.domains().size() > 1);
        }
    }

    private static Arbitrary<Integer> caps() {
        return Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.just(0)),
                Tuple.of(1, Arbitraries.integers().between(5, 90)));
    }

    private static Arbitrary<KitDomain> domains(Topology machine, Arbitrary<Integer> caps, Load[] loads) {
        int pcpus = machine.pcpus();
        Arbitrary<CpuSet> affinity = Arbitraries.integers()
                .between(1, (1 << pcpus) - 1)
                .map(bits -> CpuSet.of(BitSet.valueOf(new long[] {bits})))
                .injectNull(0.6);
        return domain(Arbitraries.integers().between(1, 3), caps, affinity, Arbitraries.of(loads));
    }

    private static Arbitrary<KitDomain> domain(
            Arbitrary<Integer> vcpus, Arbitrary<Integer> caps, Arbitrary<CpuSet> affinity, Arbitrary<Load> loads) {
        return Combinators.combine(
                        vcpus,
                        Arbitraries.of(128, 256, 512),
                        caps,
                        affinity,
                        loads,
                        Arbitraries.integers().between(50, 8000),
                        Arbitraries.integers().between(200, 20_000))
                .as(KitDomain::new);
    }

    private static Arbitrary<KitScenario> scenarios(Topology machine, Arbitrary<KitDomain> domains) {
        return Combinators.combine(
                        Arbitraries.just(machine),
                        Arbitraries.of("zero", "qemu-icount"),
                        domains.list().ofMinSize(1).ofMaxSize(5),
                        Arbitraries.longs().between(1, 1000))
                .as(KitScenario::new);
    }
}
