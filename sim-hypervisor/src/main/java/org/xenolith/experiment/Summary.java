package org.xenolith.experiment;

import java.util.List;

/**
 * What an experiment came to: the whole of {@code summary.json}, whose schema is {@code summary.schema.json}.
 *
 * @param format version of the schema
 * @param name the scenario's name
 * @param costs the cost profile's name
 * @param cells the cells in order
 */
public record Summary(int format, String name, String costs, List<CellSummary> cells) {
    /** The present version of the schema. */
    public static final int FORMAT = 1;

    /** Copies the list. */
    public Summary {
        cells = List.copyOf(cells);
    }

    /** The text of {@code summary.json}. */
    public String toJson() {
        return Json.write(this);
    }
}
