package org.xenolith.guest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** A small simulation for tests of guests: SliceFifo on some pCPUs, records kept. */
final class Sim {
    static final long MS = 1_000_000;

    /** Whether records are kept. */
    boolean keep = true;

    final List<TraceRecord> records = new ArrayList<>();
    final Hypervisor hypervisor;
    /** How the domains that are added are virtualised. */
    Domain.Type type = Domain.Type.PV;

    private final Map<Integer, DomainLoad> loads = new LinkedHashMap<>();
    private final UnaryOperator<Guest> wrap;

    Sim(int pcpus, String costs, long sliceNanos, UnaryOperator<Guest> wrap) {
        this.wrap = wrap;
        hypervisor = new Hypervisor(
                new MachineConfig(
                        Topology.flat(pcpus), CostProfile.load(costs), 1000, TraceEvent.ALL_CLASSES, 7, "test"),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(pcpus), new SliceFifo(sliceNanos))),
                this::keep,
                null);
    }

    private void keep(TraceRecord r) {
        if (keep) {
            TraceRecord copy = new TraceRecord();
            copy.set(r);
            records.add(copy);
        }
    }

    Domain add(int id, String name, DomainLoad load) {
        loads.put(id, load);
        List<Guest> guests = new ArrayList<>();
        for (Guest g : load.guests()) {
            guests.add(wrap.apply(g));
        }
        return hypervisor.createDomain(
                new DomainConfig(id, name, type, load.memory(), "Pool-0", 256, 0, guests, null, null));
    }

    void start() {
        Workloads.connect(hypervisor, loads);
        hypervisor.domains().forEach(hypervisor::unpause);
    }

    /** Has {@code domain} made of {@code load}, without connecting it. */
    Domain addReplayed(int id, DomainLoad load) {
        Domain domain = add(id, "d" + id, load);
        loads.remove(id);
        return domain;
    }

    /** The demand that the records show from {@code from} on, seen by the recorded machine's {@code costs}. */
    Demand demand(String costs, long from, long to, IntPredicate keep) {
        DemandExtractor extractor = new DemandExtractor(1_000_000_000, CostProfile.load(costs), Map.of(), from, to);
        extractor.accept(mark(0)); // the trace's begin and end
        records.stream().filter(r -> keep.test(r.event)).forEach(extractor::accept);
        extractor.accept(mark(hypervisor.time()));
        return extractor.finish();
    }

    private static TraceRecord mark(long tsc) {
        TraceRecord mark = new TraceRecord();
        mark.event = TraceEvent.Sched.CTL;
        mark.tsc = tsc;
        return mark;
    }

    /** Every change of runstate as text. */
    List<String> schedule() {
        return lines(r -> (r.event & ~0xff0) == TraceEvent.Sched.RUNSTATE_CHANGE);
    }

    List<String> lines() {
        return lines(r -> true);
    }

    /** Every record as text, for comparing runs. */
    private List<String> lines(Predicate<TraceRecord> keep) {
        List<String> lines = new ArrayList<>();
        for (TraceRecord r : records) {
            if (!keep.test(r)) {
                continue;
            }
            StringBuilder line = new StringBuilder().append(r.tsc).append(" c").append(r.cpu);
            line.append(' ').append(Integer.toHexString(r.event));
            for (int i = 0; i < r.words; i++) {
                line.append(' ').append(r.word[i]);
            }
            lines.add(line.toString());
        }
        return lines;
    }

    long count(int event) {
        return records.stream().filter(r -> r.event == event).count();
    }
}
