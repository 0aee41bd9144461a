package org.xenolith.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.xenolith.experiment.decisions.DecisionTable;

/** How far our models of schedulers decided as Xen did in recordings. */
public final class Decisions {
    private final List<DecisionTable> tables;

    Decisions(List<DecisionTable> tables) {
        this.tables = List.copyOf(tables);
    }

    /** The figures, one for each recording. */
    public List<DecisionTable> tables() {
        return tables;
    }

    /** A row for each recording; below it, where not everything agreed, why and the first examples. */
    public Figure table() {
        List<List<String>> rows = tables.stream().map(DecisionTable::row).toList();
        StringBuilder out = new StringBuilder(Html.table(DecisionTable.COLUMNS, rows));
        for (DecisionTable table : tables) {
            List<String> lines = new ArrayList<>();
            for (Map.Entry<DecisionTable.Cause, Integer> cause : table.causes().entrySet()) {
                lines.add(cause.getValue() + " not agreed: " + cause.getKey().text());
            }
            lines.addAll(table.examples());
            if (!lines.isEmpty()) {
                out.append("<p><b>")
                        .append(Html.escape(table.trace()))
                        .append("</b><br>")
                        .append(String.join(
                                "<br>", lines.stream().map(Html::escape).toList()))
                        .append("</p>");
            }
        }
        return Figure.html(out.toString());
    }
}
