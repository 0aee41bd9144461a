package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.xenolith.guest.TinyKernel;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** A few domains of one vCPU on one pCPU, on which nothing costs time, and who ran from when to when. */
final class Played {
    /**
     * A run without a break.
     *
     * @param who the domain, 1 for the first
     * @param from ns
     * @param to ns
     */
    record Run(int who, long from, long to) {}

    /** All runs in order. */
    final List<Run> runs = new ArrayList<>();

    /** The hypervisor, for what the toolstack does. */
    final Hypervisor xen;

    private final CostProfile costs = CostProfile.load("zero");
    private int running;
    private long since;
    private int domains;

    Played(Scheduler scheduler) {
        xen = new Hypervisor(
                new MachineConfig(Topology.flat(1), costs, 1000, TraceEvent.Sched.CLASS, 1, "played"),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(1), scheduler)),
                this::accept,
                null);
    }

    /** Adds a domain that begins at 0. */
    Domain add(int weight, Map<String, Long> parameters, Workload workload) {
        FlatMemory memory = new FlatMemory(TinyKernel.ARGUMENT_BYTES);
        int id = ++domains;
        Domain domain = xen.createDomain(new DomainConfig(
                id,
                "d" + id,
                Domain.Type.PV,
                memory,
                "Pool-0",
                weight,
                0,
                List.of(new TinyKernel(workload, memory, 0)),
                null,
                null,
                List.of(parameters)));
        xen.at(0, () -> xen.unpause(domain));
        return domain;
    }

    /** A domain that computes for ever. */
    Domain spin(int weight, Map<String, Long> parameters) {
        return add(weight, parameters, Workload.Task::computeForever);
    }

    /** A domain that works and sleeps in turn, sleeping first. */
    Domain sleeper(long sleepMillis, long workMillis, Map<String, Long> parameters) {
        return add(256, parameters, new Workload() {
            private boolean slept;

            @Override
            public void next(Task task) {
                slept = !slept;
                if (slept) {
                    task.sleepFor(sleepMillis * 1_000_000);
                } else {
                    task.compute(task.cycles(workMillis * 1_000_000));
                }
            }
        });
    }

    /** Lets it run until {@code millis} ms have passed. */
    Played until(long millis) {
        xen.run(xen.clock().toCycles(millis * 1_000_000));
        switchTo(0, millis * 1_000_000);
        return this;
    }

    /** ns that domain {@code who} ran from {@code from} to {@code to}, ns. */
    long ran(int who, long from, long to) {
        return runs.stream()
                .filter(r -> r.who() == who)
                .mapToLong(r -> Math.max(0, Math.min(r.to(), to) - Math.max(r.from(), from)))
                .sum();
    }

    /** ns that domain {@code who} ran. */
    long ran(int who) {
        return runs.stream()
                .filter(r -> r.who() == who)
                .mapToLong(r -> r.to() - r.from())
                .sum();
    }

    /** The runs from {@code fromMillis} on, in tenths of a millisecond, such as {@code 1:5.0 2:10.0}. */
    String from(long fromMillis) {
        StringBuilder text = new StringBuilder();
        for (Run r : runs) {
            if (r.from() >= fromMillis * 1_000_000) {
                text.append(text.length() == 0 ? "" : " ")
                        .append(String.format(Locale.ROOT, "%d:%.1f", r.who(), (r.to() - r.from()) / 1e6));
            }
        }
        return text.toString();
    }

    private void accept(TraceRecord r) {
        if (r.event == TraceEvent.Sched.SWITCH) {
            switchTo(
                    r.word[2] == Hypervisor.IDLE_DOMAIN ? 0 : r.word[2],
                    xen.clock().toNanos(r.tsc));
        }
    }

    /** Domain {@code who} (0 for idle) runs from now on; runs of less than 10 us do not count. */
    private void switchTo(int who, long now) {
        if (running != 0 && now - since >= 10_000) {
            runs.add(new Run(running, since, now));
        }
        running = who;
        since = now;
    }
}
