package org.xenolith.guest;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;

/**
 * The catalogue of synthetic workloads. Use: {@link #create} a load for each domain, make the domains of its memory and
 * guests, {@link #connect} them all, unpause.
 */
public final class Workloads {
    private static final List<WorkloadKind> ALL = List.of(
            new Spin(),
            new Periodic(),
            new OnOff(),
            new Poisson(),
            new PingPong(),
            new ForkJoin(),
            new Tasks(),
            new Parallel(),
            new LinuxTrace(),
            new DriverDomain(),
            new DiskClient(),
            new Ping(),
            new Stream(),
            new RequestServer());

    private Workloads() {}

    /** All of them. */
    public static List<WorkloadKind> all() {
        return ALL;
    }

    /**
     * The workload of that name.
     *
     * @throws InputException if there is none
     */
    public static WorkloadKind named(String name) {
        return ALL.stream()
                .filter(kind -> kind.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InputException("no workload '" + name + "'; there are "
                        + ALL.stream().map(WorkloadKind::name).collect(Collectors.joining(", "))));
    }

    /**
     * The load of a domain.
     *
     * @param name of the workload
     * @param parameters by name: numbers, booleans or strings; defaults stand for those that are not given
     * @param vcpus vCPUs of the domain
     * @throws InputException if there is no such workload or parameter, or a value is out of range
     */
    public static DomainLoad create(String name, Map<String, ?> parameters, int vcpus) {
        WorkloadKind kind = named(name);
        return kind.create(vcpus, new WorkloadValues(kind, parameters));
    }

    /**
     * Connects the event channels of all loads, after their domains were made and before they are unpaused.
     *
     * @param loads by domain id
     * @throws InputException if a workload names a peer that is not there
     */
    public static void connect(Hypervisor hypervisor, Map<Integer, DomainLoad> loads) {
        hypervisor.domains().forEach(domain -> connect(hypervisor, domain, loads));
    }

    /** The same for {@code domain} alone, which came after the others. */
    public static void connect(Hypervisor hypervisor, Domain domain, Map<Integer, DomainLoad> loads) {
        DomainLoad load = loads.get(domain.id());
        if (load != null) {
            load.connect(hypervisor, domain, loads);
        }
    }
}
