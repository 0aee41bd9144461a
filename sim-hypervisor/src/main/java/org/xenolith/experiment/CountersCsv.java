package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.experiment.CellSummary.DomainSummary;

/** {@code counters.csv}: a line for each thing that the workload of a domain counted in the window of a cell. */
final class CountersCsv {
    private static final String HEADER = "cell,scheduler,seed,domain,id,counter,value";

    private CountersCsv() {}

    static String of(Summary summary) {
        List<String> lines = new ArrayList<>();
        lines.add(HEADER);
        for (CellSummary cell : summary.cells()) {
            for (DomainSummary d : cell.domains()) {
                d.counters()
                        .forEach((name, value) -> lines.add(String.join(
                                ",",
                                CellsCsv.fields(
                                        cell.name(), cell.scheduler(), cell.seed(), d.name(), d.id(), name, value))));
            }
        }
        return String.join("\n", lines) + "\n";
    }
}
