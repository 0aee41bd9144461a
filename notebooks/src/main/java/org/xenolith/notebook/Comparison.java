package org.xenolith.notebook;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.CellResult;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.Status;
import org.xenolith.experiment.Differences;
import org.xenolith.experiment.Durations;
import org.xenolith.experiment.Recording;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.Scenario;
import org.xenolith.machine.TscClock;

/** What replays of one trace came to, beside what was recorded. */
public final class Comparison {
    private static final List<String> COLUMNS = List.of(
            "scheduler",
            "domain",
            "#weight",
            "#cap",
            "#CPU %",
            "#wake to run, p50",
            "#p99",
            "#max",
            "#run length, p50",
            "#max",
            "#preempted",
            "#switched in");

    private static final String NONE = "–";
    private static final double NANOS_IN_MILLI = 1e6;

    private final Scenario scenario;
    private final RunFolder folder;
    private final List<CellResult> results;

    Comparison(Scenario scenario, RunFolder folder, List<CellResult> results) {
        this.scenario = scenario;
        this.folder = folder;
        this.results = results;
    }

    /** The figures of all runs, the recorded one first. */
    public List<CellSummary> cells() {
        return results.stream().map(CellResult::summary).toList();
    }

    /**
     * The figures of one run.
     *
     * @throws InputException if there is none of that name
     */
    public CellSummary cell(String name) {
        return cells().stream()
                .filter(cell -> cell.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InputException("no run '" + name + "'; there are "
                        + cells().stream().map(CellSummary::name).collect(Collectors.joining(", "))));
    }

    /** The page in which the runs can be looked at closely, with a browser. */
    public Path report() {
        return folder.report().toAbsolutePath();
    }

    /** Every domain under every scheduler, and in a line for each what differs. */
    public Figure table() {
        List<List<String>> rows = new ArrayList<>();
        for (CellSummary cell : cells()) {
            cell.domains().forEach(domain -> rows.add(row(cell.name(), domain)));
        }
        StringBuilder out = new StringBuilder(Html.table(COLUMNS, rows));
        for (CellSummary cell : cells()) {
            if (cell.status() != Status.OK && cell.status() != Status.RECORDED) {
                out.append("<p><b>").append(Html.escape(cell.name() + " " + cell.status()));
                out.append("</b> ")
                        .append(Html.escape(Objects.toString(cell.error(), "")))
                        .append("</p>");
            }
        }
        out.append("<p>")
                .append(Differences.of(cells()).stream().map(Html::escape).collect(Collectors.joining("<br>")))
                .append("</p>");
        return Figure.html(out.toString());
    }

    private static List<String> row(String scheduler, DomainSummary d) {
        return List.of(
                scheduler,
                d.name(),
                Integer.toString(d.weight()),
                d.cap() == 0 ? NONE : d.cap() + " %",
                String.format(Locale.ROOT, "%.2f", d.cpuPercent()),
                time(d.wakeLatencyNanos().p50()),
                time(d.wakeLatencyNanos().p99()),
                time(d.wakeLatencyNanos().max()),
                time(d.runLengthNanos().p50()),
                time(d.runLengthNanos().max()),
                String.format(Locale.ROOT, "%,d", d.preemptions()),
                String.format(Locale.ROOT, "%,d", d.contextSwitches()));
    }

    private static String time(Long nanos) {
        return nanos == null ? NONE : Durations.format(nanos);
    }

    /**
     * Who ran when, run under run.
     *
     * @param fromMillis where the picture begins, ms since the part that was measured did
     * @param lengthMillis how much it shows, ms
     * @throws InputException if that is nothing, or too much to draw
     */
    public Figure gantt(double fromMillis, double lengthMillis) {
        return Gantt.draw(
                results.stream()
                        .filter(result -> result.timeline() != null)
                        .map(this::lane)
                        .toList(),
                fromMillis,
                lengthMillis);
    }

    private Lane lane(CellResult result) {
        CellSummary summary = result.summary();
        Map<Integer, String> names =
                summary.domains().stream().collect(Collectors.toMap(DomainSummary::id, DomainSummary::name));
        Recording recording = scenario.replay();
        TscClock clock = new TscClock(
                result.cell().isRecorded()
                        ? recording.description().tscHz()
                        : scenario.costs().tscHertz());
        long zero = result.cell().isRecorded() ? result.timeline().startTsc() : 0;
        long origin = zero + clock.toCycles(summary.fromNanos());
        return new Lane(summary.name(), result.timeline(), clock, origin, names);
    }

    /** The CPU time of each domain, in percent of one pCPU, as bars. */
    public Figure shares() {
        return Bars.draw("CPU time by domain", "percent of one pCPU", cells(), DomainSummary::cpuPercent);
    }

    /** The 99th percentile of each domain's wake-to-run latency, as bars. */
    public Figure latencies() {
        return Bars.draw("How long a domain waits to run after it wakes (p99)", "ms", cells(), domain -> {
            Long p99 = domain.wakeLatencyNanos().p99();
            return p99 == null ? null : (Double) (p99 / NANOS_IN_MILLI);
        });
    }
}
