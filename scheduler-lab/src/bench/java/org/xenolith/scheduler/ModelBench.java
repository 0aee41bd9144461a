package org.xenolith.scheduler;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.xenolith.guest.DomainLoad;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;

/**
 * The whole model at work: blocking guests on a busy machine, in scheduling events a second. A scheduling event is what the
 * hypervisor handles: a guest's exit, a timer, an interrupt between pCPUs.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 4, time = 2)
@Fork(value = 1, jvmArgs = "-XX:+UseSerialGC")
public class ModelBench {
    private static final long STEP_CYCLES = 10_000_000;

    @Param({"credit2", "credit", "rr"})
    public String scheduler;

    @Param({"8/64"})
    public String pcpusAndVcpus;

    private Hypervisor hypervisor;
    private long end;

    /** Counts scheduling events. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Events {
        public long events;
    }

    @Setup(Level.Iteration)
    public void build() {
        String[] sizes = pcpusAndVcpus.split("/", -1);
        int pcpus = Integer.parseInt(sizes[0]);
        int vcpus = Integer.parseInt(sizes[1]);
        hypervisor = new Hypervisor(
                new MachineConfig(Topology.flat(pcpus), CostProfile.load("qemu-icount"), 1000, 0, 1, "bench"),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(pcpus), named(scheduler))),
                null,
                null);
        Map<Integer, DomainLoad> loads = new HashMap<>();
        for (int id = 1; id <= vcpus; id++) {
            // Together they want some 1.3 times what there is; they sleep between bursts, out of step with each other.
            Map<String, Object> parameters = Map.of("workMicros", 300 + 7 * id, "sleepMicros", 2000 + 11 * id);
            DomainLoad load = Workloads.create("periodic", parameters, 1);
            loads.put(id, load);
            hypervisor.createDomain(new DomainConfig(
                    id,
                    "d" + id,
                    Domain.Type.PV,
                    load.memory(),
                    "Pool-0",
                    id % 2 == 0 ? 256 : 512,
                    0,
                    load.guests(),
                    null,
                    null));
        }
        Workloads.connect(hypervisor, loads);
        hypervisor.domains().forEach(hypervisor::unpause);
        end = 0;
    }

    private static Scheduler named(String name) {
        return ServiceLoader.load(Scheduler.class).stream()
                .filter(p -> p.type().getAnnotation(Policy.class).name().equals(name))
                .findFirst()
                .orElseThrow()
                .get();
    }

    @Benchmark
    public long xenolith(Events counter) {
        long before = hypervisor.eventCount();
        end += STEP_CYCLES;
        hypervisor.run(end);
        counter.events += hypervisor.eventCount() - before;
        return end;
    }
}
