package org.xenolith.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.xenolith.experiment.Cell;
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

    @Option(names = "--no-traces", description = "Keep no traces of the cells; those of long runs are large.")
    boolean noTraces;

    @Option(
            names = "--watchdog",
            paramLabel = "SECONDS",
            defaultValue = "20",
            description = "Give up a cell that uses so much CPU time without handling an event (${DEFAULT-VALUE}).")
    long watchdogSeconds;

    private static final int STEPS_PER_CELL = 1000;
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
    int run(Scenario scenario, CommandSpec spec) {
        if (watchdogSeconds < 1) {
            throw new ParameterException(spec.commandLine(), "--watchdog must be at least 1 second.");
        }
        if (output != null && resume != null) {
            throw new ParameterException(spec.commandLine(), "--output and --resume exclude each other.");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        scenario.warnings().forEach(warning -> err.println("warning: " + warning));
        if (scenario.replay() != null) {
            scenario.replay().notes().forEach(line -> err.println("assumed: " + line));
        }
        RunFolder folder = resume != null
                ? RunFolder.existing(resume)
                : output != null ? RunFolder.at(output) : RunFolder.next(Path.of("runs"), scenario.name());
        Experiment experiment = new Experiment(
                scenario,
                folder,
                new Experiment.Options(
                        Runtime.getRuntime().availableProcessors(),
                        watchdogSeconds,
                        !noTraces,
                        commandLine(spec),
                        Version.text()));
        if (resume != null) {
            experiment.resume();
        }
        List<CellResult> results = runWithProgress(experiment, Cell.of(scenario).size(), folder, err);
        if (json) {
            out.print(experiment.summary().toJson());
        } else {
            String about = scenario.about().replaceAll("\\s+", " ");
            out.println(scenario.name() + (about.isEmpty() ? "" : ": " + about));
            out.println(scenario.setting());
            out.println();
            new SummaryText(experiment.summary().cells()).print(out);
            out.println();
            out.println("report: " + folder.report());
        }
        out.flush();
        return exitCode(results, err);
    }

    private static int exitCode(List<CellResult> results, PrintWriter err) {
        List<CellResult> failed = results.stream()
                .filter(r -> r.summary().status() == Status.FAILED)
                .toList();
        for (CellResult result : failed) {
            err.println("xenolith: " + result.cell().name() + ": "
                    + result.summary().error());
        }
        err.flush();
        return failed.isEmpty()
                ? 0
                : failed.stream().anyMatch(CellResult::refused) ? Xenolith.REFUSED : Xenolith.FAILED;
    }

    private static List<String> commandLine(CommandSpec spec) {
        List<String> words = new ArrayList<>(List.of(spec.root().name()));
        words.addAll(spec.commandLine().getParseResult().originalArgs());
        return words;
    }

    private static List<CellResult> runWithProgress(
            Experiment experiment, int cells, RunFolder folder, PrintWriter err) {
        if (!Boolean.getBoolean("xenolith.progress")) {
            return experiment.run(new Hearer(null, folder, err));
        }
        try (ProgressBar bar = new ProgressBarBuilder()
                .setInitialMax((long) cells * STEPS_PER_CELL)
                .setUnit(" cells", STEPS_PER_CELL)
                .setStyle(ProgressBarStyle.UNICODE_BLOCK)
                .setUpdateIntervalMillis(PROGRESS_MILLIS)
                .clearDisplayOnFinish()
                .hideEta()
                .continuousUpdate()
                .build()) {
            return experiment.run(new Hearer(bar, folder, err));
        }
    }

    /** Shows how far a run has come, on a bar if there is one. */
    private record Hearer(ProgressBar bar, RunFolder folder, PrintWriter err) implements Experiment.Progress {
        @Override
        public void update(double done, int cellsDone, int cells) {
            if (bar != null) {
                bar.stepTo(Math.round(done * cells * STEPS_PER_CELL));
            }
        }

        @Override
        public void interrupted() {
            err.println("xenolith: interrupted; finish it by the same command with --resume " + folder.path());
            err.flush();
        }
    }
}
