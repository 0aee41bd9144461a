package org.xenolith.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.Status;
import org.xenolith.experiment.RunMetrics.DomainLabel;
import org.xenolith.guest.Demand;
import org.xenolith.guest.DemandExtractor;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/** A trace of a real host, or a part of it: what was recorded, and what its vCPUs wanted. */
public final class Recording {
    private final Path trace;
    private final TraceDescription description;
    private final TscClock clock;
    private final long firstTsc;
    private final long fromNanos;
    private final long toNanos;
    private final CostProfile costs;
    private Demand demand;

    private Recording(
            Path trace, TraceDescription description, long firstTsc, long fromNanos, long toNanos, CostProfile costs) {
        this.trace = trace;
        this.description = description;
        this.clock = new TscClock(description.tscHz());
        this.firstTsc = firstTsc;
        this.fromNanos = fromNanos;
        this.toNanos = toNanos;
        this.costs = costs;
    }

    /**
     * Opens a trace.
     *
     * @param fromNanos start of the part, ns since the first record; negative for where the description says that it is
     *     steady, or else the first record
     * @param toNanos end of the part; negative for where the description says, or else the last record
     * @param costs what the recorded hypervisor's work cost; null for what is known of it, which is nothing for a trace
     *     without a description
     * @throws InputException if it is no trace, or has no such part
     */
    public static Recording open(Path trace, long fromNanos, long toNanos, CostProfile costs) {
        TraceDescription description = TraceDescription.load(trace);
        TscClock clock = new TscClock(description.tscHz());
        TraceDescription.SteadyWindow steady = description.steady();
        long from = fromNanos >= 0 ? fromNanos : steady == null ? 0 : steady.fromNanos();
        long to = toNanos >= 0 || steady == null ? toNanos : steady.toNanos();
        long first;
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord record = new TraceRecord();
            if (!reader.next(record)) {
                throw new InputException(trace + ": holds no records");
            }
            first = record.tsc;
            long last = first;
            while ((to < 0 || last - first < clock.toCycles(to)) && reader.next(record)) {
                last = Math.max(last, record.tsc);
            }
            long length = clock.toNanos(last - first);
            if (to < 0) {
                to = length;
            } else if (to > length) {
                throw new InputException(
                        trace + ": ends after " + Durations.format(length) + ", before " + Durations.format(to));
            }
        }
        if (from >= to) {
            throw new InputException(
                    trace + ": nothing lies from " + Durations.format(from) + " to " + Durations.format(to));
        }
        CostProfile known = CostProfile.load(description.assumptions().isEmpty() ? "qemu-icount" : "zero");
        return new Recording(trace, description, first, from, to, costs == null ? known : costs);
    }

    /** The file. */
    public Path trace() {
        return trace;
    }

    /** What is known of it. */
    public TraceDescription description() {
        return description;
    }

    /** Start of the part, ns since the first record. */
    public long fromNanos() {
        return fromNanos;
    }

    /** End of the part, ns since the first record. */
    public long toNanos() {
        return toNanos;
    }

    /** What the recorded hypervisor's work cost, as far as is known. */
    public CostProfile costs() {
        return costs;
    }

    /** Start of the part on the time line of its records. */
    long fromTsc() {
        return firstTsc + clock.toCycles(fromNanos);
    }

    /** End of the part on the time line of its records. */
    long toTsc() {
        return firstTsc + clock.toCycles(toNanos);
    }

    /**
     * What its vCPUs wanted, found at the first call.
     *
     * @throws InputException if nothing ran in it
     */
    public synchronized Demand demand() {
        if (demand == null) {
            demand = DemandExtractor.extract(trace, description, costs, fromNanos, toNanos);
        }
        return demand;
    }

    /** What is known of its domains, {@code d} and the number where there is no name. */
    List<DomainLabel> labels() {
        return description.domains().stream()
                .map(d -> new DomainLabel(d.id(), d.name(), d.weight(), d.cap(), null))
                .toList();
    }

    /**
     * Measures what was recorded.
     *
     * @param recorder what else keeps the records, or null
     */
    CellSummary measure(Cell cell, CellRecorder recorder) {
        RunMetrics metrics = new RunMetrics(clock, fromTsc(), toTsc());
        TraceSink sink = recorder == null ? metrics : recorder.teeRecorded(metrics);
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record) && record.tsc <= toTsc()) {
                sink.accept(record);
            }
        }
        if (recorder != null) {
            recorder.finish(toTsc());
        }
        if (!metrics.anythingRan()) {
            throw new InputException(
                    trace + ": no vCPU ran from " + Durations.format(fromNanos) + " to " + Durations.format(toNanos));
        }
        List<DomainSummary> domains = metrics.domains(labels());
        Map<String, Object> parameters = new TreeMap<>(description.scheduler().parameters());
        return new CellSummary(
                cell.name(),
                description.scheduler().name(),
                parameters,
                cell.seed(),
                Status.RECORDED,
                null,
                fromNanos,
                toNanos,
                domains,
                metrics.pcpus(description.pcpus()),
                metrics.jainFairness(domains));
    }

    /** What limits the figures, a line each. */
    List<String> notes() {
        return new ArrayList<>(description.assumptions());
    }
}
