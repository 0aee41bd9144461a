package org.xenolith.notebook;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Durations;
import org.xenolith.experiment.report.Timeline;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.SteadyWindow;
import org.xenolith.trace.TraceRecord;

/** A trace of a real host, read to its end. */
public final class LoadedTrace {
    private final Path file;
    private final TraceDescription description;
    private final Timeline timeline = new Timeline();
    private final TscClock clock;
    private long records;

    LoadedTrace(Path file) {
        this.file = file;
        this.description = TraceDescription.load(file);
        this.clock = new TscClock(description.tscHz());
        TraceRecord record = new TraceRecord();
        try (MergedReader reader = MergedReader.open(file)) {
            while (reader.next(record)) {
                timeline.accept(record);
                records++;
            }
        }
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** What is known of it besides its records. */
    public TraceDescription description() {
        return description;
    }

    /** How many records it holds. */
    public long records() {
        return records;
    }

    /** Who was in which runstate when. */
    public Timeline timeline() {
        return timeline;
    }

    /** How long it is, ns. */
    public long lengthNanos() {
        return clock.toNanos(timeline.endTsc() - timeline.startTsc());
    }

    /** What is in it, as a page. */
    public Figure describe() {
        String parameters = description.scheduler().parameters().entrySet().stream()
                .map(p -> ", " + p.getKey() + " " + p.getValue())
                .collect(Collectors.joining());
        SteadyWindow steady = description.steady();
        String window = steady == null
                ? ""
                : ", steady from " + Durations.format(steady.fromNanos()) + " to " + Durations.format(steady.toNanos());
        List<List<String>> rows =
                description.domains().stream().map(LoadedTrace::row).toList();
        return Figure.html("<p><b>" + Html.escape(description.title()) + "</b><br>"
                + Html.escape(String.format(
                        Locale.ROOT,
                        "%s, %d pCPU%s, %s%s: %,d records in %s%s.",
                        description.hypervisor().isEmpty() ? "Xen" : description.hypervisor(),
                        description.pcpus(),
                        description.pcpus() == 1 ? "" : "s",
                        description.scheduler().name(),
                        parameters,
                        records,
                        Durations.format(lengthNanos()),
                        window))
                + description.assumptions().stream()
                        .map(a -> "<br>Assumed: " + Html.escape(a))
                        .collect(Collectors.joining())
                + "</p>"
                + Html.table(List.of("domain", "#vCPUs", "#weight", "#cap", "#CPU % measured", "what it does"), rows));
    }

    private static List<String> row(DomainDescription d) {
        return List.of(
                d.name(),
                Integer.toString(d.vcpus()),
                Integer.toString(d.weight()),
                d.cap() == 0 ? "–" : d.cap() + " %",
                d.measuredPercent() == null ? "–" : String.format(Locale.ROOT, "%.2f", d.measuredPercent()),
                d.workload());
    }

    /**
     * Who ran when.
     *
     * @param fromMillis where the picture begins, ms since the steady part did
     * @param lengthMillis how much it shows, ms
     */
    public Figure gantt(double fromMillis, double lengthMillis) {
        long steady = description.steady() == null ? 0 : description.steady().fromNanos();
        Map<Integer, String> names = description.domains().stream()
                .collect(Collectors.toMap(DomainDescription::id, DomainDescription::name));
        long origin = timeline.startTsc() + clock.toCycles(steady);
        return Gantt.draw(List.of(new Lane("recorded", timeline, clock, origin, names)), fromMillis, lengthMillis);
    }

    /** How often the vCPUs of a domain went from one runstate to another, as a graph. */
    public Figure transitions(String domain) {
        return description.domains().stream()
                .filter(d -> d.name().equals(domain))
                .findFirst()
                .map(d -> Transitions.draw(timeline, d.id()))
                .orElseThrow(() -> new InputException(file + ": no domain '" + domain + "'; there are "
                        + description.domains().stream()
                                .map(DomainDescription::name)
                                .collect(Collectors.joining(", "))));
    }

    @Override
    public String toString() {
        return file.getFileName() + ": " + description.title();
    }
}
