package org.xenolith.scheduler.kit;

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
 * @param costs name of its cost profile
 * @param domains at least one; their names are a, b, c ... and their ids 1, 2, 3 ...
 * @param events what the toolstack does
 * @param seed of the random streams
 * @param millis how long it runs, ms
 */
public record KitScenario(
        Topology topology, String costs, List<KitDomain> domains, List<KitEvent> events, long seed, int millis) {
    /** A reservation of a domain as it is drawn, before it is known how a scheduler calls that. */
    static final List<String> RESERVATION = List.of("period", "budget");

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
                    + (sched.isEmpty() ? "" : ", sched: " + sched.toString().replace("=", ": "))
                    + ", guest: " + guest() + "}";
        }
    }

    /** Name of the domain with this index. */
    public static String name(int index) {
        return String.valueOf((char) ('a' + index));
    }

    /** The same with the reservations of domains under these names, in the order of {@link #RESERVATION}; what has no value is 0. */
    public KitScenario withReservations(List<String> names) {
        List<KitDomain> named = domains.stream()
                .map(d -> {
                    Map<String, Long> sched = new TreeMap<>();
                    for (int i = 0; i < names.size() && !d.sched().isEmpty(); i++) {
                        sched.put(
                                names.get(i),
                                i < RESERVATION.size() ? d.sched().get(RESERVATION.get(i)) : Long.valueOf(0));
                    }
                    return new KitDomain(
                            d.vcpus, d.weight, d.cap, d.affinity, d.load, d.workMicros, d.restMicros, sched);
                })
                .toList();
        return new KitScenario(topology, costs, named, events, seed, millis);
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
        if (scheduler != null) {
            text.append("schedulers:\n  - ").append(scheduler).append('\n');
        }
        text.append("seeds: [").append(seed).append("]\nwarmup: 0 ms\nduration: ");
        text.append(millis).append(" ms\ndomains:\n");
        for (int i = 0; i < domains.size(); i++) {
            text.append("  - ").append(domains.get(i).yaml(name(i))).append('\n');
        }
        if (!events.isEmpty()) {
            text.append("actions:\n");
            events.forEach(event -> event.yaml()
                    .forEach(action -> text.append("  - ").append(action).append('\n')));
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return yaml("", null);
    }
}
