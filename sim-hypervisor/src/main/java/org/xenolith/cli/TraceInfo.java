package org.xenolith.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.RunningTime;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.Reservation;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** One pass over a trace, and the page that {@code trace info} prints of it. */
final class TraceInfo {
    private static final int TEXT_WIDTH = 86;

    private final Path file;
    private final TraceDescription description;
    private final TscClock clock;
    private final RunningTime whole = new RunningTime();
    private final RunningTime steady;
    private final Map<String, Long> recordsByClass = new TreeMap<>();
    private final TreeSet<Integer> pcpus = new TreeSet<>();
    private long records;
    private long lost;
    private final List<String> remarks = new ArrayList<>();

    TraceInfo(Path file) {
        this.file = file;
        description = TraceDescription.load(file);
        clock = new TscClock(description.tscHz());
        steady = description.steady() == null
                ? null
                : new RunningTime(
                        clock.toCycles(description.steady().fromNanos()),
                        clock.toCycles(description.steady().toNanos()));
        try (MergedReader reader = MergedReader.open(file)) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                take(record);
            }
            lost = reader.lostRecords();
            remarks.addAll(reader.remarks());
        }
        whole.finish();
        if (steady != null) {
            steady.finish();
            if (clock.toNanos(whole.length()) < description.steady().toNanos()) {
                remarks.add("the steady window ends after the trace");
            }
        }
        if (records == 0) {
            remarks.add("the trace holds no records");
        }
    }

    private void take(TraceRecord record) {
        records++;
        pcpus.add(record.cpu);
        recordsByClass.merge(TraceEvent.className(record.event), 1L, Long::sum);
        whole.accept(record);
        if (steady != null) {
            steady.accept(record);
        }
    }

    void print(PrintWriter out) {
        line(out, "trace", file.toString());
        line(out, "title", description.title());
        line(out, "provenance", description.provenance());
        line(out, "hypervisor", description.hypervisor());
        line(out, "scheduler", scheduler());
        line(out, "costs", description.costs());
        line(out, "clock", description.tscHz() / 1_000_000 + " MHz");
        line(out, "duration", String.format(Locale.ROOT, "%.6f s", clock.toNanos(whole.length()) / 1e9));
        if (steady != null) {
            line(
                    out,
                    "steady",
                    String.format(
                            Locale.ROOT,
                            "%.6f to %.6f s since the first record",
                            description.steady().from(),
                            description.steady().to()));
        }
        line(out, "pCPUs", pcpus());
        line(
                out,
                "records",
                String.format(Locale.ROOT, "%,d (", records)
                        + recordsByClass.entrySet().stream()
                                .map(e -> String.format(Locale.ROOT, "%s %,d", e.getKey(), e.getValue()))
                                .collect(Collectors.joining(", "))
                        + String.format(Locale.ROOT, "), %,d lost", lost));
        out.println();
        domains(out);
        if (!description.assumptions().isEmpty() || !remarks.isEmpty()) {
            out.println();
        }
        description.assumptions().forEach(assumption -> line(out, "assumed", assumption));
        remarks.forEach(remark -> line(out, "remark", remark));
    }

    private String scheduler() {
        String parameters = description.scheduler().parameters().entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue())
                .collect(Collectors.joining(", "));
        return description.scheduler().name() + (parameters.isEmpty() ? "" : ": " + parameters);
    }

    private String pcpus() {
        String seen = pcpus.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return description.pcpus() + (pcpus.size() == description.pcpus() ? "" : ", of which recorded: " + seen);
    }

    /** The table of domains: CPU in percent of one pCPU by the trace's runstates, and by the hypervisor's account. */
    private void domains(PrintWriter out) {
        out.printf(
                "%-6s %-12s %5s %6s %4s %8s %8s %8s  %s%n",
                "domain", "name", "vCPUs", "weight", "cap", "whole %", "steady %", "measured", "work");
        TreeSet<Integer> ids = new TreeSet<>(whole.cyclesByDomain().keySet());
        description.domains().forEach(domain -> ids.add(domain.id()));
        for (int id : ids) {
            DomainDescription domain = description.domain(id);
            boolean idle = id == TraceEvent.IDLE_DOMAIN;
            out.printf(
                    "%-6s %-12s %5s %6s %4s %8s %8s %8s  %s%n",
                    idle ? "-" : String.valueOf(id),
                    idle ? "(idle)" : domain == null ? "?" : domain.name(),
                    domain == null ? "" : String.valueOf(domain.vcpus()),
                    domain == null || domain.rtds() != null ? "" : String.valueOf(domain.weight()),
                    domain == null || domain.rtds() != null ? "" : domain.cap() == 0 ? "none" : domain.cap() + "%",
                    percent(whole.percent(id)),
                    steady == null ? "" : percent(steady.percent(id)),
                    domain == null || domain.measuredPercent() == null ? "" : percent(domain.measuredPercent()),
                    domain == null ? "" : work(domain));
        }
    }

    private static String work(DomainDescription domain) {
        Reservation rtds = domain.rtds();
        if (rtds == null) {
            return domain.workload();
        }
        return domain.workload() + " (" + rtds.budgetMicros() + " of every " + rtds.periodMicros() + " us"
                + (rtds.extratime() ? ", extratime)" : ")");
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }

    /** One entry, wrapped under its own beginning; nothing where there is nothing to say. */
    private static void line(PrintWriter out, String name, String text) {
        if (text.isBlank()) {
            return;
        }
        StringBuilder line = new StringBuilder(String.format("%-11s", name));
        int width = 0;
        for (String word : text.strip().split("\\s+", -1)) {
            if (width > 0 && width + 1 + word.length() > TEXT_WIDTH) {
                out.println(line.toString().stripTrailing());
                line = new StringBuilder(" ".repeat(11));
                width = 0;
            }
            line.append(' ').append(word);
            width += 1 + word.length();
        }
        out.println(line);
    }
}
