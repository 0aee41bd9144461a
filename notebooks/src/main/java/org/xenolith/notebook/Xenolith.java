package org.xenolith.notebook;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.Recording;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.experiment.SchedulerChoice;
import org.xenolith.experiment.decisions.DecisionReplay;
import org.xenolith.hypervisor.Scheduler;

/**
 * What a notebook asks of the simulator: load a trace, and replay it under schedulers, those that ship and those that a cell
 * defines. For all else the simulator's own classes are there.
 */
public final class Xenolith {
    private static final long SEED = 1;

    private Xenolith() {}

    /**
     * Loads a trace, as {@code xentrace} writes it; xz, gz and zst are unpacked.
     *
     * @param file its path, from here, from the folder that the environment variable {@code XENOLITH_HOME} names, or from a
     *     folder above this one, so that {@code traces/...} is found from anywhere in the repository
     * @throws InputException if there is none, or it is no trace
     */
    public static LoadedTrace load(String file) {
        return new LoadedTrace(find(file));
    }

    private static Path find(String file) {
        Path path = Path.of(file);
        List<Path> folders = new ArrayList<>(List.of(Path.of("")));
        String home = System.getenv("XENOLITH_HOME");
        if (home != null) {
            folders.add(Path.of(home));
        }
        for (Path above = Path.of("").toAbsolutePath(); above != null; above = above.getParent()) {
            folders.add(above);
        }
        return folders.stream()
                .map(folder -> folder.resolve(path))
                .filter(Files::exists)
                .findFirst()
                .orElseThrow(() -> new InputException(file + ": no such file in "
                        + Path.of("").toAbsolutePath() + " or a folder above it; set XENOLITH_HOME to the repository"));
    }

    /**
     * Replays the steady part of a trace, with the costs of the host that it was recorded on, under one scheduler after
     * another. The results are also left in a folder under {@code runs}.
     *
     * @param schedulers names, with parameters if wanted ({@code "credit:tslice_ms=5"}), Java source files
     *     ({@code "MyPolicy.java"}), and classes that implement {@link Scheduler}
     * @throws InputException if a scheduler does not exist or the trace cannot be replayed
     */
    public static Comparison compare(LoadedTrace trace, Object... schedulers) {
        return compare(Path.of("runs"), trace, schedulers);
    }

    static Comparison compare(Path runs, LoadedTrace trace, Object... schedulers) {
        Recording recording = Recording.open(trace.file(), -1, -1, null);
        Scenario scenario = ScenarioReader.replay(recording, choices(schedulers), List.of(SEED));
        RunFolder folder = RunFolder.next(runs, scenario.name());
        Experiment experiment =
                new Experiment(scenario, folder, Experiment.Options.of(List.of("notebook"), "notebook"));
        return new Comparison(scenario, folder, experiment.run((done, cellsDone, cells) -> {}));
    }

    /**
     * Holds our models of Xen's schedulers against the decisions that Xen took in recordings, one by one: whom it ran, for how
     * long, which credits it burnt and gave.
     *
     * @param traces of credit, credit2 or rtds
     * @throws InputException if a trace is of another scheduler, or holds no decisions
     */
    public static Decisions decisions(LoadedTrace... traces) {
        return new Decisions(withLoader(() -> Arrays.stream(traces)
                .map(trace -> DecisionReplay.of(trace.file()))
                .toList()));
    }

    private static List<SchedulerChoice> choices(Object... schedulers) {
        if (schedulers.length == 0) {
            throw new InputException("compare: name at least one scheduler");
        }
        SchedulerCatalog catalog = catalog();
        List<SchedulerChoice> choices = new ArrayList<>();
        for (Object scheduler : schedulers) {
            if (scheduler instanceof String name) {
                choices.addAll(catalog.parseAll(name));
            } else if (scheduler instanceof Class<?> type && Scheduler.class.isAssignableFrom(type)) {
                choices.add(new SchedulerChoice(type.asSubclass(Scheduler.class), null));
            } else {
                throw new InputException("compare: " + scheduler
                        + " is no scheduler; give a name or a class that implements Scheduler, such as Mine.class");
            }
        }
        return choices;
    }

    /** Kernels put this jar behind class loaders of their own, where a ServiceLoader does not look by itself. */
    private static SchedulerCatalog catalog() {
        return withLoader(SchedulerCatalog::new);
    }

    private static <T> T withLoader(Supplier<T> action) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(Xenolith.class.getClassLoader());
        try {
            return action.get();
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
