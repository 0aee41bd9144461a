package org.xenolith.experiment;

import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.CellSummary.Status;
import org.xenolith.experiment.report.Timeline;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.SchedGranularity;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceRecord;

/**
 * Runs all cells of a scenario, on all cores, each in a simulation and a thread of its own; the figures do not depend on how
 * many. A cell that fails leaves the others alone. One that handles no event for long (its scheduler does not return) is
 * given up: its thread cannot be stopped and is left behind.
 */
public final class Experiment {
    private static final long LOOK_MILLIS = 100;

    /** Cells whose slices a report shows; of the others it has the figures. */
    private static final int MOST_KEPT = 12;

    private static final long NANOS_IN_SECOND = 1_000_000_000L;

    private final Scenario scenario;
    private final RunFolder folder;
    private final Options options;
    private final List<Cell> cells;
    private final List<Manifest.Input> inputs;
    private final String started = Instant.now().toString();

    /** By cell; null until it has ended. Guarded by this, as all below. */
    private final CellResult[] results;

    private final Attempt[] attempts;
    private int nextCell;

    /** Cells of which who ran when is kept in memory. */
    private int kept;

    private boolean closed;

    /**
     * How to run.
     *
     * @param workers threads that run cells
     * @param watchdogSeconds CPU time without an event after which a cell is given up
     * @param traces whether to keep the cells' traces
     * @param command the command line, for the manifest
     * @param version the simulator's version, for the manifest
     */
    public record Options(int workers, long watchdogSeconds, boolean traces, List<String> command, String version) {
        /** CPU seconds that no scheduler needs for one decision. */
        public static final long DEFAULT_WATCHDOG_SECONDS = 20;

        /** All cores. */
        public static Options of(List<String> command, String version) {
            return new Options(
                    Runtime.getRuntime().availableProcessors(), DEFAULT_WATCHDOG_SECONDS, true, command, version);
        }
    }

    /** Hears how far a run has come. */
    public interface Progress {
        /**
         * Told ten times a second.
         *
         * @param done how much is done, 0 to 1
         * @param cellsDone cells that have ended
         * @param cells all cells
         */
        void update(double done, int cellsDone, int cells);

        /** Told when the process is being ended from outside, once what is there has been written. */
        default void interrupted() {}
    }

    /** A cell at work, and when its thread was last seen to handle an event. */
    private static final class Attempt {
        final CellRun run;
        long events = -1;
        long cpuNanosThen;

        Attempt(CellRun run) {
            this.run = run;
        }
    }

    /**
     * An experiment that leaves its results in {@code folder}. If that is of an earlier run of the same, what it has is kept.
     *
     * @throws InputException if the earlier run was of something else
     */
    public Experiment(Scenario scenario, RunFolder folder, Options options) {
        this.scenario = scenario;
        this.folder = folder;
        this.options = options;
        this.cells = Cell.of(scenario);
        this.results = new CellResult[cells.size()];
        this.attempts = new Attempt[cells.size()];
        this.inputs = inputsOf(scenario);
    }

    /** Runs one cell in the calling thread, and leaves nothing but its figures; if it fails they say why. */
    public static CellSummary measure(Scenario scenario, Cell cell) {
        return new CellRun(scenario, cell, new CellRecorder(null, false, false))
                .run()
                .summary();
    }

    /** Every file that the figures of {@code scenario} depend on, as it is now. */
    static List<Manifest.Input> inputsOf(Scenario scenario) {
        return inputs(scenario)
                .map(file -> new Manifest.Input(file.toString(), RunFolder.sha256(file)))
                .toList();
    }

    /** Every file that the figures depend on. */
    private static Stream<Path> inputs(Scenario scenario) {
        Stream<SchedulerChoice> choices = Stream.concat(
                scenario.schedulers().stream(),
                scenario.pools().stream().map(Scenario.Pool::scheduler).filter(Objects::nonNull));
        return Stream.concat(
                        scenario.inputs().stream(),
                        choices.map(SchedulerChoice::sourceFile).filter(Objects::nonNull))
                .distinct();
    }

    /**
     * Takes over from an earlier run in the same folder the cells that ended well.
     *
     * @throws InputException if that run was made of other inputs
     */
    public synchronized void resume() {
        Manifest earlier = folder.manifest();
        if (!earlier.inputs().equals(inputs)) {
            throw new InputException(folder.path() + ": its inputs have changed since; start a new run");
        }
        for (Cell cell : cells) {
            CellSummary summary = folder.earlier(cell);
            if (summary != null && summary.name().equals(cell.name()) && summary.status() == Status.OK) {
                Timeline timeline = kept++ < MOST_KEPT ? timeline(folder.trace(cell)) : null;
                results[cell.index()] = new CellResult(cell, summary, false, timeline, null);
            }
        }
    }

    private Timeline timeline(Path trace) {
        if (!Files.exists(trace)) {
            return null;
        }
        Timeline timeline = new Timeline();
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                timeline.accept(record);
            }
        }
        timeline.finish(new TscClock(scenario.costs().tscHertz()).toCycles(scenario.durationNanos()));
        return timeline;
    }

    /**
     * Runs every cell, writes everything, and returns the results in the order of cells; where the calling thread is
     * interrupted, those that are there by then.
     */
    public List<CellResult> run(Progress progress) {
        Thread onInterrupt = new Thread(() -> interrupted(progress), "interrupted");
        Runtime.getRuntime().addShutdownHook(onInterrupt);
        try {
            synchronized (this) {
                folder.writeManifest(manifest(Manifest.Status.RUNNING));
                for (int i = 0; i < Math.min(options.workers(), cells.size()); i++) {
                    startWorker();
                }
                while (cellsDone() < cells.size()) {
                    wait(LOOK_MILLIS);
                    giveUpWhatHangs();
                    progress.update(done(), cellsDone(), cells.size());
                }
                closed = true;
                boolean failed =
                        Arrays.stream(results).anyMatch(r -> r.summary().status() == Status.FAILED);
                folder.writeSummary(summary());
                folder.writeReport(ReportMaker.of(scenario, List.of(results)));
                folder.writeManifest(manifest(failed ? Manifest.Status.FAILED : Manifest.Status.COMPLETE));
            }
        } catch (InterruptedException e) {
            interrupted(progress);
            Thread.currentThread().interrupt();
        } finally {
            removeHook(onInterrupt);
        }
        return Arrays.stream(results).filter(Objects::nonNull).toList();
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is going down, and the hook is what does the rest.
        }
    }

    /** The summary of what has ended so far; the rest counts as interrupted. */
    public synchronized Summary summary() {
        List<CellSummary> summaries = new ArrayList<>();
        for (Cell cell : cells) {
            CellResult result = results[cell.index()];
            summaries.add(
                    result == null
                            ? CellRun.withoutFigures(scenario, cell, Status.INTERRUPTED, null)
                            : result.summary());
        }
        return new Summary(Summary.FORMAT, scenario.name(), scenario.costs().name(), summaries);
    }

    private synchronized void interrupted(Progress progress) {
        if (!closed) {
            closed = true;
            try {
                folder.writeSummary(summary());
                folder.writeManifest(manifest(Manifest.Status.INTERRUPTED));
                cells.stream().filter(cell -> results[cell.index()] == null).forEach(folder::discard);
                progress.interrupted();
            } catch (UncheckedIOException e) {
                // The run is going down already; what was written before still stands.
            }
        }
    }

    private void startWorker() {
        Thread worker = new Thread(this::work, "cells");
        worker.setDaemon(true);
        worker.start();
    }

    private void work() {
        for (CellRun run = take(); run != null; run = take()) {
            ended(run, run.run());
        }
    }

    private synchronized CellRun take() {
        while (nextCell < cells.size() && results[nextCell] != null) {
            nextCell++;
        }
        if (nextCell == cells.size() || closed) {
            return null;
        }
        Cell cell = cells.get(nextCell++);
        CellRun run =
                new CellRun(scenario, cell, new CellRecorder(folder.trace(cell), options.traces(), kept < MOST_KEPT));
        kept++;
        attempts[cell.index()] = new Attempt(run);
        return run;
    }

    private synchronized void ended(CellRun run, CellResult result) {
        Cell cell = run.cell();
        if (closed || results[cell.index()] != null) {
            return; // It was given up.
        }
        CellResult kept = result;
        try {
            folder.writeCell(cell, result.summary());
        } catch (UncheckedIOException e) {
            kept = new CellResult(cell, CellRun.failed(scenario, cell, e.getMessage()));
        }
        results[cell.index()] = kept;
        attempts[cell.index()] = null;
        notifyAll();
    }

    private int cellsDone() {
        return (int) Arrays.stream(results).filter(Objects::nonNull).count();
    }

    private double done() {
        double sum = cellsDone();
        for (Attempt attempt : attempts) {
            sum += attempt == null ? 0 : attempt.run.progress();
        }
        return sum / cells.size();
    }

    /** The watchdog: a thread that has used much CPU time since its simulation last handled an event is given up. */
    private void giveUpWhatHangs() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (Attempt attempt : attempts) {
            Thread thread = attempt == null || !attempt.run.isSimulating() ? null : attempt.run.thread();
            long cpuNanos = thread == null ? -1 : threads.getThreadCpuTime(thread.getId());
            if (cpuNanos < 0) {
                continue;
            }
            Hypervisor hypervisor = attempt.run.hypervisor();
            long events = hypervisor == null ? 0 : hypervisor.eventCount();
            if (events != attempt.events) {
                attempt.events = events;
                attempt.cpuNanosThen = cpuNanos;
            } else if (cpuNanos - attempt.cpuNanosThen > options.watchdogSeconds() * NANOS_IN_SECOND) {
                Cell cell = attempt.run.cell();
                String why = Failures.describeHang(thread.getStackTrace(), options.watchdogSeconds(), cell, hypervisor);
                ended(attempt.run, new CellResult(cell, CellRun.failed(scenario, cell, why)));
                startWorker();
            }
        }
    }

    private Manifest manifest(Manifest.Status status) {
        List<Manifest.CellEntry> entries = new ArrayList<>();
        for (Cell cell : cells) {
            CellResult result = results[cell.index()];
            String state = result != null
                    ? result.summary().status().toString()
                    : status == Manifest.Status.INTERRUPTED ? Status.INTERRUPTED.toString() : "pending";
            String files = "cells/" + cell.fileName();
            entries.add(new Manifest.CellEntry(
                    cell.name(),
                    cell.isRecorded() ? "" : cell.scheduler().label(),
                    result == null ? Map.of() : result.summary().parameters(),
                    cell.seed(),
                    state,
                    result == null ? null : result.summary().error(),
                    cell.isRecorded() || !options.traces()
                            ? List.of(files + ".json")
                            : List.of(files + ".trc", files + ".json")));
        }
        return new Manifest(
                options.version(),
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")",
                options.command(),
                Path.of("").toAbsolutePath().toString(),
                scenario.name(),
                scenario.about(),
                scenario.topology()
                        + (scenario.granularity() == SchedGranularity.CPU
                                ? ""
                                : ", sched-gran=" + scenario.granularity().word()),
                scenario.costs().name(),
                scenario.warmupNanos(),
                scenario.durationNanos(),
                started,
                status == Manifest.Status.RUNNING ? null : Instant.now().toString(),
                status,
                inputs,
                scenario.warnings(),
                entries);
    }
}
