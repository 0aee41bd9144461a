package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.PcpuSummary;
import org.xenolith.experiment.CellSummary.VcpuSummary;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Measures a run from its trace records alone, inside a window: the same for a simulated run and for one recorded on a real
 * host. Only runstate changes count ({@code 0x21001} with the old and the new runstate in its number).
 *
 * <p>A vCPU's first record tells what it did before, so time before it counts; a run or a wait whose beginning is not in the
 * trace has no length, nor one in which records were lost (the old runstate is not the one entered last). What {@link CellSummary} says of each figure is the definition.
 *
 * <p>The fairness index is that of Jain, Chiu and Hawe: A quantitative measure of fairness and discrimination for resource
 * allocation in shared computer systems, DEC TR-301, 1984.
 */
public final class RunMetrics implements TraceSink {
    /** The most vCPUs of one trace; more means that it is none. */
    private static final int MOST_VCPUS = 16384;

    private static final double PERCENT = 100.0;

    private final TscClock clock;
    private final long from;
    private final long to;

    /** By domain and vCPU as records carry them; never iterated but sorted. */
    private final Map<Integer, VcpuMeter> meters = new HashMap<>();

    private final FluidMeter fluid;

    /** Null if nothing is reserved for anyone. */
    private final DeadlineMeter deadlines;

    private int lastKey = -1;
    private VcpuMeter last;

    /** By pCPU: when the idle vCPU began to run there (negative: it does not), and for how long it did. */
    private long[] idleSince = new long[0];

    private long[] idleCycles = new long[0];

    /** By pCPU: whether its idle vCPU's runstate is known. */
    private boolean[] idleKnown = new boolean[0];

    private boolean finished;

    /**
     * What is to be known of a domain besides its records.
     *
     * @param id its id
     * @param name its name
     * @param weight its weight
     * @param cap its cap, percent of one pCPU, 0 for none
     * @param note what the table is to say of it, or null
     * @param counters what its workload counted, by name
     */
    public record DomainLabel(int id, String name, int weight, int cap, String note, Map<String, Long> counters) {
        /** A domain without counters. */
        public DomainLabel(int id, String name, int weight, int cap, String note) {
            this(id, name, weight, cap, note, Map.of());
        }
    }

    /**
     * Measures the window [{@code from}, {@code to}), in cycles of {@code clock}, on the time line of the records.
     *
     * @throws IllegalArgumentException if the window is empty
     */
    public RunMetrics(TscClock clock, long from, long to) {
        this(clock, from, to, id -> null, null);
    }

    /**
     * Measures the window, and how far each domain is from what it was promised.
     *
     * @param claims what the domain of an id is promised; null as long as nobody knows
     * @param reserved what is reserved for its vCPUs, likewise; null if nothing is for anyone. If there is something, the records'
     *     time line is system time
     */
    RunMetrics(
            TscClock clock,
            long from,
            long to,
            IntFunction<FluidMeter.Claim> claims,
            IntFunction<DeadlineMeter.Claim> reserved) {
        if (from >= to) {
            throw new IllegalArgumentException("the window is empty: " + from + " to " + to);
        }
        this.clock = clock;
        this.from = from;
        this.to = to;
        this.fluid = new FluidMeter(claims, from, to);
        this.deadlines = reserved == null ? null : new DeadlineMeter(reserved, clock::toNanos, from, to);
    }

    @Override
    public void accept(TraceRecord record) {
        if (!TraceEvent.isRunstateChange(record.event) || record.words < 1) {
            return;
        }
        int key = record.word[0];
        int oldState = TraceEvent.oldRunstate(record.event);
        int newState = TraceEvent.newRunstate(record.event);
        if (TraceEvent.domainOf(key) == TraceEvent.IDLE_DOMAIN) {
            idle(record.cpu, oldState, newState, record.tsc);
            return;
        }
        if (key != lastKey || last == null) {
            last = meter(key);
            lastKey = key;
        }
        last.change(oldState, newState, record.tsc, record.cpu);
        fluid.accept(record);
        if (deadlines != null) {
            deadlines.accept(record);
        }
    }

    private VcpuMeter meter(int key) {
        VcpuMeter meter = meters.get(key);
        if (meter == null) {
            if (meters.size() == MOST_VCPUS) {
                throw new InputException("more than " + MOST_VCPUS + " vCPUs: the trace is damaged");
            }
            meter = new VcpuMeter(clock, from, to);
            meters.put(key, meter);
        }
        return meter;
    }

    private void idle(int cpu, int oldState, int newState, long tsc) {
        growTo(cpu + 1);
        if (!idleKnown[cpu]) {
            idleKnown[cpu] = true;
            idleSince[cpu] = oldState == TraceEvent.RUNSTATE_RUNNING ? from : -1;
        }
        if (idleSince[cpu] >= 0) {
            idleCycles[cpu] += Math.max(0, Math.min(tsc, to) - Math.max(idleSince[cpu], from));
        }
        idleSince[cpu] = newState == TraceEvent.RUNSTATE_RUNNING ? tsc : -1;
    }

    private void growTo(int pcpus) {
        if (pcpus > idleSince.length) {
            idleSince = Arrays.copyOf(idleSince, pcpus);
            idleCycles = Arrays.copyOf(idleCycles, pcpus);
            idleKnown = Arrays.copyOf(idleKnown, pcpus);
        }
    }

    /** Closes the window: whatever goes on goes on up to its end. No record may follow. */
    public void finish() {
        if (!finished) {
            finished = true;
            meters.values().forEach(VcpuMeter::finish);
            for (int cpu = 0; cpu < idleSince.length; cpu++) {
                if (idleKnown[cpu] && idleSince[cpu] >= 0) {
                    idleCycles[cpu] += Math.max(0, to - Math.max(idleSince[cpu], from));
                }
            }
        }
    }

    /** Whether some vCPU ran in the window. */
    public boolean anythingRan() {
        finish();
        return meters.values().stream().anyMatch(meter -> meter.runningCycles() > 0);
    }

    /**
     * The domains by id: those in {@code labels}, and every other that has records.
     *
     * @param labels what is known of domains; one that has no label is named {@code d} and its id, with weight 256
     */
    public List<DomainSummary> domains(List<DomainLabel> labels) {
        finish();
        SortedMap<Integer, DomainLabel> known = new TreeMap<>();
        SortedMap<Integer, SortedMap<Integer, VcpuMeter>> vcpus = new TreeMap<>();
        labels.forEach(label -> {
            known.put(label.id(), label);
            vcpus.put(label.id(), new TreeMap<>());
        });
        meters.forEach((key, meter) -> vcpus.computeIfAbsent(TraceEvent.domainOf(key), id -> new TreeMap<>())
                .put(TraceEvent.vcpuOf(key), meter));
        List<DomainSummary> domains = new ArrayList<>();
        vcpus.forEach((id, members) -> {
            DomainLabel label = known.getOrDefault(id, new DomainLabel(id, "d" + id, 256, 0, null));
            domains.add(summarise(label, members));
        });
        return domains;
    }

    private DomainSummary summarise(DomainLabel label, SortedMap<Integer, VcpuMeter> members) {
        Distribution latencies = new Distribution();
        Distribution runs = new Distribution();
        List<VcpuSummary> vcpus = new ArrayList<>();
        members.forEach((id, m) -> {
            latencies.addAll(m.latencies);
            runs.addAll(m.runs);
            vcpus.add(new VcpuSummary(
                    id,
                    percent(m.runningCycles()),
                    m.switches,
                    m.migrations,
                    m.preemptions,
                    m.wakeups,
                    m.isBacklogged(),
                    m.latencies.asLatency(),
                    m.runs.asRunLength()));
        });
        Long farthest = fluid.farthestCycles(label.id());
        return new DomainSummary(
                label.name(),
                label.id(),
                label.weight(),
                label.cap(),
                percent(members.values().stream()
                        .mapToLong(VcpuMeter::runningCycles)
                        .sum()),
                fluid.duePercent(label.id()),
                farthest == null ? null : clock.toNanos(farthest),
                deadlines == null ? null : deadlines.budgets(label.id()),
                members.values().stream().mapToLong(m -> m.switches).sum(),
                members.values().stream().mapToLong(m -> m.migrations).sum(),
                members.values().stream().mapToLong(m -> m.preemptions).sum(),
                members.values().stream().mapToLong(m -> m.wakeups).sum(),
                isBacklogged(members),
                note(label),
                label.counters(),
                latencies.asLatency(),
                runs.asRunLength(),
                vcpus);
    }

    private String note(DomainLabel label) {
        String excess = deadlines == null ? null : deadlines.excess(label.id());
        if (label.note() == null) {
            return excess;
        }
        return excess == null ? label.note() : label.note() + "; " + excess;
    }

    private static boolean isBacklogged(SortedMap<Integer, VcpuMeter> members) {
        return members.values().stream().anyMatch(VcpuMeter::isBacklogged)
                && members.values().stream().noneMatch(VcpuMeter::hasBlocked);
    }

    private double percent(long cycles) {
        return PERCENT * cycles / (to - from);
    }

    /** pCPUs 0 to {@code count} - 1 as far as records tell: idle, and everything else as guest. */
    public List<PcpuSummary> pcpus(int count) {
        finish();
        growTo(count);
        List<PcpuSummary> pcpus = new ArrayList<>();
        for (int cpu = 0; cpu < count; cpu++) {
            double idle = percent(idleCycles[cpu]);
            pcpus.add(new PcpuSummary(cpu, PERCENT - idle, null, idle));
        }
        return pcpus;
    }

    /**
     * Jain's fairness index over CPU per weight, of the domains among {@code domains} that were backlogged and that no cap
     * held back (they spent no time OFFLINE under one); null if they are fewer than two.
     */
    public Double jainFairness(List<DomainSummary> domains) {
        double sum = 0;
        double squares = 0;
        int n = 0;
        for (DomainSummary domain : domains) {
            if (domain.backlogged() && !(domain.cap() > 0 && wasOffline(domain.id()))) {
                double share = domain.cpuPercent() / domain.weight();
                sum += share;
                squares += share * share;
                n++;
            }
        }
        return n < 2 ? null : sum * sum / (n * squares);
    }

    private boolean wasOffline(int domain) {
        return meters.entrySet().stream()
                .anyMatch(e -> TraceEvent.domainOf(e.getKey()) == domain
                        && e.getValue().offlineCycles() > 0);
    }
}
