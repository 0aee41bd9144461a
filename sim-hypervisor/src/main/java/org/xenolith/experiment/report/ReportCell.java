package org.xenolith.experiment.report;

import org.xenolith.experiment.CellSummary;

/**
 * One cell of an experiment as the report shows it.
 *
 * @param summary its figures, name, scheduler and status
 * @param note what the reader must know of it, in a line, or null
 * @param tscHertz cycles a second in {@code timeline} and {@code decisions}
 * @param fromTsc start of the measured window: the moment that the report calls 0
 * @param toTsc end of the measured window
 * @param timeline who ran when, or null if the cell left none
 * @param decisions why the scheduler decided, or null if nobody listened
 */
public record ReportCell(
        CellSummary summary,
        String note,
        long tscHertz,
        long fromTsc,
        long toTsc,
        Timeline timeline,
        DecisionLog decisions) {}
