package org.xenolith.experiment.report;

import static org.xenolith.experiment.report.Html.escape;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.Budgets;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.PcpuSummary;

/** The tables of a report, as real HTML: cells, domains by cell and pCPUs by cell. */
final class ReportTables {
    private static final String DOMAIN_HEAD =
            """
            <table><caption>Domains</caption><thead>
            <tr><td rowspan="2"></td><th scope="col" class="number" rowspan="2">CPU %%</th>
            <th scope="colgroup" colspan="2"><span>From the fluid ideal</span></th>
            %s<th scope="colgroup" colspan="3"><span>Wake to run</span></th>
            <th scope="colgroup" colspan="2"><span>Run length</span></th>
            <th scope="col" class="number" rowspan="2">Preemptions</th>
            <th scope="col" class="number" rowspan="2">Context switches</th>
            <th scope="col" class="number" rowspan="2">Migrations</th>
            """;
    private static final String BUDGETS_HEAD =
            """
            <th scope="colgroup" colspan="2"><span>Budgets <abbr title="Periods in which a vCPU that wanted to run throughout got less \
            than 98 % of what is reserved for it, of all such periods, and the largest shortfall. An optimum misses none.">missed</abbr>\
            </span></th>
            """;
    private static final String BUDGETS_SUBHEAD =
            """
            <th scope="col" class="number">times</th><th scope="col" class="number">at most</th>
            """;
    private static final String COUNTED_HEAD = "<th scope=\"col\" rowspan=\"2\">Its workload counted</th>";
    private static final String DOMAIN_SUBHEAD =
            """
            <tr><th scope="col" class="number">points</th><th scope="col" class="number">at most</th>
            %s<th scope="col" class="number">p50</th><th scope="col" class="number">p99</th>
            <th scope="col" class="number">max</th>
            <th scope="col" class="number">p50</th><th scope="col" class="number">max</th></tr></thead>
            """;

    private static final String NANOS = "Nanos";

    private final List<ReportCell> cells;

    ReportTables(List<ReportCell> cells) {
        this.cells = cells;
    }

    /** The mark by which a cell is known throughout the report: A to Z, then A1 and so on. */
    static String mark(int cell) {
        String letter = String.valueOf((char) ('A' + cell % 26));
        return cell < 26 ? letter : letter + cell / 26;
    }

    private static String badge(int cell) {
        return "<span class=\"badge\" data-cell=\"" + cell + "\">" + mark(cell) + "</span>";
    }

    private String cellHead(int cell) {
        return "<th scope=\"row\">" + badge(cell) + " "
                + escape(cells.get(cell).summary().name()) + "</th>";
    }

    private static String number(String text) {
        return "<td class=\"number\">" + escape(text) + "</td>";
    }

    /** What was run, how it ended, and how fair it was. */
    String cellTable() {
        StringBuilder out = new StringBuilder(head(
                "What was run", "Cell", "Scheduler", "#Seed", "Status", "#Window", "#Jain’s fairness", "Parameters"));
        out.append("<tbody>");
        for (int i = 0; i < cells.size(); i++) {
            CellSummary s = cells.get(i).summary();
            out.append("<tr>").append(cellHead(i));
            out.append("<td>").append(escape(s.scheduler())).append("</td>");
            out.append(number(s.status() == CellSummary.Status.RECORDED ? Figures.NONE : Long.toString(s.seed())));
            out.append("<td>").append(status(cells.get(i))).append("</td>");
            out.append(number(Figures.duration(s.toNanos() - s.fromNanos())));
            out.append(number(Figures.fraction(s.jainFairness())));
            out.append("<td class=\"parameters\">").append(parameters(s)).append("</td></tr>");
        }
        return out.append("</tbody></table>").toString();
    }

    private static String status(ReportCell cell) {
        CellSummary s = cell.summary();
        StringBuilder out = new StringBuilder();
        out.append("<span class=\"status ")
                .append(s.status())
                .append("\">")
                .append(s.status())
                .append("</span>");
        for (String text : new String[] {s.error(), cell.note()}) {
            if (text != null) {
                out.append(" <small>").append(escape(text)).append("</small>");
            }
        }
        return out.toString();
    }

    private static String parameters(CellSummary s) {
        List<String> pairs = new ArrayList<>();
        s.parameters().forEach((name, value) -> pairs.add(escape(name + " " + value)));
        String all = String.join("<br>", pairs);
        return switch (pairs.size()) {
            case 0 -> Figures.NONE;
            case 1, 2 -> all;
            default -> "<details><summary>" + pairs.size() + " parameters</summary>" + all + "</details>";
        };
    }

    /** Every domain, cell beside cell. */
    String domainTable() {
        boolean counted = any(d -> !d.counters().isEmpty());
        boolean reserved = any(d -> d.budgets() != null);
        int columns = 12 + (reserved ? 2 : 0) + (counted ? 1 : 0);
        StringBuilder out = new StringBuilder(DOMAIN_HEAD.formatted(reserved ? BUDGETS_HEAD : ""));
        out.append(counted ? COUNTED_HEAD : "")
                .append("</tr>")
                .append(DOMAIN_SUBHEAD.formatted(reserved ? BUDGETS_SUBHEAD : ""));
        double most = mostCpu();
        byDomain().forEach((id, inCells) -> {
            out.append("<tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"")
                    .append(columns)
                    .append("\"><div>");
            out.append(domainHead(id, inCells)).append("</div></th></tr>");
            inCells.forEach((cell, d) -> out.append("<tr>")
                    .append(cellHead(cell))
                    .append(figures(d, most, reserved))
                    .append(counted ? "<td class=\"counted\">" + counters(d) + "</td>" : "")
                    .append("</tr>"));
            out.append("</tbody>");
        });
        return out.append("</table>").toString();
    }

    private String domainHead(int id, SortedMap<Integer, DomainSummary> inCells) {
        DomainSummary d = inCells.get(inCells.firstKey());
        StringBuilder out = new StringBuilder("<span class=\"group-name\"><span class=\"swatch\" data-domain=\"" + id
                + "\"></span>" + escape(d.name()) + "</span> <small>");
        out.append("d").append(id).append(" · weight ").append(d.weight());
        if (d.cap() > 0) {
            out.append(" · cap ").append(d.cap()).append(" %");
        }
        if (d.backlogged()) {
            out.append(" · <abbr title=\"It never blocked: it would have used any amount of CPU\">backlogged</abbr>");
        }
        notes(inCells).forEach((note, marks) -> out.append(" · ")
                .append(
                        marks.size() == cells.size()
                                ? ""
                                : marks.stream().map(ReportTables::badge).collect(Collectors.joining()) + " ")
                .append(escape(note)));
        return out.append("</small>").toString();
    }

    /** What is to be said of a domain, and of which cells. */
    private static Map<String, List<Integer>> notes(SortedMap<Integer, DomainSummary> inCells) {
        Map<String, List<Integer>> notes = new LinkedHashMap<>();
        inCells.forEach((cell, d) -> {
            if (d.note() != null && !d.note().isBlank()) {
                notes.computeIfAbsent(d.note(), note -> new ArrayList<>()).add(cell);
            }
        });
        return notes;
    }

    private static String figures(DomainSummary d, double most, boolean reserved) {
        double width = d.cpuPercent() == null || most == 0 ? 0 : 100 * d.cpuPercent() / most;
        return "<td class=\"number share\" style=\"--share:" + String.format(Locale.ROOT, "%.1f", width)
                + "%\" data-domain=\"" + d.id() + "\">" + escape(Figures.percent(d.cpuPercent())) + "</td>"
                + number(d.fluidPercent() == null ? Figures.NONE : Figures.points(d.cpuPercent() - d.fluidPercent()))
                + number(Figures.duration(d.farthestFromFluidNanos()))
                + (reserved ? budgets(d.budgets()) : "")
                + number(Figures.duration(d.wakeLatencyNanos().p50()))
                + number(Figures.duration(d.wakeLatencyNanos().p99()))
                + number(Figures.duration(d.wakeLatencyNanos().max()))
                + number(Figures.duration(d.runLengthNanos().p50()))
                + number(Figures.duration(d.runLengthNanos().max()))
                + number(Figures.count(d.preemptions()))
                + number(Figures.count(d.contextSwitches()))
                + number(Figures.count(d.migrations()));
    }

    private static String budgets(Budgets b) {
        return b == null
                ? number(Figures.NONE) + number(Figures.NONE)
                : number(Figures.count(b.missed()) + " of " + Figures.count(b.periods()))
                        + number(Figures.duration(b.shortfallNanos()));
    }

    private boolean any(Predicate<DomainSummary> what) {
        return cells.stream().flatMap(c -> c.summary().domains().stream()).anyMatch(what);
    }

    private static String counters(DomainSummary d) {
        return d.counters().entrySet().stream()
                .map(e -> escape(
                        e.getKey().endsWith(NANOS)
                                ? e.getKey().substring(0, e.getKey().length() - NANOS.length()) + " "
                                        + Figures.duration(e.getValue())
                                : e.getKey() + " " + Figures.count(e.getValue())))
                .collect(Collectors.joining("<br>"));
    }

    private double mostCpu() {
        return cells.stream()
                .flatMap(c -> c.summary().domains().stream())
                .mapToDouble(d -> d.cpuPercent() == null ? 0 : d.cpuPercent())
                .max()
                .orElse(0);
    }

    /** Domain id, then number of the cell. */
    private SortedMap<Integer, SortedMap<Integer, DomainSummary>> byDomain() {
        SortedMap<Integer, SortedMap<Integer, DomainSummary>> out = new TreeMap<>();
        for (int i = 0; i < cells.size(); i++) {
            for (DomainSummary d : cells.get(i).summary().domains()) {
                out.computeIfAbsent(d.id(), id -> new TreeMap<>()).put(i, d);
            }
        }
        return out;
    }

    /** Where the time of every pCPU went, cell beside cell. */
    String pcpuTable() {
        StringBuilder out =
                new StringBuilder(head("pCPUs", "", "#Guest %", "#Hypervisor %", "#Idle %", "Guest, hypervisor, idle"));
        SortedMap<Integer, StringBuilder> byPcpu = new TreeMap<>();
        for (int i = 0; i < cells.size(); i++) {
            for (PcpuSummary p : cells.get(i).summary().pcpus()) {
                byPcpu.computeIfAbsent(p.id(), id -> new StringBuilder()).append(pcpuRow(i, p));
            }
        }
        byPcpu.forEach((id, rows) -> out.append("<tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"5\">")
                .append("<span class=\"group-name\">pCPU ")
                .append(id)
                .append("</span></th></tr>")
                .append(rows)
                .append("</tbody>"));
        return out.append("</table>").toString();
    }

    private String pcpuRow(int cell, PcpuSummary p) {
        String bar = String.format(
                Locale.ROOT,
                "<td class=\"bar\" aria-hidden=\"true\" style=\"--guest:%.2f%%;--hypervisor:%.2f%%\"><i></i></td>",
                orZero(p.guestPercent()),
                orZero(p.hypervisorPercent()));
        return "<tr>" + cellHead(cell) + number(Figures.percent(p.guestPercent()))
                + number(Figures.percent(p.hypervisorPercent())) + number(Figures.percent(p.idlePercent())) + bar
                + "</tr>";
    }

    private static double orZero(Double value) {
        return value == null ? 0 : value;
    }

    /** A column whose name starts with {@code #} holds numbers. */
    private static String head(String caption, String... columns) {
        StringBuilder out = new StringBuilder("<table><caption>" + escape(caption) + "</caption><thead><tr>");
        for (String column : columns) {
            if (column.isEmpty()) {
                out.append("<td></td>");
            } else if (column.startsWith("#")) {
                out.append("<th scope=\"col\" class=\"number\">")
                        .append(escape(column.substring(1)))
                        .append("</th>");
            } else {
                out.append("<th scope=\"col\">").append(escape(column)).append("</th>");
            }
        }
        return out.append("</tr></thead>").toString();
    }
}
