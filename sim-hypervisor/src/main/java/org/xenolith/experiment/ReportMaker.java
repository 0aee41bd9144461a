package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.experiment.report.ReportCell;
import org.xenolith.experiment.report.ReportModel;
import org.xenolith.machine.TscClock;

/** Puts together what a report shows. */
final class ReportMaker {
    private ReportMaker() {}

    static ReportModel of(Scenario scenario, List<CellResult> results) {
        List<CellSummary> summaries = results.stream().map(CellResult::summary).toList();
        return new ReportModel(
                scenario.name(),
                subtitle(scenario),
                Differences.of(summaries),
                notes(scenario, results),
                results.stream().map(result -> cell(scenario, result)).toList());
    }

    private static String subtitle(Scenario scenario) {
        String about = scenario.about().isEmpty() ? "" : scenario.about().replaceAll("\\s+", " ") + " — ";
        return about + scenario.setting();
    }

    private static List<String> notes(Scenario scenario, List<CellResult> results) {
        List<String> notes = new ArrayList<>(scenario.warnings());
        if (scenario.replay() != null) {
            notes.addAll(scenario.replay().notes());
        }
        if (results.stream().anyMatch(r -> r.timeline() == null)) {
            notes.add("Of some cells only the figures are shown, not who ran when.");
        }
        return notes;
    }

    private static ReportCell cell(Scenario scenario, CellResult result) {
        Recording recording = scenario.replay();
        if (result.cell().isRecorded()) {
            return new ReportCell(
                    result.summary(),
                    "what the real host did",
                    recording.description().tscHz(),
                    recording.fromTsc(),
                    recording.toTsc(),
                    result.timeline(),
                    null);
        }
        TscClock clock = new TscClock(scenario.costs().tscHertz());
        return new ReportCell(
                result.summary(),
                null,
                clock.hertz(),
                clock.toCycles(scenario.warmupNanos()),
                clock.toCycles(scenario.durationNanos()),
                result.timeline(),
                result.decisions());
    }
}
