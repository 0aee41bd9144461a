package org.xenolith.scheduler.kit;

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.machine.Topology;
import org.xenolith.scheduler.kit.KitEvent.Kind;
import org.xenolith.scheduler.kit.KitScenario.KitDomain;
import org.xenolith.scheduler.kit.KitScenario.Load;
import org.xenolith.scheduler.kit.Orders.Epoch;
import org.xenolith.scheduler.kit.Orders.Order;

/**
 * Where the contract's random scenarios come from. Machine, domains and events are drawn apart and then made to fit each other,
 * so that each can be made smaller alone when a failure is.
 */
final class KitScenarios {
    private static final int MOST_DOMAINS = 4;
    private static final List<Topology> FLAT = List.of(Topology.flat(1), Topology.flat(2), Topology.flat(3));
    private static final List<Topology> SHAPES = List.of(
            Topology.flat(1),
            Topology.flat(2),
            Topology.flat(3),
            new Topology(1, 2, 2, 1),
            new Topology(2, 2, 1, 2),
            new Topology(2, 1, 2, 2));
    private static final int EVERY_CPU = 0;
    private static final int IN_STEP = 0;
    private static final Kind[] ORDERS = {
        Kind.PAUSE, Kind.SET_SHARE, Kind.SET_AFFINITY, Kind.CREATE, Kind.DESTROY, Kind.TAKE_PCPU, Kind.MOVE
    };

    private KitScenarios() {}

    /** A domain before it is known how many pCPUs there are: its affinity is a mask of them. */
    private record Draft(
            int vcpus, int weight, int cap, int mask, Load load, int work, int rest, Map<String, Long> sched) {
        KitDomain on(Topology machine, int secondPool) {
            CpuSet cpus = cpus(mask, machine);
            boolean somewhere = cpus != null && cpus.next(0) < machine.pcpus() - secondPool;
            int sleep = rest == IN_STEP ? KitScenario.STEP_MICROS - work : rest;
            return new KitDomain(vcpus, weight, cap, somewhere ? cpus : null, load, work, sleep, sched);
        }
    }

    /** An event before it is known what there is. */
    private record DraftEvent(
            Kind kind, int domain, int at, int length, int weight, int cap, int mask, Map<String, Long> sched) {
        KitEvent on(Topology machine, int domains) {
            CpuSet cpus = cpus(mask, machine);
            return new KitEvent(
                    kind,
                    domain % domains,
                    at,
                    length,
                    weight,
                    cap,
                    cpus == null ? CpuSet.firstOf(machine.pcpus()) : cpus,
                    kind == Kind.SET_RESERVATION ? sched : Map.of());
        }
    }

    /** The pCPUs of {@code mask} that the machine has, or null for all. */
    private static CpuSet cpus(int mask, Topology machine) {
        int there = mask & (1 << machine.pcpus()) - 1;
        return there == EVERY_CPU ? null : CpuSet.of(BitSet.valueOf(new long[] {there}));
    }

    /** Anything: machines of up to four pCPUs, weights, caps, affinities, every load, and every order of the toolstack. */
    static final class Any implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            return scenarios(SHAPES, domain(sometimes(caps()), masks(), Arbitraries.of(Load.values())), ORDERS, 600);
        }
    }

    /** Anything, for longer. */
    static final class Lasting implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            return new Any().get().map(s -> s.lasting(1500));
        }
    }

    /** One socket, no caps: whoever waits could run on any pCPU that its affinity allows. */
    static final class Uncapped implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            return scenarios(FLAT, domain(Arbitraries.just(0), masks(), Arbitraries.of(Load.values())), ORDERS, 800)
                    .map(KitScenario::withoutCaps);
        }
    }

    /** The same for longer, on few pCPUs. */
    static final class Starved implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            return new Uncapped()
                    .get()
                    .filter(s -> s.vcpus() > s.topology().pcpus())
                    .map(s -> s.lasting(1500));
        }
    }

    /** Domains with caps, and others beside them. */
    static final class Capped implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            return scenarios(
                    FLAT.subList(0, 2),
                    domain(sometimes(caps()), Arbitraries.just(EVERY_CPU), Arbitraries.of(Load.values())),
                    ORDERS,
                    1000);
        }
    }

    /** Domains of which at least one computes for ever, and no affinity; or every domain on one pCPU. */
    static final class Contended implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            Arbitrary<Load> loads = Arbitraries.frequencyOf(
                    Tuple.of(3, Arbitraries.just(Load.SPIN)), Tuple.of(1, Arbitraries.of(Load.values())));
            Arbitrary<KitScenario> scenarios = scenarios(
                            FLAT.subList(0, 2),
                            domain(Arbitraries.just(0), Arbitraries.just(EVERY_CPU), loads),
                            new Kind[] {Kind.PAUSE, Kind.SET_SHARE, Kind.CREATE, Kind.DESTROY, Kind.TAKE_PCPU},
                            2500)
                    .map(KitScenario::withoutCaps)
                    .filter(s -> s.domains().stream().anyMatch(d -> d.load() == Load.SPIN));
            return Combinators.combine(scenarios, Arbitraries.of(false, true))
                    .as((s, pinned) -> pinned && s.topology().pcpus() > 1 ? s.pinned() : s);
        }
    }

    /**
     * vCPUs that compute for ever, with reservations that together are feasible under global EDF, as Goossens, Funk and Baruah
     * (2003) have it. A deferrable server that saves its budget up to the end of a period and beyond would break that.
     */
    static final class Reserved implements ArbitrarySupplier<KitScenario> {
        @Override
        public Arbitrary<KitScenario> get() {
            Arbitrary<Draft> domain = Combinators.combine(Arbitraries.integers().between(1, 2), reservations())
                    .as((vcpus, sched) -> new Draft(vcpus, 256, 0, EVERY_CPU, Load.SPIN, 1, 1, sched));
            return scenarios(
                            FLAT,
                            domain,
                            new Kind[] {Kind.PAUSE, Kind.SET_RESERVATION, Kind.CREATE, Kind.DESTROY, Kind.TAKE_PCPU},
                            600)
                    .filter(KitScenarios::isFeasible);
        }
    }

    private static Arbitrary<Map<String, Long>> reservations() {
        return Combinators.combine(
                        Arbitraries.longs().between(2, 40), Arbitraries.longs().between(5, 90))
                .as((period, percent) -> Map.of("period", period * 1000, "budget", period * percent * 10));
    }

    /** Whether it is after the last order; nothing is promised while it may not be. */
    private static boolean isFeasible(KitScenario s) {
        List<Epoch> epochs = Orders.of(s);
        long sum = 0; // parts per million of a pCPU
        long most = 0;
        for (int d = 0; d < s.domains().size(); d++) {
            Order order = epochs.get(epochs.size() - 1).domains().get(d);
            long use = order.there()
                    ? order.sched().get("budget") * 1_000_000 / order.sched().get("period")
                    : 0;
            sum += use * s.domains().get(d).vcpus();
            most = Math.max(most, use);
        }
        long m = s.topology().pcpus();
        return sum <= (m - (m - 1) * most / 1e6) * 950_000;
    }

    private static Arbitrary<Integer> sometimes(Arbitrary<Integer> what) {
        return Arbitraries.frequencyOf(Tuple.of(2, Arbitraries.just(0)), Tuple.of(1, what));
    }

    private static Arbitrary<Integer> caps() {
        return Arbitraries.integers().between(10, 90);
    }

    private static Arbitrary<Integer> masks() {
        return sometimes(Arbitraries.integers().between(1, 15));
    }

    private static Arbitrary<Integer> weights() {
        return Arbitraries.of(256, 128, 512);
    }

    private static Arbitrary<Integer> work() {
        return Arbitraries.integers().between(200, 8000);
    }

    /** Of four vCPUs that sleep, one works and sleeps in step with a clock of 10 ms. */
    private static Arbitrary<Integer> rest() {
        return Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.integers().between(500, 20_000)), Tuple.of(1, Arbitraries.just(IN_STEP)));
    }

    private static Arbitrary<Draft> domain(Arbitrary<Integer> caps, Arbitrary<Integer> masks, Arbitrary<Load> loads) {
        return Combinators.combine(Arbitraries.integers().between(1, 3), weights(), caps, masks, loads, work(), rest())
                .as((vcpus, weight, cap, mask, load, work, rest) ->
                        new Draft(vcpus, weight, cap, mask, load, work, rest, Map.of()));
    }

    private static Arbitrary<DraftEvent> event(Kind[] kinds, int millis) {
        return Combinators.combine(
                        Arbitraries.of(kinds),
                        Arbitraries.integers().between(0, MOST_DOMAINS - 1),
                        Arbitraries.integers().between(0, millis / 5),
                        Arbitraries.integers().between(1, millis / 10),
                        weights(),
                        sometimes(caps()),
                        masks(),
                        reservations())
                .as(DraftEvent::new);
    }

    private static Arbitrary<KitScenario> scenarios(
            List<Topology> machines, Arbitrary<Draft> domains, Kind[] kinds, int millis) {
        Arbitrary<Integer> secondPool = List.of(kinds).contains(Kind.MOVE) ? Arbitraries.of(0, 1) : Arbitraries.just(0);
        return Combinators.combine(
                        Arbitraries.of(machines),
                        secondPool,
                        Arbitraries.of("zero", "qemu-icount"),
                        domains.list().ofMinSize(1).ofMaxSize(MOST_DOMAINS),
                        event(kinds, millis).list().ofMaxSize(4),
                        Arbitraries.longs().between(1, 1000))
                .as((machine, wanted, costs, drafts, events, seed) -> {
                    int second = Math.min(wanted, machine.pcpus() - 1);
                    return Orders.withoutImpossible(new KitScenario(
                            machine,
                            second,
                            costs,
                            drafts.stream().map(d -> d.on(machine, second)).toList(),
                            events.stream()
                                    .map(e -> e.on(machine, drafts.size()))
                                    .toList(),
                            seed,
                            millis));
                });
    }
}
