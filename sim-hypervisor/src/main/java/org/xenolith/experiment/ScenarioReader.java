package org.xenolith.experiment;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Scenario.Action;
import org.xenolith.experiment.Scenario.DomainSpec;
import org.xenolith.experiment.Scenario.Pool;
import org.xenolith.guest.Timing;
import org.xenolith.guest.WorkloadKind;
import org.xenolith.guest.WorkloadParameter;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.toolstack.CpuList;
import org.xenolith.toolstack.XlConfig;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.Reservation;

/**
 * Reads a scenario from YAML. All keys, with their defaults:
 *
 * <pre>{@code
 * name: weights                 # the file's name
 * about: What it shows.
 * machine: {pcpus: 1}           # or sockets, coresPerSocket, threadsPerCore, numaNodes
 * costs: qemu-icount            # a shipped profile, or a YAML file beside this one
 * pools:                        # one pool of all pCPUs under the cell's scheduler
 *   - {name: Pool-0, cpus: 0-1, scheduler: credit}
 * schedulers: [credit2]         # names with parameters (credit:tslice_ms=5), Java files, or {name: N, parameters: {..}}
 * seeds: [1]
 * warmup: 0 s                   # not measured
 * duration: 5 s                 # of the whole run, with the warm-up
 * trace: file.trc.xz            # replay this trace ...
 * from: 1 s                     # ... of which only this part; by default what its description calls steady
 * to: 6 s
 * domains:
 *   - name: a
 *     id: 1                     # by default counted from 1
 *     type: pv                  # or pvh
 *     vcpus: 1
 *     weight: 256
 *     cap: 0                    # percent of one pCPU
 *     cpus: 0-3                 # hard affinity, as xl writes it; a list gives one for each vCPU
 *     cpus_soft: 0-1
 *     sched: {period_us: 10000, budget_us: 4000}    # what schedulers take beside weight and cap; a list gives one for each vCPU
 *     pool: Pool-0
 *     guest: {workload: periodic, workMicros: 5000, sleepMicros: 10000}
 *   - config: b.cfg             # an xl.cfg file beside this one
 *     guest: spin               # a workload with its defaults
 *   - name: linux               # a kernel that is booted; beside the domains of a trace, too
 *     type: pvh
 *     guest: {boot: {memory: 192, extra: console=hvc0, kernel: vmlinux, ramdisk: my.cpio, script: [uname -a, poweroff],
 *                    timing: functional}}     # or approximate, with costs that have a section core
 * actions:                      # times count from the start, of a replay from that of its part
 *   - {at: 2 s, do: pause, domain: a}       # or unpause
 *   - {at: 3 s, do: set-share, domain: a, weight: 512, cap: 50}
 *   - {at: 4 s, do: set-affinity, domain: a, vcpu: 0, cpus: 0, cpus_soft: 0}
 * }</pre>
 */
public final class ScenarioReader {
    private static final List<String> KEYS = List.of(
            "name",
            "about",
            "machine",
            "costs",
            "pools",
            "schedulers",
            "seeds",
            "warmup",
            "duration",
            "trace",
            "from",
            "to",
            "domains",
            "actions");
    private static final List<String> MACHINE_KEYS =
            List.of("pcpus", "sockets", "coresPerSocket", "threadsPerCore", "numaNodes");
    private static final List<String> DOMAIN_KEYS = List.of(
            "name", "config", "id", "type", "vcpus", "weight", "cap", "cpus", "cpus_soft", "sched", "pool", "guest");
    private static final List<String> ACTION_KEYS =
            List.of("at", "do", "domain", "weight", "cap", "vcpu", "cpus", "cpus_soft");

    private static final int MAX_VCPUS = 64;
    private static final int MAX_DOMAIN_ID = 0x7fef;
    private static final int MAX_CELLS = 10_000;
    private static final int PERCENT_PER_PCPU = 100;
    private static final long DEFAULT_DURATION = 5_000_000_000L;

    private final SchedulerCatalog catalog;
    private final Path folder;
    private final List<String> warnings = new ArrayList<>();
    private final List<Path> inputs = new ArrayList<>();
    private Topology topology;
    private List<Pool> pools;
    private DomainParameterReader domainParameters;

    private ScenarioReader(SchedulerCatalog catalog, Path folder) {
        this.catalog = catalog;
        this.folder = folder;
    }

    /**
     * Reads a file.
     *
     * @throws InputException if it is not there or says something that cannot be; with file, line and column
     */
    public static Scenario read(Path file, SchedulerCatalog catalog) {
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new InputException(file + ": no such file", e);
        } catch (MalformedInputException e) {
            throw new InputException(file + ": is not text", e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
        }
        String name = file.getFileName().toString().replaceFirst("\\.ya?ml$", "");
        Path parent = file.getParent() == null ? Path.of("") : file.getParent();
        ScenarioReader reader = new ScenarioReader(catalog, parent);
        reader.inputs.add(file);
        return reader.scenario(YamlNode.parse(text, file.toString()), name);
    }

    /**
     * Reads the text of a file.
     *
     * @param file its name in refusals
     * @param folder what files named in it are relative to
     * @throws InputException as {@link #read}
     */
    public static Scenario parse(String text, String file, Path folder, SchedulerCatalog catalog) {
        return new ScenarioReader(catalog, folder).scenario(YamlNode.parse(text, file), file);
    }

    private Scenario scenario(YamlNode root, String defaultName) {
        root.allow(KEYS);
        String name = root.text("name", defaultName);
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")) {
            throw root.get("name").refuse("a name is made of letters, digits, '-', '_' and '.', not '" + name + "'");
        }
        String about = root.text("about", "").strip();
        Recording recording = recording(root);
        topology = recording != null
                ? Topology.flat(recording.description().pcpus())
                : root.has("machine") ? machine(root.get("machine")) : Topology.flat(1);
        CostProfile costs = root.has("costs")
                ? costs(root.get("costs"))
                : recording != null ? recording.costs() : CostProfile.load("qemu-icount");
        pools = root.has("pools") ? pools(root.get("pools")) : List.of(onePool(topology));
        List<SchedulerChoice> schedulers = root.has("schedulers")
                ? root.get("schedulers").list().stream().map(this::scheduler).toList()
                : List.of(located(root, () -> catalog.parse("credit2", folder)));
        List<Long> seeds = root.has("seeds")
                ? root.get("seeds").list().stream()
                        .map(n -> n.number("a seed", Long.MIN_VALUE, Long.MAX_VALUE))
                        .toList()
                : List.of(1L);
        if (schedulers.isEmpty() || seeds.isEmpty() || schedulers.size() * (long) seeds.size() > MAX_CELLS) {
            throw root.refuse("schedulers times seeds must come to 1 to " + MAX_CELLS + " cells");
        }
        long warmup = recording != null ? recording.beginNanos() : root.nanos("warmup", 0, 0);
        long duration = recording != null ? recording.endNanos() : root.nanos("duration", 1, DEFAULT_DURATION);
        if (duration <= warmup || duration > Scenario.MAX_NANOS) {
            throw root.refuse("duration must be longer than warmup (" + Durations.format(warmup) + ") and at most "
                    + Durations.format(Scenario.MAX_NANOS));
        }
        domainParameters = new DomainParameterReader(Stream.of(
                        catalog.all().stream(),
                        schedulers.stream(),
                        pools.stream().map(Pool::scheduler).filter(Objects::nonNull))
                .flatMap(s -> s)
                .toList());
        List<DomainSpec> domains = root.has("domains") ? domains(root.get("domains"), recording) : List.of();
        if (recording != null) {
            inputs.addAll(recordingFiles(recording));
            domains = replayed(recording, domains, pools.get(0).name());
        } else if (domains.isEmpty()) {
            throw root.refuse("nothing would run: 'domains' or 'trace' is missing");
        }
        if (domains.stream().anyMatch(d -> d.boot() != null && d.boot().timing() == Timing.Kind.APPROXIMATE)) {
            located(root.has("costs") ? root.get("costs") : root, costs::core);
        }
        List<Action> actions = new ArrayList<>();
        if (root.has("actions")) {
            for (YamlNode node : root.get("actions").list()) {
                actions.add(action(node, domains));
            }
        }
        return new Scenario(
                name,
                about,
                topology,
                costs,
                pools,
                schedulers,
                seeds,
                warmup,
                duration,
                domains,
                recording,
                actions,
                warnings,
                inputs);
    }

    /** The one pool of a machine that names none. */
    static Pool onePool(Topology topology) {
        return new Pool(XlConfig.DEFAULT_POOL, CpuSet.firstOf(topology.pcpus()), null);
    }

    private static Topology machine(YamlNode node) {
        node.allow(MACHINE_KEYS);
        Topology topology;
        try {
            if (node.has("pcpus")) {
                topology = Topology.flat((int) node.number("pcpus", 1, Topology.MAX_PCPUS, 1));
            } else {
                topology = new Topology(
                        (int) node.number("sockets", 1, Topology.MAX_PCPUS, 1),
                        (int) node.number("coresPerSocket", 1, Topology.MAX_PCPUS, 1),
                        (int) node.number("threadsPerCore", 1, Topology.MAX_PCPUS, 1),
                        (int) node.number("numaNodes", 1, Topology.MAX_PCPUS, 1));
            }
        } catch (IllegalArgumentException e) {
            throw node.refuse(e.getMessage());
        }
        return topology;
    }

    /** Adds where it stands to a refusal by someone who does not know. */
    private static <T> T located(YamlNode node, Supplier<T> reading) {
        try {
            return reading.get();
        } catch (InputException e) {
            throw node.refuse(e.getMessage());
        }
    }

    private CostProfile costs(YamlNode node) {
        String text = node.text();
        return located(node, () -> {
            if (CostProfile.SHIPPED.contains(text)) {
                return CostProfile.load(text);
            }
            Path file = folder.resolve(text).normalize();
            inputs.add(file);
            return CostProfile.load(file.toString());
        });
    }

    private SchedulerChoice scheduler(YamlNode node) {
        if (!node.isMap()) {
            return located(node, () -> catalog.parse(node.text(), folder));
        }
        node.allow(List.of("name", "parameters"));
        String name = node.required("name").text();
        Map<String, String> parameters = new LinkedHashMap<>();
        if (node.has("parameters")) {
            node.get("parameters").map().forEach((key, value) -> parameters.put(key, value.text()));
        }
        return located(node, () -> catalog.parse(name, folder, parameters));
    }

    private List<Pool> pools(YamlNode list) {
        List<Pool> result = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int[] poolOf = new int[topology.pcpus()];
        for (YamlNode node : list.list()) {
            node.allow(List.of("name", "cpus", "scheduler"));
            String name = node.required("name").text();
            if (!names.add(name)) {
                throw node.refuse("a second pool '" + name + "'");
            }
            YamlNode cpus = node.required("cpus");
            CpuSet set = onMachine(cpus, located(cpus, () -> CpuList.parse(cpus.text())));
            for (int p = set.next(0); p >= 0; p = set.next(p + 1)) {
                if (poolOf[p]++ > 0) {
                    throw cpus.refuse("pCPU " + p + " is in two pools");
                }
            }
            SchedulerChoice own = node.has("scheduler") ? scheduler(node.get("scheduler")) : null;
            result.add(new Pool(name, set, own));
        }
        for (int p = 0; p < poolOf.length; p++) {
            if (poolOf[p] == 0) {
                throw list.refuse("pCPU " + p + " is in no pool");
            }
        }
        return result;
    }

    private CpuSet onMachine(YamlNode node, CpuSet set) {
        CpuSet there = set.and(CpuSet.firstOf(topology.pcpus()));
        if (there.isEmpty()) {
            throw node.refuse("pCPUs " + set + " are not on the machine, which has 0-" + (topology.pcpus() - 1));
        }
        return there;
    }

    private Recording recording(YamlNode root) {
        if (!root.has("trace")) {
            if (root.has("from") || root.has("to")) {
                throw root.refuse("'from' and 'to' say which part of a trace to replay, and there is no 'trace'");
            }
            return null;
        }
        for (String key : List.of("warmup", "duration", "machine")) {
            if (root.has(key)) {
                throw root.get(key).refuse("'" + key + "' comes from the trace; 'from' and 'to' choose a part of it");
            }
        }
        Path trace = folder.resolve(root.get("trace").text()).normalize();
        CostProfile costs = root.has("costs") ? costs(root.get("costs")) : null;
        return located(
                root.get("trace"),
                () -> Recording.open(trace, root.nanos("from", 0, -1), root.nanos("to", 1, -1), costs));
    }

    private List<DomainSpec> domains(YamlNode list, Recording recording) {
        List<DomainSpec> domains = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<Integer> ids = new HashSet<>();
        int next = 1;
        if (recording != null) {
            for (DomainDescription d : recording.description().domains()) {
                next = Math.max(next, d.id() + 1);
            }
        }
        for (YamlNode node : list.list()) {
            boolean replayed = recording != null && !node.has("guest");
            DomainSpec domain = replayed ? replayedDomain(node, recording) : domain(node, next, recording);
            if (!names.add(domain.name())) {
                throw node.refuse("a second domain '" + domain.name() + "'");
            }
            if (!ids.add(domain.id())) {
                throw node.refuse("a second domain with id " + domain.id());
            }
            next = Math.max(next, domain.id() + 1);
            domains.add(domain);
        }
        return domains;
    }

    private DomainSpec domain(YamlNode node, int nextId, Recording recording) {
        node.allow(DOMAIN_KEYS);
        XlConfig config = node.has("config") ? config(node.get("config")) : null;
        String name = config == null ? node.required("name").text() : node.text("name", config.name());
        String poolName = node.text("pool", config == null ? pools.get(0).name() : config.pool());
        Pool pool = pools.stream()
                .filter(p -> p.name().equals(poolName))
                .findFirst()
                .orElseThrow(() -> node.refuse("domain '" + name + "': no pool '" + poolName + "'; there are "
                        + String.join(", ", pools.stream().map(Pool::name).toList())));
        int vcpus = (int) node.number("vcpus", 1, MAX_VCPUS, config == null ? 1 : config.vcpus());
        int weight = (int)
                node.number("weight", 1, Domain.MAX_WEIGHT, config == null ? Domain.DEFAULT_WEIGHT : config.weight());
        int most = PERCENT_PER_PCPU * pool.pcpus().size();
        int cap = (int) node.number("cap", 0, most, config == null ? 0 : config.cap());
        if (cap > most) {
            throw node.refuse(
                    "domain '" + name + "': cap " + cap + " is over the " + most + " % that " + pool.name() + " has");
        }
        DomainSpec domain = new DomainSpec(
                (int) node.number("id", 0, MAX_DOMAIN_ID, nextId),
                name,
                type(node, config),
                vcpus,
                weight,
                cap,
                affinity(node, "cpus", vcpus, config == null ? null : config.hard(), pool.pcpus()),
                affinity(node, "cpus_soft", vcpus, config == null ? null : config.soft(), null),
                pool.name(),
                workload(node, name, recording),
                parameters(node),
                boot(node),
                node.has("sched") ? domainParameters.read(node.get("sched"), vcpus) : List.of());
        if (domain.boot() == null) {
            located(node, () -> Workloads.create(domain.workload(), domain.parameters(), vcpus));
        }
        return domain;
    }

    /** A domain of the trace with another weight, cap or affinity than it had. */
    private DomainSpec replayedDomain(YamlNode node, Recording recording) {
        node.allow(List.of("name", "weight", "cap", "cpus", "cpus_soft", "sched"));
        String name = node.required("name").text();
        DomainDescription recorded = recording.description().domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow(() -> node.get("name")
                        .refuse("the trace has no domain '" + name + "'; it has "
                                + String.join(
                                        ", ",
                                        recording.description().domains().stream()
                                                .map(DomainDescription::name)
                                                .toList())));
        int most = PERCENT_PER_PCPU * topology.pcpus();
        return new DomainSpec(
                recorded.id(),
                name,
                Domain.Type.PV,
                recorded.vcpus(),
                (int) node.number("weight", 1, Domain.MAX_WEIGHT, recorded.weight()),
                (int) node.number("cap", 0, most, recorded.cap()),
                affinity(node, "cpus", recorded.vcpus(), null, pools.get(0).pcpus()),
                affinity(node, "cpus_soft", recorded.vcpus(), null, null),
                pools.get(0).name(),
                null,
                Map.of(),
                null,
                node.has("sched") ? domainParameters.read(node.get("sched"), recorded.vcpus()) : reservation(recorded));
    }

    /** What RTDS and others that know its parameters take for each vCPU of a recorded domain. */
    private static List<Map<String, Long>> reservation(DomainDescription recorded) {
        Reservation r = recorded.rtds();
        return r == null
                ? List.of()
                : List.of(Map.of(
                        "period_us",
                        r.periodMicros(),
                        "budget_us",
                        r.budgetMicros(),
                        "extratime",
                        r.extratime() ? 1L : 0L));
    }

    /** The domains of a trace, those {@code changed} as they are there. */
    private static List<DomainSpec> replayed(Recording recording, List<DomainSpec> changed, String pool) {
        List<DomainSpec> domains = new ArrayList<>();
        for (DomainDescription d : recording.description().domains()) {
            domains.add(changed.stream()
                    .filter(c -> c.id() == d.id())
                    .findFirst()
                    .orElseGet(() -> new DomainSpec(
                            d.id(),
                            d.name(),
                            Domain.Type.PV,
                            d.vcpus(),
                            d.weight(),
                            d.cap(),
                            null,
                            null,
                            pool,
                            null,
                            Map.of(),
                            null,
                            reservation(d))));
        }
        changed.stream().filter(c -> c.boot() != null).forEach(domains::add);
        return domains;
    }

    /** A trace and what describes it. */
    private static List<Path> recordingFiles(Recording recording) {
        Path description = TraceDescription.fileBeside(recording.trace());
        return Files.exists(description) ? List.of(recording.trace(), description) : List.of(recording.trace());
    }

    /**
     * The scenario that replays {@code recording} on a machine like that it was recorded on, with all as it was but the
     * scheduler.
     */
    public static Scenario replay(Recording recording, List<SchedulerChoice> schedulers, List<Long> seeds) {
        Topology topology = Topology.flat(recording.description().pcpus());
        Pool pool = onePool(topology);
        String name = recording.trace().getFileName().toString().replaceFirst("(\\.trc)?(\\.(xz|gz|zst))?$", "");
        return new Scenario(
                name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,99}") ? name : "trace",
                recording.description().title(),
                topology,
                recording.costs(),
                List.of(pool),
                schedulers,
                seeds,
                recording.beginNanos(),
                recording.endNanos(),
                replayed(recording, List.of(), pool.name()),
                recording,
                List.of(),
                List.of(),
                recordingFiles(recording));
    }

    private XlConfig config(YamlNode node) {
        Path file = folder.resolve(node.text()).normalize();
        XlConfig config = located(node, () -> XlConfig.load(file));
        inputs.add(file);
        warnings.addAll(config.warnings());
        return config;
    }

    private static Domain.Type type(YamlNode node, XlConfig config) {
        if (!node.has("type")) {
            return config == null ? Domain.Type.PV : config.type();
        }
        return switch (node.get("type").text()) {
            case "pv" -> Domain.Type.PV;
            case "pvh" -> Domain.Type.PVH;
            default -> throw node.get("type").refuse("type must be pv or pvh");
        };
    }

    /** Affinity by vCPU, checked to leave each somewhere to run in {@code pool} if that is not null. */
    private List<CpuSet> affinity(YamlNode node, String key, int vcpus, List<CpuSet> fromConfig, CpuSet pool) {
        YamlNode value = node.has(key) ? node.get(key) : null;
        if (value == null && fromConfig == null) {
            return null;
        }
        if (value != null && value.list().isEmpty()) {
            throw value.refuse(key + " names no pCPU");
        }
        List<CpuSet> sets = new ArrayList<>();
        for (int v = 0; v < vcpus; v++) {
            YamlNode where = value == null
                    ? node
                    : value.list().get(Math.min(v, value.list().size() - 1));
            int vcpu = v;
            CpuSet set = value == null
                    ? fromConfig.get(Math.min(vcpu, fromConfig.size() - 1))
                    : located(where, () -> CpuList.parse(where.text()));
            CpuSet there = onMachine(where, set);
            if (pool != null && !there.intersects(pool)) {
                throw where.refuse("vCPU " + v + " may run nowhere: " + key + " " + there + ", pool " + pool);
            }
            sets.add(there);
        }
        return sets;
    }

    private BootPlan boot(YamlNode node) {
        YamlNode guest = node.get("guest");
        if (guest == null || !boots(guest)) {
            return null;
        }
        guest.allow(List.of("boot"));
        return BootPlan.read(guest.get("boot"), folder);
    }

    private static boolean boots(YamlNode guest) {
        return guest.isMap() && guest.has("boot");
    }

    private static String workload(YamlNode node, String name, Recording recording) {
        YamlNode guest = node.get("guest");
        if (guest == null) {
            throw node.refuse("domain '" + name + "': 'guest' is missing; it says what runs in it, such as spin");
        }
        if (boots(guest)) {
            return null;
        }
        if (recording != null) {
            throw guest.refuse("domain '" + name + "': beside a trace's domains, others boot; they run no workload");
        }
        YamlNode workload = guest.isMap() ? guest.required("workload") : guest;
        return located(workload, () -> Workloads.named(workload.text())).name();
    }

    private static Map<String, String> parameters(YamlNode node) {
        YamlNode guest = node.get("guest");
        Map<String, String> parameters = new LinkedHashMap<>();
        if (guest != null && guest.isMap() && !boots(guest)) {
            WorkloadKind kind = Workloads.named(guest.required("workload").text());
            List<String> keys = new ArrayList<>(List.of("workload"));
            kind.parameters().forEach(parameter -> keys.add(parameter.name()));
            guest.allow(keys);
            for (WorkloadParameter parameter : kind.parameters()) {
                YamlNode value = guest.get(parameter.name());
                if (value != null) {
                    parameters.put(parameter.name(), value.text());
                }
            }
        }
        return parameters;
    }

    private Action action(YamlNode node, List<DomainSpec> domains) {
        node.allow(ACTION_KEYS);
        long at = node.required("at").nanos("at", 0);
        String name = node.required("domain").text();
        DomainSpec domain = domains.stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow(() -> node.get("domain").refuse("no domain '" + name + "'"));
        YamlNode kind = node.required("do");
        Action action =
                switch (kind.text()) {
                    case "pause" -> new Scenario.Pause(at, name);
                    case "unpause" -> new Scenario.Unpause(at, name);
                    case "set-share" ->
                        new Scenario.SetShare(
                                at,
                                name,
                                (int) node.number(
                                        "weight", 1, Domain.MAX_WEIGHT, domain == null ? 256 : domain.weight()),
                                (int) node.number("cap", 0, (long) PERCENT_PER_PCPU * topology.pcpus(), domain.cap()));
                    case "set-affinity" -> {
                        CpuSet all = CpuSet.firstOf(topology.pcpus());
                        List<CpuSet> hard = affinity(node, "cpus", 1, List.of(all), null);
                        List<CpuSet> soft = affinity(node, "cpus_soft", 1, List.of(all), null);
                        yield new Scenario.SetAffinity(
                                at,
                                name,
                                (int) node.number("vcpu", 0, domain.vcpus() - 1, -1),
                                hard.get(0),
                                soft.get(0));
                    }
                    default ->
                        throw kind.refuse(
                                "'" + kind.text()
                                        + "' is nothing the toolstack does; it does pause, unpause, set-share and set-affinity");
                };
        return action;
    }
}
