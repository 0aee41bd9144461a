package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.RunMetrics.DomainLabel;
import org.xenolith.experiment.Scenario.Action;
import org.xenolith.experiment.Scenario.DomainSpec;
import org.xenolith.guest.DomainLoad;
import org.xenolith.guest.ReplayGuests;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.Hypervisor.DomainConfig;
import org.xenolith.hypervisor.Hypervisor.MachineConfig;
import org.xenolith.hypervisor.Hypervisor.PoolConfig;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceSink;

/** One cell of a scenario, built and ready to run. */
final class Simulation {
    private static final long QUANTUM_CYCLES = 10_000;

    private final Hypervisor hypervisor;
    private final List<DomainSpec> specs;

    /** The guests of a replay, or null. */
    private final ReplayGuests replay;

    private final Map<Integer, DomainLoad> loads = new TreeMap<>();

    private Simulation(Hypervisor hypervisor, List<DomainSpec> specs, ReplayGuests replay) {
        this.hypervisor = hypervisor;
        this.specs = specs;
        this.replay = replay;
    }

    /**
     * Builds the machine and all domains, unpaused at time 0; those of a replay when it begins, up to which the machine is idle.
     *
     * @throws InputException if the scenario contradicts itself
     */
    static Simulation build(Scenario scenario, Cell cell, TraceSink sink, DecisionListener listener) {
        Hypervisor hypervisor = new Hypervisor(machine(scenario, cell), pools(scenario, cell), sink, listener);
        Recording recording = scenario.replay();
        long begin = recording == null ? 0 : recording.beginNanos();
        ReplayGuests replay = recording == null ? null : new ReplayGuests(recording.demand(), begin);
        hypervisor.run(hypervisor.clock().toCycles(begin));
        Simulation simulation = new Simulation(hypervisor, specs(scenario, replay), replay);
        try {
            simulation.createDomains();
        } catch (IllegalArgumentException e) {
            throw new InputException(scenario.name() + ": " + e.getMessage(), e);
        }
        scenario.actions().forEach(action -> perform(hypervisor, action, begin));
        return simulation;
    }

    /** The scenario's domains; of a replay, those that have demand. */
    private static List<DomainSpec> specs(Scenario scenario, ReplayGuests replay) {
        if (replay == null) {
            return scenario.domains();
        }
        Map<Integer, DomainSpec> known = new TreeMap<>();
        scenario.domains().forEach(spec -> known.put(spec.id(), spec));
        String pool = scenario.pools().get(0).name();
        Stream<DomainSpec> booted = known.values().stream().filter(spec -> spec.boot() != null);
        Stream<DomainSpec> replayed = replay.domains().stream()
                .map(id -> known.getOrDefault(
                        id,
                        new DomainSpec(
                                id,
                                "d" + id,
                                Domain.Type.PV,
                                1,
                                Domain.DEFAULT_WEIGHT,
                                0,
                                null,
                                null,
                                pool,
                                null,
                                Map.of())));
        return Stream.concat(replayed, booted).toList();
    }

    private static MachineConfig machine(Scenario scenario, Cell cell) {
        // Random streams are named by the scenario and not by the cell, so that all schedulers meet the same arrivals.
        return new MachineConfig(
                scenario.topology(),
                scenario.costs(),
                QUANTUM_CYCLES,
                TraceEvent.Sched.CLASS,
                cell.seed(),
                scenario.name());
    }

    private static List<PoolConfig> pools(Scenario scenario, Cell cell) {
        List<PoolConfig> pools = new ArrayList<>();
        for (Scenario.Pool pool : scenario.pools()) {
            SchedulerChoice choice = pool.scheduler() == null ? cell.scheduler() : pool.scheduler();
            pools.add(new PoolConfig(pool.name(), pool.pcpus(), choice.create()));
        }
        return pools;
    }

    private void createDomains() {
        List<Domain> domains = new ArrayList<>();
        for (DomainSpec spec : specs) {
            DomainLoad load = replay != null
                    ? replay.load(spec.id())
                    : Workloads.create(spec.workload(), spec.parameters(), spec.vcpus());
            loads.put(spec.id(), load);
            Domain domain = hypervisor.createDomain(new DomainConfig(
                    spec.id(),
                    spec.name(),
                    spec.type(),
                    load.memory(),
                    spec.pool(),
                    spec.weight(),
                    spec.cap(),
                    load.guests(),
                    spec.hard() == null ? null : spec.hard().get(0),
                    spec.soft() == null ? null : spec.soft().get(0)));
            domains.add(domain);
            domain.vcpus().forEach(vcpu -> pin(vcpu, spec));
        }
        if (replay != null) {
            replay.start(hypervisor);
        } else {
            Workloads.connect(hypervisor, loads);
            domains.forEach(hypervisor::unpause);
        }
    }

    private void pin(Vcpu vcpu, DomainSpec spec) {
        CpuSet hard = spec.hard() == null || vcpu.id() >= spec.hard().size()
                ? vcpu.hardAffinity()
                : spec.hard().get(vcpu.id());
        CpuSet soft = spec.soft() == null || vcpu.id() >= spec.soft().size()
                ? vcpu.softAffinity()
                : spec.soft().get(vcpu.id());
        if (!hard.equals(vcpu.hardAffinity()) || !soft.equals(vcpu.softAffinity())) {
            hypervisor.setAffinity(vcpu, hard, soft);
        }
    }

    /** Has the toolstack do {@code action} when its time since {@code begin} has come. */
    private static void perform(Hypervisor hypervisor, Action action, long begin) {
        Domain domain = hypervisor.domains().stream()
                .filter(d -> d.name().equals(action.domain()))
                .findFirst()
                .orElseThrow(() -> new InputException("actions: no domain '" + action.domain() + "'"));
        Runnable deed;
        if (action instanceof Scenario.Pause) {
            deed = () -> hypervisor.pause(domain);
        } else if (action instanceof Scenario.Unpause) {
            deed = () -> hypervisor.unpause(domain);
        } else if (action instanceof Scenario.SetShare share) {
            deed = () -> hypervisor.setShare(domain, share.weight(), share.cap());
        } else {
            Scenario.SetAffinity affinity = (Scenario.SetAffinity) action;
            if (affinity.vcpu() >= domain.vcpus().size()) {
                throw new InputException("actions: " + domain + " has no vCPU " + affinity.vcpu());
            }
            deed = () -> domain.vcpus().stream()
                    .filter(v -> affinity.vcpu() < 0 || v.id() == affinity.vcpu())
                    .forEach(v -> hypervisor.setAffinity(v, affinity.hard(), affinity.soft()));
        }
        hypervisor.at(hypervisor.clock().toCycles(begin + action.atNanos()), () -> {
            try {
                deed.run();
            } catch (IllegalArgumentException | IllegalStateException e) {
                throw new InputException(
                        "actions: at " + Durations.format(action.atNanos()) + ": " + domain + ": " + e.getMessage(), e);
            }
        });
    }

    Hypervisor hypervisor() {
        return hypervisor;
    }

    /** The domains with what their workloads have counted so far. */
    List<DomainLabel> labels() {
        return specs.stream()
                .map(spec -> new DomainLabel(
                        spec.id(),
                        spec.name(),
                        spec.weight(),
                        spec.cap(),
                        note(spec.id()),
                        loads.get(spec.id()).counters()))
                .toList();
    }

    private String note(int domain) {
        String note = replay == null ? "" : replay.note(domain);
        return note.isEmpty() ? null : note;
    }
}
