package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.machine.Topology;

/**
 * What each kind of work costs a policy, and how that grows with the machine: sockets of 16 pCPUs, domains of 4 vCPUs, all of
 * them runnable. Only the policy and the switch itself run; no guest does.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgs = "-XX:+UseSerialGC")
public class PolicyBench {
    private static final int VCPUS_PER_DOMAIN = 4;
    private static final int PCPUS_PER_SOCKET = 16;
    private static final long SLICE = 1_000_000;
    private static final long LONG_SLICE = 30_000_000;

    @Param({"credit2", "credit", "rtds", "bvt", "sedf", "rr"})
    public String scheduler;

    @Param({"8/64", "64/1024", "256/4096"})
    public String pcpusAndVcpus;

    private SchedulerStepper stepper;
    private final List<SchedUnit> units = new ArrayList<>();
    private int pcpus;
    private int pcpu;
    private int unit;
    private long now;

    @Setup(Level.Iteration)
    public void build() {
        String[] sizes = pcpusAndVcpus.split("/", -1);
        pcpus = Integer.parseInt(sizes[0]);
        int sockets = Math.max(1, pcpus / PCPUS_PER_SOCKET);
        stepper = new SchedulerStepper(new Topology(sockets, pcpus / sockets, 1, sockets), named(scheduler), null);
        units.clear();
        now = 0;
        for (int id = 1; id <= Integer.parseInt(sizes[1]) / VCPUS_PER_DOMAIN; id++) {
            // Reservations that together fit: 16 vCPUs on each pCPU, a twentieth of it for each.
            Map<String, Long> reservation = Map.of("period_us", 20_000L, "budget_us", 1000L, "slice_us", 1000L);
            Domain d = stepper.create(id, "d" + id, VCPUS_PER_DOMAIN, id % 2 == 0 ? 256 : 512, 0, reservation);
            units.addAll(d.units());
        }
        for (SchedUnit u : units) {
            stepper.at(u.pcpu(), ++now);
            stepper.unpause(u);
        }
        for (int round = 0; round < 4; round++) {
            for (int p = 0; p < pcpus; p++) {
                decide(p, SLICE / pcpus);
            }
        }
    }

    private static Scheduler named(String name) {
        return ServiceLoader.load(Scheduler.class).stream()
                .filter(p -> p.type().getAnnotation(Policy.class).name().equals(name))
                .findFirst()
                .orElseThrow()
                .get();
    }

    private SchedUnit decide(int p, long later) {
        now += later;
        stepper.at(p, now);
        SchedUnit next = stepper.decide(p);
        if (stepper.left() != null) {
            stepper.contextSaved(p, stepper.left());
        }
        return next;
    }

    /** A slice of a millisecond has ended: charge, choose, switch. */
    @Benchmark
    public SchedUnit schedule() {
        pcpu = (pcpu + 1) % pcpus;
        return decide(pcpu, SLICE / pcpus);
    }

    /** A slice of 30 ms has ended: credit is gone, so that credit2 resets it and balances the load of runqueues. */
    @Benchmark
    public SchedUnit resetAndBalance() {
        pcpu = (pcpu + 1) % pcpus;
        return decide(pcpu, LONG_SLICE);
    }

    /** Somebody who waits is paused and unpaused: off its queue, back onto it, and whom to tickle. */
    @Benchmark
    public SchedUnit wake() {
        SchedUnit u;
        do {
            unit = (unit + 1) % units.size();
            u = units.get(unit);
        } while (u.isRunning());
        stepper.at(u.pcpu(), ++now);
        stepper.pause(u);
        stepper.unpause(u);
        return u;
    }

    /** Who runs blocks, its pCPU looks for another (in its queue, or in those of others), and it wakes again. */
    @Benchmark
    @OperationsPerInvocation(2)
    public SchedUnit blockAndSteal() {
        pcpu = (pcpu + 1) % pcpus;
        SchedUnit running = stepper.host().current(pcpu);
        if (running != null) {
            stepper.at(pcpu, ++now);
            stepper.block(running);
        }
        SchedUnit next = decide(pcpu, SLICE / pcpus);
        if (running != null) {
            stepper.unblock(running);
        }
        return next;
    }

    /** The policy's own timer that is due first: credit's tick on one pCPU or its accounting, rtds's replenishment. */
    @Benchmark
    public XenTimer timer() {
        XenTimer first = null;
        List<XenTimer> timers = stepper.timers();
        for (int i = 0; i < timers.size(); i++) {
            XenTimer t = timers.get(i);
            if (t.isSet() && (first == null || stepper.dueAt(t) < stepper.dueAt(first))) {
                first = t;
            }
        }
        if (first != null) {
            now = Math.max(now, stepper.dueAt(first));
            stepper.expire(first, now);
        }
        return first;
    }
}
