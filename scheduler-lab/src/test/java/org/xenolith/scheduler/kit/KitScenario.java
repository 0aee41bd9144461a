package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.machine.Topology;

/**
 * A small random scenario for {@link SchedulerContract}: a machine, domains, and what the toolstack does meanwhile. It says
 * nothing that a scenario file cannot say: {@link #yaml} is that file, and the only way in which it is run.
 *
 * @param topology the machine
 * @param secondPool how many of its last pCPUs are in a cpupool of their own, under a scheduler of the same kind, in which no
 *     domain is at first
 * @param costs name of its cost profile
 * @param domains at least one; their names are a, b, c ... and their ids 1, 2, 3 ...
 * @param events what the toolstack does
 * @param seed of the random streams
 * @param millis how long it runs, ms
 */
public record KitScenario(
        Topology topology,
        int secondPool,
        String costs,
        List<KitDomain> domains,
        List<KitEvent> events,
        long seed,
        int millis) {
    /** A reservation of a domain as it is drawn, before it is known how a scheduler calls that. */
    static final List<String> RESERVATION = List.of("period", "budget");

    /** Period of the clock that some work and sleep in step with, us. */
    static final int STEP_MICROS = 10_000;

    /** What a vCPU does. */
    public enum Load {
        /** Computes for ever. */
        SPIN,
        /** Works and sleeps for fixed times. */
        PERIODIC,
        /** Works and sleeps for random times. */
        ON_OFF,
        /** Serves requests that arrive at random. */
        POISSON
    }

    /**
     * A domain.
     *
     * @param vcpus how many, each with the same load
     * @param weight 1 to 65535
     * @param cap percent of one pCPU, 0 for none
     * @param affinity hard affinity of all its vCPUs, or null for all pCPUs
     * @param load what each does
     * @param workMicros how long it works in a turn, or on average, us
     * @param restMicros how long it sleeps after it, or on average; mean time between arrivals of requests, us
     * @param sched what schedulers take beside weight and cap
     */
    public record KitDomain(
            int vcpus,
            int weight,
            int cap,
            CpuSet affinity,
            Load load,
            int workMicros,
            int restMicros,
            Map<String, Long> sched) {
        /** Copies the map, in the order of its names. */
        public KitDomain {
            sched = new TreeMap<>(sched);
        }

        private KitDomain withRest(int micros) {
            return new KitDomain(vcpus, weight, cap, affinity, load, workMicros, micros, sched);
        }

        private String guest() {
            return switch (load) {
                case SPIN -> "spin";
                case PERIODIC ->
                    "{workload: periodic, workMicros: " + workMicros + ", sleepMicros: " + restMicros + "}";
                case ON_OFF -> "{workload: on-off, onMicros: " + workMicros + ", offMicros: " + restMicros + "}";
                case POISSON ->
                    "{workload: poisson, serviceMicros: " + workMicros + ", arrivalMicros: " + restMicros + "}";
            };
        }

        private String yaml(String name) {
            return "{name: " + name
                    + ", vcpus: " + vcpus
                    + ", weight: " + weight
                    + (cap == 0 ? "" : ", cap: " + cap)
                    + (affinity == null ? "" : ", cpus: \"" + affinity + "\"")
                    + (sched.isEmpty() ? "" : ", sched: " + KitScenario.yaml(sched))
                    + ", guest: " + guest() + "}";
        }
    }

    /** The same with other events. */
    public KitScenario withEvents(List<KitEvent> others) {
        return new KitScenario(topology, secondPool, costs, domains, others, seed, millis);
    }

    /** The same without caps. */
    public KitScenario withoutCaps() {
        List<KitDomain> free = domains.stream()
                .map(d -> new KitDomain(d.vcpus, d.weight, 0, d.affinity, d.load, d.workMicros, d.restMicros, d.sched))
                .toList();
        List<KitEvent> uncapping = events.stream().map(KitEvent::withoutCap).toList();
        return new KitScenario(topology, secondPool, costs, free, uncapping, seed, millis);
    }

    /** The same with each domain pinned to one pCPU, in turn, and no pCPU taken away, for which Xen would end that. */
    public KitScenario pinned() {
        List<KitDomain> pinned = new ArrayList<>();
        for (KitDomain d : domains) {
            CpuSet one = CpuSet.of(pinned.size() % topology.pcpus());
            pinned.add(new KitDomain(d.vcpus, d.weight, d.cap, one, d.load, d.workMicros, d.restMicros, d.sched));
        }
        List<KitEvent> others =
                events.stream().filter(e -> e.kind() != KitEvent.Kind.TAKE_PCPU).toList();
        return new KitScenario(topology, secondPool, costs, pinned, others, seed, millis);
    }

    /** The same with a little more rest for those that work and sleep in step with a clock of 10 ms. */
    public KitScenario outOfStep() {
        List<KitDomain> slower = domains.stream()
                .map(d -> d.withRest(
                        d.workMicros + d.restMicros == STEP_MICROS ? d.restMicros + STEP_MICROS / 7 : d.restMicros))
                .toList();
        return new KitScenario(topology, secondPool, costs, slower, events, seed, millis);
    }

    /** The same with so much rest that those that sleep at all want no more than 80 % of one pCPU together. */
    public KitScenario withLightBursts() {
        int sleepers = domains.stream()
                .filter(d -> d.load != Load.SPIN)
                .mapToInt(KitDomain::vcpus)
                .sum();
        List<KitDomain> light = domains.stream()
                .map(d -> d.withRest(Math.max(d.restMicros, d.workMicros * sleepers * 5 / 4)))
                .toList();
        return new KitScenario(topology, secondPool, costs, light, events, seed, millis);
    }

    /** The same, but that it runs for longer or shorter. */
    public KitScenario lasting(int otherMillis) {
        return new KitScenario(topology, secondPool, costs, domains, events, seed, otherMillis);
    }

    static String yaml(Map<String, Long> sched) {
        return sched.toString().replace("=", ": ");
    }

    /** Name of the domain with this index. */
    public static String name(int index) {
        return String.valueOf((char) ('a' + index));
    }

    /** The same with the reservations under these names, in the order of {@link #RESERVATION}; what has no value is 0. */
    public KitScenario withReservations(List<String> names) {
        List<KitDomain> named = domains.stream()
                .map(d -> new KitDomain(
                        d.vcpus,
                        d.weight,
                        d.cap,
                        d.affinity,
                        d.load,
                        d.workMicros,
                        d.restMicros,
                        named(d.sched, names)))
                .toList();
        List<KitEvent> renamed =
                events.stream().map(e -> e.withSched(named(e.sched(), names))).toList();
        return new KitScenario(topology, secondPool, costs, named, renamed, seed, millis);
    }

    private static Map<String, Long> named(Map<String, Long> sched, List<String> names) {
        Map<String, Long> named = new TreeMap<>();
        for (int i = 0; i < names.size() && !sched.isEmpty(); i++) {
            named.put(names.get(i), i < RESERVATION.size() ? sched.get(RESERVATION.get(i)) : Long.valueOf(0));
        }
        return named;
    }

    /** vCPUs of all domains. */
    public int vcpus() {
        return domains.stream().mapToInt(KitDomain::vcpus).sum();
    }

    /** How long it runs, ns. */
    public long nanos() {
        return millis * 1_000_000L;
    }

    /** From when on the toolstack does nothing any more, ns. */
    public long calmFrom() {
        return events.stream().mapToLong(KitEvent::endNanos).max().orElse(0);
    }

    /**
     * The scenario file.
     *
     * @param about what it shows
     * @param scheduler its entry in the list of schedulers, or null to leave that list out
     */
    public String yaml(String about, String scheduler) {
        StringBuilder text = new StringBuilder("name: kit\n");
        if (!about.isEmpty()) {
            text.append("about: |\n");
            about.lines().forEach(line -> text.append("  ").append(line).append('\n'));
        }
        text.append("machine: {sockets: ")
                .append(topology.sockets())
                .append(", coresPerSocket: ")
                .append(topology.coresPerSocket())
                .append(", threadsPerCore: ")
                .append(topology.threadsPerCore())
                .append(", numaNodes: ")
                .append(topology.numaNodes())
                .append("}\ncosts: ")
                .append(costs)
                .append('\n');
        if (secondPool > 0) {
            CpuSet[] pools = Orders.pools(this);
            text.append("pools:\n");
            for (int i = 0; i < pools.length; i++) {
                text.append("  - {name: Pool-" + i + ", cpus: \"" + pools[i] + "\"}\n");
            }
        }
        if (scheduler != null) {
            text.append("schedulers:\n  - ").append(scheduler).append('\n');
        }
        text.append("seeds: [").append(seed).append("]\nwarmup: 0 ms\nduration: ");
        text.append(millis).append(" ms\ndomains:\n");
        for (int i = 0; i < domains.size(); i++) {
            text.append("  - ").append(domains.get(i).yaml(name(i))).append('\n');
        }
        List<String> actions = Orders.actions(this);
        if (!actions.isEmpty()) {
            text.append("actions:\n");
            actions.forEach(action -> text.append("  - ").append(action).append('\n'));
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return yaml("", null);
    }
}
