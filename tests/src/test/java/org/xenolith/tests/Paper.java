package org.xenolith.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;

/** A paper whose measurements are taken again: its scenarios, and a table of what it says beside what they come to. */
final class Paper {
    private static final Path SCENARIOS = Path.of("../scheduler-lab/papers");

    /** How near a figure must be to count as reproduced; within a factor of {@link #ORDER} it is of the same order. */
    private static final double NEAR = 0.15;

    private static final double ORDER = 3;

    private final String heading;
    private final String told;
    private final Path runs;
    private final Map<String, Map<String, CellSummary>> cells = new TreeMap<>();
    private final List<String> scenarios = new ArrayList<>();
    private final List<String> rows = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();

    /**
     * @param heading what is measured
     * @param told where it is published, and what of it we know
     * @param runs a folder for what runs leave
     */
    Paper(String heading, String told, Path runs) {
        this.heading = heading;
        this.told = told;
        this.runs = runs;
    }

    /** A cell of a scenario in the folder of papers; the scenario is run once. */
    CellSummary cell(String scenario, String cell) {
        return cells.computeIfAbsent(scenario, this::run).get(cell);
    }

    DomainSummary domain(String scenario, String cell, String domain) {
        return cell(scenario, cell).domains().stream()
                .filter(d -> d.name().equals(domain))
                .findFirst()
                .orElseThrow();
    }

    /** What the domain's workload counted, in ms if the name ends in {@code Nanos}. */
    double counter(String scenario, String cell, String domain, String name) {
        long value = domain(scenario, cell, domain).counters().get(name);
        return name.endsWith("Nanos") ? value / 1e6 : value;
    }

    /** A counter's sum over all domains. */
    double sum(String scenario, String cell, String name) {
        return cell(scenario, cell).domains().stream()
                .mapToLong(d -> d.counters().getOrDefault(name, 0L))
                .sum();
    }

    private Map<String, CellSummary> run(String name) {
        scenarios.add(name);
        Scenario scenario = ScenarioReader.read(SCENARIOS.resolve(name + ".yaml"), new SchedulerCatalog());
        Experiment experiment = new Experiment(
                scenario,
                RunFolder.at(runs.resolve(name)),
                new Experiment.Options(2, 120, false, List.of("papers"), "papers"));
        experiment.run((done, cellsDone, all) -> {});
        Map<String, CellSummary> byName = new TreeMap<>();
        for (CellSummary cell : experiment.summary().cells()) {
            if (cell.status() != CellSummary.Status.OK) {
                throw new AssertionError(name + ": " + cell.error());
            }
            byName.put(cell.name(), cell);
        }
        return byName;
    }

    /** A figure that the paper has, beside ours: judged by their ratio. */
    Paper figure(String what, double published, double ours, String unit) {
        double ratio = ours / published;
        String verdict = Math.abs(ratio - 1) <= NEAR
                ? "agrees"
                : ratio < ORDER && ratio > 1 / ORDER ? "same order" : "**does not agree**";
        return row(what, number(published) + " " + unit, number(ours) + " " + unit, number(ratio), verdict);
    }

    /** A figure that the paper gives roughly or not at all; {@code verdict} says what is to be thought of ours. */
    Paper rough(String what, String published, double ours, String unit, String verdict) {
        return row(what, published, number(ours) + " " + unit, "", verdict);
    }

    private Paper row(String... fields) {
        rows.add("| " + String.join(" | ", fields) + " |");
        return this;
    }

    /** A paragraph below the table. */
    Paper remark(String text) {
        remarks.add(text);
        return this;
    }

    /** Three significant digits. */
    static String number(double value) {
        if (value == 0) {
            return "0";
        }
        int places = Math.max(0, 2 - (int) Math.floor(Math.log10(Math.abs(value))));
        return String.format(Locale.ROOT, "%." + Math.min(places, 4) + "f", value);
    }

    /** The section of the page. */
    String text() throws IOException {
        StringBuilder out = new StringBuilder("## " + heading + "\n\n" + told + "\n\n");
        out.append("| | published | here | ratio | verdict |\n|---|--:|--:|--:|---|\n");
        rows.forEach(row -> out.append(row).append('\n'));
        remarks.forEach(remark -> out.append('\n').append(remark).append('\n'));
        if (!scenarios.isEmpty()) {
            out.append("\nScenarios, with what they assume: ")
                    .append(scenarios.stream()
                            .map(s -> "[" + s + "](papers/" + s + ".yaml)")
                            .collect(Collectors.joining(", ")))
                    .append(".\n");
        }
        for (String scenario : scenarios) {
            if (!Files.readString(SCENARIOS.resolve(scenario + ".yaml")).startsWith("# ")) {
                throw new AssertionError(scenario + " does not state its assumptions");
            }
        }
        return out.toString();
    }
}
