package org.xenolith.experiment;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.xenolith.experiment.CellSummary.DomainSummary;

/** {@code cells.csv}: a line for each domain of each cell, and one for each cell that has none. */
final class CellsCsv {
    private static final List<String> HEADER = List.of(
            "cell",
            "scheduler",
            "seed",
            "status",
            "jain_fairness",
            "domain",
            "id",
            "weight",
            "cap",
            "cpu_percent",
            "fluid_percent",
            "farthest_from_fluid_ns",
            "reserved_periods",
            "missed_budgets",
            "shortfall_ns",
            "wake_count",
            "wake_p50_ns",
            "wake_p90_ns",
            "wake_p99_ns",
            "wake_max_ns",
            "run_count",
            "run_p50_ns",
            "run_max_ns",
            "preemptions",
            "context_switches",
            "migrations",
            "wakeups",
            "backlogged");

    private CellsCsv() {}

    static String of(Summary summary) {
        List<String> lines = new ArrayList<>();
        lines.add(String.join(",", HEADER));
        for (CellSummary cell : summary.cells()) {
            List<String> common =
                    fields(cell.name(), cell.scheduler(), cell.seed(), cell.status(), number(cell.jainFairness()));
            if (cell.domains().isEmpty()) {
                lines.add(String.join(",", common) + ",".repeat(HEADER.size() - common.size()));
            }
            for (DomainSummary domain : cell.domains()) {
                lines.add(String.join(",", common) + "," + String.join(",", domain(domain)));
            }
        }
        return lines.stream().collect(Collectors.joining("\n", "", "\n"));
    }

    private static List<String> domain(DomainSummary d) {
        return fields(
                d.name(),
                d.id(),
                d.weight(),
                d.cap(),
                number(d.cpuPercent()),
                number(d.fluidPercent()),
                d.farthestFromFluidNanos(),
                d.budgets() == null ? null : d.budgets().periods(),
                d.budgets() == null ? null : d.budgets().missed(),
                d.budgets() == null ? null : d.budgets().shortfallNanos(),
                d.wakeLatencyNanos().count(),
                d.wakeLatencyNanos().p50(),
                d.wakeLatencyNanos().p90(),
                d.wakeLatencyNanos().p99(),
                d.wakeLatencyNanos().max(),
                d.runLengthNanos().count(),
                d.runLengthNanos().p50(),
                d.runLengthNanos().max(),
                d.preemptions(),
                d.contextSwitches(),
                d.migrations(),
                d.wakeups(),
                d.backlogged());
    }

    private static BigDecimal number(Double value) {
        return value == null ? null : new BigDecimal(value).setScale(4, RoundingMode.HALF_EVEN);
    }

    /** Values as they stand in a line. */
    static List<String> fields(Object... values) {
        return Arrays.stream(values).map(CellsCsv::field).toList();
    }

    /** A value as RFC 4180 has it; nothing for null. */
    private static String field(Object value) {
        String text = value == null ? "" : value.toString();
        return text.matches("[^\",\\r\\n]*") ? text : "\"" + text.replace("\"", "\"\"") + "\"";
    }
}
