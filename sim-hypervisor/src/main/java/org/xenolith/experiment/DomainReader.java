package org.xenolith.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.xenolith.experiment.Scenario.DomainSpec;
import org.xenolith.experiment.Scenario.Pool;
import org.xenolith.guest.WorkloadKind;
import org.xenolith.guest.WorkloadParameter;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.toolstack.XlConfig;
import org.xenolith.trace.TraceDescription.DomainDescription;

/** Reads the domains of a scenario, and the {@code xl.cfg} files that describe them. */
final class DomainReader {
    /** Most of a pCPU that a domain may be capped to for each pCPU there is, percent. */
    static final int PERCENT_PER_PCPU = 100;

    private static final List<String> DOMAIN_KEYS = List.of(
            "name",
            "config",
            "copies",
            "id",
            "type",
            "vcpus",
            "weight",
            "cap",
            "cpus",
            "cpus_soft",
            "sched",
            "pool",
            "guest");
    private static final int MAX_VCPUS = 64;
    private static final int MAX_DOMAIN_ID = 0x7fef;

    private final Path folder;
    private final PcpuReader pcpus;
    private final List<Pool> pools;
    private final ActionReader actions;
    private final DomainParameterReader domainParameters;
    private final Recording recording;

    /** What the files say and the model does not know. */
    final List<String> warnings = new ArrayList<>();

    /** The files that were read. */
    final List<Path> inputs = new ArrayList<>();

    /**
     * @param folder what files are relative to
     * @param pools the pools that are there from the start
     * @param actions what domains and pools come later
     * @param recording the trace whose domains run, or null
     */
    DomainReader(
            Path folder,
            PcpuReader pcpus,
            List<Pool> pools,
            ActionReader actions,
            DomainParameterReader domainParameters,
            Recording recording) {
        this.folder = folder;
        this.pcpus = pcpus;
        this.pools = pools;
        this.actions = actions;
        this.domainParameters = domainParameters;
        this.recording = recording;
    }

    /** The domains that {@code list} describes; of a trace's, those of which it says something. */
    List<DomainSpec> read(YamlNode list) {
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
            for (DomainSpec domain : copies(node, replayed ? replayedDomain(node) : domain(node, next))) {
                if (!names.add(domain.name())) {
                    throw node.refuse("a second domain '" + domain.name() + "'");
                }
                if (!ids.add(domain.id())) {
                    throw node.refuse("a second domain with id " + domain.id());
                }
                next = Math.max(next, domain.id() + 1);
                domains.add(domain);
            }
        }
        return domains;
    }

    /** {@code domain} itself, or as many like it as {@code copies} says, numbered from 1. */
    private static List<DomainSpec> copies(YamlNode node, DomainSpec domain) {
        if (!node.has("copies")) {
            return List.of(domain);
        }
        List<DomainSpec> copies = new ArrayList<>();
        int most = MAX_DOMAIN_ID - domain.id() + 1;
        for (int i = 1; i <= node.number("copies", 1, most, 1); i++) {
            copies.add(domain.copy(domain.id() + i - 1, domain.name() + i));
        }
        return copies;
    }

    private DomainSpec domain(YamlNode node, int nextId) {
        node.allow(DOMAIN_KEYS);
        XlConfig config = node.has("config") ? config(node.get("config")) : null;
        String name = config == null ? node.required("name").text() : node.text("name", config.name());
        String poolName = node.text("pool", config == null ? pools.get(0).name() : config.pool());
        Pool pool = pools.stream()
                .filter(p -> p.name().equals(poolName))
                .findFirst()
                .orElse(null);
        boolean late = actions.creates(name);
        if (pool == null && !(late && actions.createsPool(poolName))) {
            throw node.refuse("domain '" + name + "': no pool '" + poolName + "'; there are "
                    + String.join(", ", pools.stream().map(Pool::name).toList()));
        }
        // What its pool will be when a domain comes late, only the run can tell.
        CpuSet here = late ? pcpus.all() : pool.pcpus();
        int vcpus = (int) node.number("vcpus", 1, MAX_VCPUS, config == null ? 1 : config.vcpus());
        int weight = (int)
                node.number("weight", 1, Domain.MAX_WEIGHT, config == null ? Domain.DEFAULT_WEIGHT : config.weight());
        int most = PERCENT_PER_PCPU * here.size();
        int cap = (int) node.number("cap", 0, most, config == null ? 0 : config.cap());
        if (cap > most) {
            throw node.refuse(
                    "domain '" + name + "': cap " + cap + " is over the " + most + " % that " + poolName + " has");
        }
        DomainSpec domain = new DomainSpec(
                (int) node.number("id", 0, MAX_DOMAIN_ID, nextId),
                name,
                type(node, config),
                vcpus,
                weight,
                cap,
                pcpus.affinity(node, "cpus", vcpus, config == null ? null : config.hard(), here),
                pcpus.affinity(node, "cpus_soft", vcpus, config == null ? null : config.soft(), null),
                poolName,
                workload(node, name),
                parameters(node),
                boot(node),
                scheduling(node, config, vcpus));
        if (domain.boot() == null) {
            node.located(() -> Workloads.create(domain.workload(), domain.parameters(), vcpus));
        }
        return domain;
    }

    /** A domain of the trace with another weight, cap or affinity than it had. */
    private DomainSpec replayedDomain(YamlNode node) {
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
        int most = PERCENT_PER_PCPU * pcpus.all().size();
        return new DomainSpec(
                recorded.id(),
                name,
                Domain.Type.PV,
                recorded.vcpus(),
                (int) node.number("weight", 1, Domain.MAX_WEIGHT, recorded.weight()),
                (int) node.number("cap", 0, most, recorded.cap()),
                pcpus.affinity(
                        node, "cpus", recorded.vcpus(), null, pools.get(0).pcpus()),
                pcpus.affinity(node, "cpus_soft", recorded.vcpus(), null, null),
                pools.get(0).name(),
                null,
                Map.of(),
                null,
                node.has("sched")
                        ? domainParameters.read(node.get("sched"), recorded.vcpus())
                        : ScenarioReader.reservation(recorded));
    }

    private List<Map<String, Long>> scheduling(YamlNode node, XlConfig config, int vcpus) {
        return node.has("sched")
                ? domainParameters.read(node.get("sched"), vcpus)
                : config == null || config.scheduling().isEmpty() ? List.of() : List.of(config.scheduling());
    }

    private XlConfig config(YamlNode node) {
        Path file = folder.resolve(node.text()).normalize();
        XlConfig config = node.located(() -> XlConfig.load(file));
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

    private String workload(YamlNode node, String name) {
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
        return workload.located(() -> Workloads.named(workload.text())).name();
    }

    private Map<String, String> parameters(YamlNode node) {
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
                    parameters.put(parameter.name(), parameter.isFile() ? fileBeside(value) : value.text());
                }
            }
        }
        return parameters;
    }

    private String fileBeside(YamlNode name) {
        Path file = folder.resolve(name.text()).normalize();
        inputs.add(file);
        return file.toString();
    }
}
