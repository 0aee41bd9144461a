package org.xenolith.experiment;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.SchedGranularity;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;

/**
 * What is to be run: a machine, the domains on it, and the schedulers and seeds to try. A cell is one scheduler with one
 * seed. {@link ScenarioReader} describes the file format.
 *
 * @param name its name, that of its file by default
 * @param about what it shows, in a line or a few; empty if it does not say
 * @param topology the machine's pCPUs
 * @param granularity which of them are scheduled together
 * @param costs what the hypervisor's work costs on it
 * @param pools its cpupools; together they hold every pCPU once
 * @param schedulers the schedulers to compare
 * @param seeds the seeds to run each with
 * @param warmupNanos start of the window that is measured
 * @param durationNanos end of the window and of the run
 * @param domains the domains
 * @param replay the trace to replay, or null
 * @param actions what the toolstack does at which time
 * @param warnings what the scenario's files say and the model does not know
 * @param inputs the files that it was read from, besides schedulers
 */
public record Scenario(
        String name,
        String about,
        Topology topology,
        SchedGranularity granularity,
        CostProfile costs,
        List<Pool> pools,
        List<SchedulerChoice> schedulers,
        List<Long> seeds,
        long warmupNanos,
        long durationNanos,
        List<DomainSpec> domains,
        Recording replay,
        List<Action> actions,
        List<String> warnings,
        List<Path> inputs) {

    /** Longest run. */
    static final long MAX_NANOS = 100_000L * 1_000_000_000L;

    /** Copies the lists. */
    public Scenario {
        pools = List.copyOf(pools);
        schedulers = List.copyOf(schedulers);
        seeds = List.copyOf(seeds);
        domains = List.copyOf(domains);
        actions = List.copyOf(actions);
        warnings = List.copyOf(warnings);
        inputs = List.copyOf(inputs);
    }

    /**
     * A cpupool.
     *
     * @param name its name
     * @param pcpus its pCPUs
     * @param scheduler its scheduler in every cell, or null for the cell's
     */
    public record Pool(String name, CpuSet pcpus, SchedulerChoice scheduler) {}

    /**
     * A domain.
     *
     * @param id its id
     * @param name its name
     * @param type how it is virtualised
     * @param vcpus how many vCPUs it has
     * @param weight its weight
     * @param cap its cap in percent of one pCPU, 0 for none
     * @param hard hard affinity by vCPU, or null for all
     * @param soft soft affinity by vCPU, or null for all
     * @param pool its cpupool
     * @param workload what its vCPUs run, by name in {@link org.xenolith.guest.Workloads}; null for one that is replayed or boots
     * @param parameters the workload's parameters
     * @param boot what it boots, or null if it boots nothing
     * @param scheduling what schedulers take for each vCPU beside weight and cap, by name; the last stands for those that follow
     */
    public record DomainSpec(
            int id,
            String name,
            Domain.Type type,
            int vcpus,
            int weight,
            int cap,
            List<CpuSet> hard,
            List<CpuSet> soft,
            String pool,
            String workload,
            Map<String, String> parameters,
            BootPlan boot,
            List<Map<String, Long>> scheduling) {
        /** The same as another domain. */
        DomainSpec copy(int otherId, String otherName) {
            return new DomainSpec(
                    otherId,
                    otherName,
                    type,
                    vcpus,
                    weight,
                    cap,
                    hard,
                    soft,
                    pool,
                    workload,
                    parameters,
                    boot,
                    scheduling);
        }

        /** A domain that boots nothing and has nothing particular for schedulers. */
        public DomainSpec(
                int id,
                String name,
                Domain.Type type,
                int vcpus,
                int weight,
                int cap,
                List<CpuSet> hard,
                List<CpuSet> soft,
                String pool,
                String workload,
                Map<String, String> parameters) {
            this(id, name, type, vcpus, weight, cap, hard, soft, pool, workload, parameters, null, List.of());
        }
    }

    /** The same scenario under other schedulers. */
    public Scenario withSchedulers(List<SchedulerChoice> others) {
        return new Scenario(
                name,
                about,
                topology,
                granularity,
                costs,
                pools,
                others,
                seeds,
                warmupNanos,
                durationNanos,
                domains,
                replay,
                actions,
                warnings,
                inputs);
    }

    /** The same scenario with other seeds. */
    public Scenario withSeeds(List<Long> others) {
        return new Scenario(
                name,
                about,
                topology,
                granularity,
                costs,
                pools,
                schedulers,
                others,
                warmupNanos,
                durationNanos,
                domains,
                replay,
                actions,
                warnings,
                inputs);
    }

    /** The same scenario on a machine whose hypervisor costs something else. */
    public Scenario withCosts(CostProfile other) {
        return new Scenario(
                name,
                about,
                topology,
                granularity,
                other,
                pools,
                schedulers,
                seeds,
                warmupNanos,
                durationNanos,
                domains,
                replay,
                actions,
                warnings,
                inputs);
    }

    /** The same scenario, measured in another window. */
    public Scenario withWindow(long fromNanos, long toNanos) {
        return new Scenario(
                name,
                about,
                topology,
                granularity,
                costs,
                pools,
                schedulers,
                seeds,
                fromNanos,
                toNanos,
                domains,
                replay,
                actions,
                warnings,
                inputs);
    }

    /** Machine, window, costs and seeds, in a line. */
    public String setting() {
        int pcpus = topology.pcpus();
        String window = replay == null
                ? Durations.format(warmupNanos) + " to " + Durations.format(durationNanos)
                : Durations.format(replay.fromNanos()) + " to " + Durations.format(replay.toNanos()) + " of "
                        + replay.trace().getFileName();
        String together = granularity == SchedGranularity.CPU ? "" : "scheduled by " + granularity.word() + ", ";
        return pcpus + (pcpus == 1 ? " pCPU, " : " pCPUs, ") + together + window + ", costs " + costs.name() + ", "
                + (seeds.size() == 1 ? "seed " : "seeds ")
                + String.join(", ", seeds.stream().map(String::valueOf).toList());
    }
}
