package org.xenolith.experiment;

import org.xenolith.experiment.report.DecisionLog;
import org.xenolith.experiment.report.Timeline;

/**
 * What a cell left behind.
 *
 * @param cell the cell
 * @param summary its figures
 * @param refused whether it failed because its input was refused, rather than at work
 * @param timeline who ran when, or null if that was not kept
 * @param decisions why the scheduler decided, or null if that was not kept
 */
public record CellResult(Cell cell, CellSummary summary, boolean refused, Timeline timeline, DecisionLog decisions) {
    /** A cell of which nothing but its figures was kept. */
    CellResult(Cell cell, CellSummary summary) {
        this(cell, summary, false, null, null);
    }
}
