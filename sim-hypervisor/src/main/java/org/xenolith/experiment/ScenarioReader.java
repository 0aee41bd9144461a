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
import java.util.stream.Stream;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Scenario.DomainSpec;
import org.xenolith.experiment.Scenario.Pool;
import org.xenolith.guest.Timing;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.SchedGranularity;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
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
 * machine: {pcpus: 1}           # or sockets, coresPerSocket, threadsPerCore, numaNodes; sched-gran: cpu, core or socket
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
 *     copies: 3                 # as many like it, named a1, a2 and a3
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
 * actions:                      # times count from the start, of a replay from that of its part; one is done when all before it are
 *   - {at: 1 s, do: create, domain: b}      # which is not there before; destroy, pause and unpause likewise
 *   - {at: 3 s, do: set-share, domain: a, weight: 512, cap: 50}
 *   - {at: 4 s, do: set-affinity, domain: a, vcpu: 0, cpus: 0, cpus_soft: 0}      # without vcpu: all of them
 *   - {at: 4 s, do: set-sched, domain: a, vcpu: 0, sched: {budget_us: 2000}}
 *   - {at: 5 s, do: cpu-remove, pool: Pool-0, cpus: 1}      # or cpu-add: what is in no pool is free, and idles
 *   - {at: 5 s, do: pool-create, pool: mine, cpus: 1, scheduler: rr}      # of free pCPUs; by default none, and the cell's scheduler
 *   - {at: 6 s, do: move, domain: a, pool: mine}      # to default weight, no cap, no affinity, as in Xen
 *   - {at: 7 s, do: set-scheduler, pool: Pool-0, parameters: {tslice_ms: 5}}      # schedulers without it take no notice
 *   - {at: 8 s, do: pool-destroy, pool: mine}      # without domains; its pCPUs are free then
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
            List.of("pcpus", "sockets", "coresPerSocket", "threadsPerCore", "numaNodes", "sched-gran");

    private static final int MAX_CELLS = 10_000;
    private static final long DEFAULT_DURATION = 5_000_000_000L;

    private final SchedulerCatalog catalog;
    private final Path folder;
    private final List<String> warnings = new ArrayList<>();
    private final List<Path> inputs = new ArrayList<>();
    private Topology topology;
    private SchedGranularity granularity;
    private List<Pool> pools;
    private PcpuReader pcpus;

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
        granularity = root.has("machine") ? granularity(root.get("machine")) : SchedGranularity.CPU;
        CostProfile costs = root.has("costs")
                ? costs(root.get("costs"))
                : recording != null ? recording.costs() : CostProfile.load("qemu-icount");
        pcpus = new PcpuReader(topology);
        pools = root.has("pools") ? pools(root.get("pools")) : List.of(onePool(topology));
        List<SchedulerChoice> schedulers = root.has("schedulers")
                ? root.get("schedulers").list().stream().map(this::scheduler).toList()
                : List.of(root.located(() -> catalog.parse("credit2", folder)));
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
        ActionReader actions = new ActionReader(root.get("actions"), pcpus, this::scheduler);
        List<SchedulerChoice> used = Stream.of(
                        schedulers.stream(),
                        Stream.concat(pools.stream(), actions.pools().stream())
                                .map(Pool::scheduler)
                                .filter(Objects::nonNull))
                .flatMap(s -> s)
                .toList();
        DomainParameterReader domainParameters = new DomainParameterReader(
                Stream.concat(catalog.all().stream(), used.stream()).toList());
        DomainReader reader = new DomainReader(folder, pcpus, pools, actions, domainParameters, recording);
        List<DomainSpec> domains = root.has("domains") ? reader.read(root.get("domains")) : List.of();
        inputs.addAll(reader.inputs);
        warnings.addAll(reader.warnings);
        if (recording != null) {
            inputs.addAll(recordingFiles(recording));
            domains = replayed(recording, domains, pools.get(0).name());
        } else if (domains.isEmpty()) {
            throw root.refuse("nothing would run: 'domains' or 'trace' is missing");
        }
        if (domains.stream().anyMatch(d -> d.boot() != null && d.boot().timing() == Timing.Kind.APPROXIMATE)) {
            (root.has("costs") ? root.get("costs") : root).located(costs::core);
        }
        return new Scenario(
                name,
                about,
                topology,
                granularity,
                costs,
                pools,
                schedulers,
                seeds,
                warmup,
                duration,
                domains,
                recording,
                actions.read(domains, pools, used, domainParameters, recording),
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

    /** Which pCPUs are scheduled together; each by itself, with a warning, if the machine has no such neighbours. */
    private SchedGranularity granularity(YamlNode node) {
        if (!node.has("sched-gran")) {
            return SchedGranularity.CPU;
        }
        YamlNode value = node.get("sched-gran");
        SchedGranularity granularity = SchedGranularity.of(value.text());
        if (granularity == null) {
            throw value.refuse("sched-gran must be cpu, core or socket, not '" + value.text() + "'");
        }
        if (granularity != SchedGranularity.CPU && granularity.pcpus(topology) == 1) {
            warnings.add("sched-gran=" + granularity.word() + ": each " + granularity.word()
                    + " has one pCPU, and is scheduled by itself");
            return SchedGranularity.CPU;
        }
        return granularity;
    }

    private CostProfile costs(YamlNode node) {
        String text = node.text();
        return node.located(() -> {
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
            return node.located(() -> catalog.parse(node.text(), folder));
        }
        node.allow(List.of("name", "parameters"));
        String name = node.required("name").text();
        Map<String, String> parameters = new LinkedHashMap<>();
        if (node.has("parameters")) {
            node.get("parameters").map().forEach((key, value) -> parameters.put(key, value.text()));
        }
        return node.located(() -> catalog.parse(name, folder, parameters));
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
            CpuSet set = pcpus.set(cpus);
            for (int p = set.next(0); p >= 0; p = set.next(p + 1)) {
                if (poolOf[p]++ > 0) {
                    throw cpus.refuse("pCPU " + p + " is in two pools");
                }
            }
            checkWhole(cpus, set);
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

    /** A pool must have all pCPUs that are scheduled together, or none. */
    private void checkWhole(YamlNode node, CpuSet pool) {
        int together = granularity.pcpus(topology);
        for (int p = 0; p < topology.pcpus(); p++) {
            if (pool.contains(p) != pool.contains(p - p % together)) {
                throw node.refuse(
                        "pCPUs " + pool + " split a " + granularity.word() + ", which is scheduled as a whole");
            }
        }
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
        return root.get("trace")
                .located(() -> Recording.open(trace, root.nanos("from", 0, -1), root.nanos("to", 1, -1), costs));
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

    /** What RTDS and others that know its parameters take for each vCPU of a recorded domain. */
    static List<Map<String, Long>> reservation(DomainDescription recorded) {
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
                SchedGranularity.CPU,
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
}
