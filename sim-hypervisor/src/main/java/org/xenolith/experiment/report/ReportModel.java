package org.xenolith.experiment.report;

import java.util.List;

/**
 * What a report shows.
 *
 * @param title what was compared, in a few words
 * @param subtitle on which trace or scenario, machine and window, in a line
 * @param differences what differs between the cells, a line each
 * @param notes what limits the figures, a line each
 * @param cells the cells, in the order in which they are shown
 */
public record ReportModel(
        String title, String subtitle, List<String> differences, List<String> notes, List<ReportCell> cells) {
    /** Copies the lists. */
    public ReportModel {
        differences = List.copyOf(differences);
        notes = List.copyOf(notes);
        cells = List.copyOf(cells);
    }
}
