package org.xenolith.experiment;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.xenolith.device.XenStore;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.RunMetrics.DomainLabel;
import org.xenolith.experiment.Scenario.DomainSpec;
import org.xenolith.guest.DomainLoad;
import org.xenolith.guest.ReplayGuests;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.GuestMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceSink;

/** One cell of a scenario, built and ready to run; for those who judge a run by its records, as it happens. */
public final class Simulation {
    private static final long QUANTUM_CYCLES = 10_000;

    private final Hypervisor hypervisor;
    private final CostProfile costs;
    private final List<DomainSpec> specs;

    /** The guests of a replay, or null. */
    private final ReplayGuests replay;

    private final Map<Integer, DomainLoad> loads = new TreeMap<>();
    private final XenStore store = new XenStore();
    private final Map<Integer, BootedLoad> booted = new TreeMap<>();
    private final Map<Integer, ByteArrayOutputStream> consoles = new TreeMap<>();
    private final Map<Integer, ConsoleScript> scripts = new TreeMap<>();

    private Simulation(Hypervisor hypervisor, CostProfile costs, List<DomainSpec> specs, ReplayGuests replay) {
        this.hypervisor = hypervisor;
        this.costs = costs;
        this.specs = specs;
        this.replay = replay;
    }

    /**
     * Builds the machine and all domains, unpaused at time 0; those of a replay when it begins, up to which the machine is idle.
     *
     * @throws InputException if the scenario contradicts itself
     */
    public static Simulation build(Scenario scenario, Cell cell, TraceSink sink, DecisionListener listener) {
        Hypervisor hypervisor = new Hypervisor(machine(scenario, cell), pools(scenario, cell), sink, listener);
        Recording recording = scenario.replay();
        long begin = recording == null ? 0 : recording.beginNanos();
        ReplayGuests replay = recording == null ? null : new ReplayGuests(recording.demand(), begin);
        hypervisor.run(hypervisor.clock().toCycles(begin));
        Simulation simulation = new Simulation(hypervisor, scenario.costs(), specs(scenario, replay), replay);
        Set<String> late = new HashSet<>();
        scenario.actions().forEach(action -> {
            if (action instanceof Action.Create create) {
                late.add(create.domain());
            }
        });
        try {
            simulation.createDomains(late);
        } catch (IllegalArgumentException e) {
            throw new InputException(scenario.name() + ": " + e.getMessage(), e);
        }
        new Operator(hypervisor, cell, simulation::createLate).schedule(scenario.actions(), begin);
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
                scenario.name(),
                MemoryPeak.frames(scenario),
                scenario.granularity());
    }

    private static List<PoolConfig> pools(Scenario scenario, Cell cell) {
        List<PoolConfig> pools = new ArrayList<>();
        for (Scenario.Pool pool : scenario.pools()) {
            SchedulerChoice choice = pool.scheduler() == null ? cell.scheduler() : pool.scheduler();
            pools.add(new PoolConfig(pool.name(), pool.pcpus(), choice.create()));
        }
        return pools;
    }

    /** Makes and starts all domains but those named in {@code late}. */
    private void createDomains(Set<String> late) {
        List<Domain> toStart = new ArrayList<>();
        for (DomainSpec spec : specs) {
            if (!late.contains(spec.name())) {
                Domain domain = create(spec);
                if (replay == null || spec.boot() != null) {
                    toStart.add(domain);
                }
            }
        }
        if (replay != null) {
            replay.start(hypervisor);
        } else {
            Workloads.connect(hypervisor, loads);
        }
        toStart.forEach(hypervisor::unpause);
    }

    /** Makes and starts domain {@code name}, now. */
    private void createLate(String name) {
        DomainSpec spec =
                specs.stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
        Domain domain = create(spec);
        Workloads.connect(hypervisor, domain, loads);
        hypervisor.unpause(domain);
    }

    private Domain create(DomainSpec spec) {
        if (spec.boot() != null) {
            return boot(spec);
        }
        DomainLoad load = replay != null
                ? replay.load(spec.id())
                : Workloads.create(spec.workload(), spec.parameters(), spec.vcpus());
        loads.put(spec.id(), load);
        Domain domain = hypervisor.createDomain(config(spec, load.memory(), load.guests()));
        domain.vcpus().forEach(vcpu -> pin(vcpu, spec));
        return domain;
    }

    private Domain boot(DomainSpec spec) {
        BootedLoad load = new BootedLoad(
                hypervisor, spec.type(), spec.vcpus(), spec.boot().timing(), costs);
        Domain domain = hypervisor.createDomain(config(spec, null, load.guests()));
        domain.vcpus().forEach(vcpu -> pin(vcpu, spec));
        Iterator<String> lines = spec.boot().script().iterator();
        ConsoleScript script = new ConsoleScript(() -> lines.hasNext() ? lines.next() : null);
        ByteArrayOutputStream console = new ByteArrayOutputStream();
        load.build(domain, spec.boot().load(), store, (bytes, length) -> {
            console.write(bytes, 0, length);
            script.printed(bytes, length);
        });
        booted.put(spec.id(), load);
        consoles.put(spec.id(), console);
        scripts.put(spec.id(), script);
        return domain;
    }

    /** Types what the scripts have for guests that prompt. To be called often, at times that depend on nothing but the scenario. */
    void type() {
        scripts.forEach((id, script) -> {
            byte[] typed = script.next();
            if (typed != null) {
                booted.get(id).type(typed);
            }
        });
    }

    /** What each domain that booted printed on its console, by the domain's name. */
    Map<String, byte[]> consoles() {
        Map<String, byte[]> byName = new TreeMap<>();
        specs.stream()
                .filter(spec -> consoles.containsKey(spec.id()))
                .forEach(spec -> byName.put(spec.name(), consoles.get(spec.id()).toByteArray()));
        return byName;
    }

    private static DomainConfig config(DomainSpec spec, GuestMemory memory, List<? extends Guest> guests) {
        return new DomainConfig(
                spec.id(),
                spec.name(),
                spec.type(),
                memory,
                spec.pool(),
                spec.weight(),
                spec.cap(),
                guests,
                spec.hard() == null ? null : spec.hard().get(0),
                spec.soft() == null ? null : spec.soft().get(0),
                spec.scheduling());
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

    /** The hypervisor it runs on. */
    public Hypervisor hypervisor() {
        return hypervisor;
    }

    /** The window that is measured begins: what workloads have counted so far counts no more. */
    void beginWindow() {
        loads.values().forEach(DomainLoad::beginWindow);
        booted.values().forEach(BootedLoad::beginWindow);
    }

    /** The domains with what their workloads have counted in the window. */
    List<DomainLabel> labels() {
        return specs.stream()
                .map(spec -> new DomainLabel(
                        spec.id(), spec.name(), spec.weight(), spec.cap(), note(spec.id()), counters(spec.id())))
                .toList();
    }

    /** What the workload of a domain counted; nothing if the domain never came. */
    private Map<String, Long> counters(int domain) {
        return loads.containsKey(domain)
                ? loads.get(domain).counters()
                : booted.containsKey(domain) ? booted.get(domain).counters() : Map.of();
    }

    private String note(int domain) {
        DomainLoad load = loads.get(domain);
        String note = load == null ? "" : replay == null ? load.note() : replay.note(domain);
        return note.isEmpty() ? null : note;
    }
}
