package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Scenario.DomainSpec;
import org.xenolith.experiment.Scenario.Pool;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;

/**
 * Reads what the toolstack does while a scenario runs. Names are checked here; whether a pool has pCPUs, and whether an affinity leaves a vCPU
 * somewhere to run at that time, only the run can tell.
 */
final class ActionReader {
    /** By what is done: the keys that it takes beside {@code at} and {@code do}. */
    private static final List<Map.Entry<String, List<String>>> KEYS = List.of(
            Map.entry("create", List.of("domain")),
            Map.entry("destroy", List.of("domain")),
            Map.entry("pause", List.of("domain")),
            Map.entry("unpause", List.of("domain")),
            Map.entry("set-share", List.of("domain", "weight", "cap")),
            Map.entry("set-affinity", List.of("domain", "vcpu", "cpus", "cpus_soft")),
            Map.entry("set-sched", List.of("domain", "vcpu", "sched")),
            Map.entry("move", List.of("domain", "pool")),
            Map.entry("pool-create", List.of("pool", "cpus", "scheduler")),
            Map.entry("pool-destroy", List.of("pool")),
            Map.entry("cpu-add", List.of("pool", "cpus")),
            Map.entry("cpu-remove", List.of("pool", "cpus")),
            Map.entry("set-scheduler", List.of("pool", "parameters")));

    private final List<YamlNode> nodes;
    private final PcpuReader pcpus;
    private final Set<String> created = new HashSet<>();
    private final Map<YamlNode, Pool> poolsByNode = new LinkedHashMap<>();

    private List<DomainSpec> domains;
    private Set<String> poolNames;
    private List<SchedulerChoice> schedulers;
    private DomainParameterReader domainParameters;
    private Recording recording;

    /**
     * @param list the actions, or null for none
     * @param scheduler how a scheduler is read
     */
    ActionReader(YamlNode list, PcpuReader pcpus, Function<YamlNode, SchedulerChoice> scheduler) {
        this.nodes = list == null ? List.of() : list.list();
        this.pcpus = pcpus;
        for (YamlNode node : nodes) {
            String what = node.required("do").text();
            List<String> keys = KEYS.stream()
                    .filter(e -> e.getKey().equals(what))
                    .findFirst()
                    .orElseThrow(() -> node.get("do")
                            .refuse("'" + what + "' is nothing the toolstack does; it does "
                                    + String.join(
                                            ", ",
                                            KEYS.stream().map(Map.Entry::getKey).toList())))
                    .getValue();
            node.allow(Stream.concat(Stream.of("at", "do"), keys.stream()).toList());
            if (what.equals("pool-create")) {
                poolsByNode.put(node, pool(node, scheduler));
            } else if (what.equals("create")
                    && !created.add(node.required("domain").text())) {
                throw node.refuse(
                        "domain '" + node.get("domain").text() + "' is created twice; ids are not used again");
            }
        }
    }

    private Pool pool(YamlNode node, Function<YamlNode, SchedulerChoice> scheduler) {
        return new Pool(
                node.required("pool").text(),
                node.has("cpus") ? pcpus.set(node.get("cpus")) : CpuSet.of(),
                node.has("scheduler") ? scheduler.apply(node.get("scheduler")) : null);
    }

    /** Whether domain {@code name} is not there from the start. */
    boolean creates(String name) {
        return created.contains(name);
    }

    /** Whether a pool {@code name} comes later. */
    boolean createsPool(String name) {
        return poolsByNode.values().stream().anyMatch(pool -> pool.name().equals(name));
    }

    /** The pools that come later. */
    List<Pool> pools() {
        return List.copyOf(poolsByNode.values());
    }

    /**
     * The actions, in order of time.
     *
     * @param all the scenario's domains
     * @param first the pools that are there from the start
     * @param used all schedulers that serve some pool in some cell
     */
    List<Action> read(
            List<DomainSpec> all,
            List<Pool> first,
            List<SchedulerChoice> used,
            DomainParameterReader parameters,
            Recording trace) {
        domains = all;
        poolNames = new LinkedHashSet<>();
        Stream.concat(first.stream(), pools().stream()).forEach(pool -> poolNames.add(pool.name()));
        schedulers = used;
        domainParameters = parameters;
        recording = trace;
        List<Action> actions = new ArrayList<>();
        nodes.forEach(node -> actions.add(action(node)));
        actions.sort(Comparator.comparingLong(Action::atNanos));
        return actions;
    }

    private Action action(YamlNode node) {
        long at = node.required("at").nanos("at", 0);
        String what = node.get("do").text();
        return switch (what) {
            case "pool-create" -> new Action.PoolCreate(at, poolsByNode.get(node));
            case "pool-destroy" -> new Action.PoolDestroy(at, pool(node));
            case "cpu-add" -> new Action.CpuAdd(at, pool(node), pcpus.set(node.required("cpus")));
            case "cpu-remove" -> new Action.CpuRemove(at, pool(node), pcpus.set(node.required("cpus")));
            case "set-scheduler" -> new Action.SetScheduler(at, pool(node), schedulerParameters(node));
            default -> ofDomain(node, at, what, domain(node));
        };
    }

    private Action ofDomain(YamlNode node, long at, String what, DomainSpec domain) {
        String name = domain.name();
        return switch (what) {
            case "create" -> {
                if (recording != null && domain.boot() == null) {
                    throw node.get("domain").refuse("'" + name + "' is one of the trace's and there from its start");
                }
                yield new Action.Create(at, name);
            }
            case "destroy" -> new Action.Destroy(at, name);
            case "pause" -> new Action.Pause(at, name);
            case "unpause" -> new Action.Unpause(at, name);
            case "set-share" -> {
                long mostCap =
                        (long) DomainReader.PERCENT_PER_PCPU * pcpus.all().size();
                yield new Action.SetShare(
                        at, name, (int) node.number("weight", 1, Domain.MAX_WEIGHT, domain.weight()), (int)
                                node.number("cap", 0, mostCap, domain.cap()));
            }
            case "set-affinity" -> {
                List<CpuSet> all = List.of(pcpus.all());
                yield new Action.SetAffinity(
                        at,
                        name,
                        vcpu(node, domain),
                        pcpus.affinity(node, "cpus", 1, all, null).get(0),
                        pcpus.affinity(node, "cpus_soft", 1, all, null).get(0));
            }
            case "set-sched" ->
                new Action.SetSched(
                        at,
                        name,
                        vcpu(node, domain),
                        domainParameters.read(node.required("sched"), 1).get(0));
            case "move" -> new Action.Move(at, name, pool(node));
            default -> throw new IllegalStateException(what);
        };
    }

    private static int vcpu(YamlNode node, DomainSpec domain) {
        return (int) node.number("vcpu", 0, domain.vcpus() - 1, -1);
    }

    private DomainSpec domain(YamlNode node) {
        String name = node.required("domain").text();
        return domains.stream().filter(d -> d.name().equals(name)).findFirst().orElseThrow(() -> node.get("domain")
                .refuse("no domain '" + name + "'"));
    }

    private String pool(YamlNode node) {
        String name = node.required("pool").text();
        if (!poolNames.contains(name)) {
            throw node.get("pool").refuse("no pool '" + name + "'; there are " + String.join(", ", poolNames));
        }
        return name;
    }

    /** Each must be one that some scheduler takes while it runs, with that value. */
    private Map<String, String> schedulerParameters(YamlNode node) {
        Map<String, String> values = new LinkedHashMap<>();
        node.required("parameters").map().forEach((key, value) -> {
            values.put(key, value.text());
            InputException refusal = null;
            for (SchedulerChoice choice : schedulers) {
                try {
                    choice.checkChange(key, value.text());
                    return;
                } catch (InputException e) {
                    refusal = e;
                }
            }
            throw value.refuse(refusal.getMessage());
        });
        return values;
    }
}
