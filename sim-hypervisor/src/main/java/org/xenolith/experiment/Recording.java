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
import org.xenolith.experiment.report.Timeline;
import org.xenolith.guest.Demand;
import org.xenolith.guest.DemandExtractor;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceRecord;

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
     * @param costs what the recorded hypervisor's work cost, if the description does not say; null if nobody knows
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
        return new Recording(trace, description, first, from, to, costs(trace, description, costs));
    }

    /** System time at which a replay begins, as it was in the recording where that is known, else 0. */
    long beginNanos() {
        return description.uptimeNanos() == 0 ? 0 : description.uptimeNanos() + fromNanos;
    }

    /** System time at which a replay ends. */
    long endNanos() {
        return beginNanos() + toNanos - fromNanos;
    }

    /** What is known of the recorded hypervisor's costs; nothing is known as zero, which counts them as the guests'. */
    private static CostProfile costs(Path trace, TraceDescription description, CostProfile otherwise) {
        if (description.costs().isEmpty()) {
            return otherwise == null ? CostProfile.load("zero") : otherwise;
        }
        try {
            return CostProfile.load(
                    CostProfile.SHIPPED.contains(description.costs())
                            ? description.costs()
                            : trace.resolveSibling(description.costs()).toString());
        } catch (InputException e) {
            throw new InputException(TraceDescription.fileBeside(trace) + ": costs: " + e.getMessage(), e);
        }
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
     * @param timeline what takes the records besides, or null
     */
    CellSummary measure(Cell cell, Timeline timeline) {
        RunMetrics metrics = new RunMetrics(clock, fromTsc(), toTsc(), this::claim, null);
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record) && record.tsc <= toTsc()) {
                metrics.accept(record);
                if (timeline != null) {
                    timeline.accept(record);
                }
            }
        }
        if (timeline != null) {
            timeline.finish(toTsc());
        }
        if (!metrics.anythingRan()) {
            throw new InputException(
                    trace + ": no vCPU ran from " + Durations.format(fromNanos) + " to " + Durations.format(toNanos));
        }
        // Domains that the operator kept paused throughout have no demand, and no place beside the replays.
        List<DomainSummary> domains = metrics.domains(labels()).stream()
                .filter(d -> d.contextSwitches() > 0 || d.wakeups() > 0 || d.cpuPercent() > 0)
                .toList();
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

    /** What a domain was promised: its weight and cap on all pCPUs; null of one that the description does not name. */
    private FluidMeter.Claim claim(int id) {
        return description.domains().stream()
                .filter(d -> d.id() == id)
                .findFirst()
                .map(d -> new FluidMeter.FixedClaim(d.weight(), d.cap(), description.pcpus()))
                .orElse(null);
    }

    /** What limits the figures, a line each. */
    public List<String> notes() {
        List<String> notes = new ArrayList<>(description.assumptions());
        if (costs.name().equals("zero")) {
            notes.add(
                    "the recorded hypervisor's own work is not known and counts as the guests'; --costs names a profile");
        }
        return notes;
    }
}
