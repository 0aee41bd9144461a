package org.xenolith.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.xenolith.experiment.CellResult;
import org.xenolith.experiment.CellSummary.Status;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.machine.CostProfile;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What {@code compare} and {@code run} have in common. */
final class RunOptions {
    @Option(
            names = "--scheduler",
            paramLabel = "LIST",
            description = "Schedulers, separated by commas: a name or a Java source file, with parameters if wanted"
                    + " (credit:tslice_ms=5).")
    String schedulers;

    @Option(
            names = "--costs",
            paramLabel = "PROFILE",
            description = "What the hypervisor's work costs: a profile that ships, or a YAML file.")
    String costs;

    @Option(names = "--seed", paramLabel = "N", split = ",", description = "Seed of random streams, or several.")
    List<Long> seeds;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "Folder for the results; by default the next free runs/NAME-N.")
    Path output;

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Finish the run in that folder, which was interrupted.")
    Path resume;

    @Option(names = "--json", description = "Print the summary as JSON, and nothing else, on standard output.")
    boolean json;

    @Option(
            names = "--watchdog",
            paramLabel = "SECONDS",
            defaultValue = "20",
            description = "Give up a cell that uses so much CPU time without handling an event (${DEFAULT-VALUE}).")
    long watchdogSeconds;

    private static final int PROGRESS_STEPS = 1000;
    private static final int PROGRESS_MILLIS = 100;

    /** The scenario with what the options change of it. */
    Scenario apply(Scenario scenario, SchedulerCatalog catalog) {
        Scenario changed = scenario;
        if (schedulers != null) {
            changed = changed.withSchedulers(catalog.parseAll(schedulers));
        }
        if (costs != null) {
            changed = changed.withCosts(CostProfile.load(costs));
        }
        if (seeds != null) {
            changed = changed.withSeeds(seeds);
        }
        return changed;
    }

    /** Runs the scenario, prints what it came to, and returns the exit code. */
    int run(Scenario scenario, String headline, CommandSpec spec) {
        if (watchdogSeconds < 1) {
            throw new ParameterException(spec.commandLine(), "--watchdog must be at least 1 second.");
        }
        if (output != null && resume != null) {
            throw new ParameterException(spec.commandLine(), "--output and --resume exclude each other.");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        scenario.warnings().forEach(warning -> err.println("warning: " + warning));
        RunFolder folder = resume != null
                ? RunFolder.existing(resume)
                : output != null ? RunFolder.at(output) : RunFolder.next(Path.of("runs"), scenario.name());
        Experiment experiment = new Experiment(
                scenario,
                folder,
                new Experiment.Options(
                        Runtime.getRuntime().availableProcessors(),
                        watchdogSeconds,
                        commandLine(spec),
                        Version.text()));
        if (resume != null) {
            experiment.resume();
        }
        List<CellResult> results = runWithProgress(experiment);
        if (json) {
            out.print(experiment.summary().toJson());
        } else {
            out.println(headline);
            out.println();
            new SummaryText(experiment.summary().cells()).print(out);
            out.println("results: " + folder.path());
        }
        out.flush();
        return exitCode(results, err);
    }

    private int exitCode(List<CellResult> results, PrintWriter err) {
        List<CellResult> failed = results.stream()
                .filter(r -> r.summary().status() == Status.FAILED)
                .toList();
        for (CellResult result : failed) {
            if (json || results.size() == failed.size()) {
                err.println("xenolith: " + result.cell().name() + ": "
                        + result.summary().error());
            }
        }
        err.flush();
        return failed.isEmpty()
                ? 0
                : failed.stream().anyMatch(CellResult::refused) ? Xenolith.REFUSED : Xenolith.FAILED;
    }

    private static List<String> commandLine(CommandSpec spec) {
        List<String> words = new ArrayList<>(List.of(spec.qualifiedName()));
        words.addAll(spec.commandLine().getParseResult().originalArgs());
        return words;
    }

    private static List<CellResult> runWithProgress(Experiment experiment) {
        if (!Boolean.getBoolean("xenolith.progress")) {
            return experiment.run((done, cellsDone, cells) -> {});
        }
        try (ProgressBar bar = new ProgressBarBuilder()
                .setInitialMax(PROGRESS_STEPS)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(PROGRESS_MILLIS)
                .clearDisplayOnFinish()
                .hideEta()
                .continuousUpdate()
                .build()) {
            return experiment.run((done, cellsDone, cells) -> {
                bar.stepTo(Math.round(done * PROGRESS_STEPS));
                bar.setExtraMessage(" " + cellsDone + " of " + cells + " cells");
            });
        }
    }
}
