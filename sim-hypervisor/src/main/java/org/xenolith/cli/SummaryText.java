package org.xenolith.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.xenolith.cli.TextTable.Group;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.Budgets;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.PcpuSummary;
import org.xenolith.experiment.Differences;
import org.xenolith.experiment.Durations;

/** Prints what an experiment came to: a table of domains, one of pCPUs, and what differs. */
final class SummaryText {
    private static final String NONE = "-";

    /** More pCPUs than this are summed up in one line a cell. */
    private static final int MOST_PCPU_LINES = 8;

    private final List<CellSummary> cells;

    SummaryText(List<CellSummary> cells) {
        this.cells = cells;
    }

    void print(PrintWriter out) {
        if (cells.stream().anyMatch(c -> !c.domains().isEmpty())) {
            print(domains().lines(), out);
            out.println();
            print(pcpus().lines(), out);
            out.println();
        }
        print(Differences.of(cells), out);
        print(notes(), out);
    }

    /** Names come from files of others; what a terminal might take for a command is not printed. */
    private static void print(List<String> lines, PrintWriter out) {
        lines.forEach(line -> out.println(line.replaceAll("\\p{Cntrl}", "?")));
    }

    private TextTable domains() {
        boolean reserved = cells.stream().flatMap(c -> c.domains().stream()).anyMatch(d -> d.budgets() != null);
        TextTable table = new TextTable(2);
        table.groups(groups(reserved));
        List<String> head =
                new ArrayList<>(List.of("scheduler", "domain", "weight", "cap", "CPU %", "points", "at most"));
        head.addAll(reserved ? List.of("missed", "at most") : List.of());
        head.addAll(List.of("p50", "p99", "max", "p50", "max", "preempted", "switched in", "migrated"));
        table.row(head.toArray(String[]::new));
        for (CellSummary cell : cells) {
            table.gap();
            String name = cell.name();
            if (cell.domains().isEmpty()) {
                table.row(name, cell.status().toString());
            }
            for (DomainSummary d : cell.domains()) {
                table.row(row(name, d, reserved).toArray(String[]::new));
                name = "";
            }
        }
        return table;
    }

    private static Group[] groups(boolean reserved) {
        List<Group> groups = new ArrayList<>(List.of(new Group("", 5), new Group("from the fluid ideal", 2)));
        groups.addAll(reserved ? List.of(new Group("budgets", 2)) : List.of());
        groups.addAll(List.of(new Group("wake-to-run latency", 3), new Group("run length", 2), new Group("times", 3)));
        return groups.toArray(Group[]::new);
    }

    private static List<String> row(String cell, DomainSummary d, boolean reserved) {
        List<String> row = new ArrayList<>(List.of(
                cell,
                d.name(),
                Integer.toString(d.weight()),
                d.cap() == 0 ? NONE : d.cap() + " %",
                String.format(Locale.ROOT, "%.2f", d.cpuPercent()),
                d.fluidPercent() == null
                        ? NONE
                        : String.format(Locale.ROOT, "%+.2f", d.cpuPercent() - d.fluidPercent()),
                time(d.farthestFromFluidNanos())));
        Budgets b = d.budgets();
        if (reserved) {
            row.add(b == null ? NONE : count(b.missed()) + " of " + count(b.periods()));
            row.add(b == null ? NONE : time(b.shortfallNanos()));
        }
        row.addAll(List.of(
                time(d.wakeLatencyNanos().p50()),
                time(d.wakeLatencyNanos().p99()),
                time(d.wakeLatencyNanos().max()),
                time(d.runLengthNanos().p50()),
                time(d.runLengthNanos().max()),
                count(d.preemptions()),
                count(d.contextSwitches()),
                count(d.migrations())));
        return row;
    }

    private TextTable pcpus() {
        TextTable table = new TextTable(1);
        table.row("scheduler", "pCPU", "guest %", "hypervisor %", "idle %", "Jain's fairness");
        for (CellSummary cell : cells) {
            String name = cell.name();
            String fairness =
                    cell.jainFairness() == null ? NONE : String.format(Locale.ROOT, "%.4f", cell.jainFairness());
            for (PcpuSummary p : cell.pcpus().size() <= MOST_PCPU_LINES ? cell.pcpus() : List.of(mean(cell.pcpus()))) {
                table.row(
                        name,
                        cell.pcpus().size() <= MOST_PCPU_LINES
                                ? Integer.toString(p.id())
                                : "0-" + (cell.pcpus().size() - 1),
                        percent(p.guestPercent()),
                        percent(p.hypervisorPercent()),
                        percent(p.idlePercent()),
                        fairness);
                name = "";
                fairness = "";
            }
        }
        return table;
    }

    private static PcpuSummary mean(List<PcpuSummary> pcpus) {
        boolean split = pcpus.stream().allMatch(p -> p.hypervisorPercent() != null);
        return new PcpuSummary(
                0,
                pcpus.stream().mapToDouble(PcpuSummary::guestPercent).average().orElse(0),
                split
                        ? (Double) pcpus.stream()
                                .mapToDouble(PcpuSummary::hypervisorPercent)
                                .average()
                                .orElse(0)
                        : null,
                pcpus.stream().mapToDouble(PcpuSummary::idlePercent).average().orElse(0));
    }

    private static String percent(Double value) {
        return value == null ? NONE : String.format(Locale.ROOT, "%.2f", value);
    }

    private static String time(Long nanos) {
        return nanos == null ? NONE : Durations.format(nanos);
    }

    private static String count(long n) {
        return String.format(Locale.ROOT, "%,d", n);
    }

    /** What the figures do not say by themselves: each note once, with the domains that it is about. */
    private List<String> notes() {
        Map<String, String> noteOf = new LinkedHashMap<>();
        Map<String, Set<String>> domainsOf = new LinkedHashMap<>();
        List<String> counted = new ArrayList<>();
        for (CellSummary cell : cells) {
            for (DomainSummary d : cell.domains()) {
                if (d.note() != null) {
                    // Notes of two cells that differ but in a number are told once, with the first one's.
                    String kind = d.note().replaceAll("[0-9.]+", "0");
                    noteOf.putIfAbsent(kind, d.note());
                    domainsOf.computeIfAbsent(kind, k -> new LinkedHashSet<>()).add(d.name());
                }
                if (!d.counters().isEmpty()) {
                    counted.add(cell.name() + ": " + d.name() + " counted " + counters(d.counters()));
                }
            }
        }
        List<String> lines = new ArrayList<>();
        domainsOf.forEach(
                (kind, domains) -> lines.add("note: " + String.join(", ", domains) + ": " + noteOf.get(kind)));
        lines.addAll(counted);
        return lines;
    }

    private static String counters(Map<String, Long> counters) {
        return counters.entrySet().stream()
                .map(c -> c.getKey().endsWith("Nanos")
                        ? c.getKey().replaceFirst("Nanos$", "") + " " + Durations.format(Math.max(0, c.getValue()))
                        : c.getKey() + " " + count(c.getValue()))
                .collect(Collectors.joining(", "));
    }
}
