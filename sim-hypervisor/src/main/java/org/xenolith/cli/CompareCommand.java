package org.xenolith.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.xenolith.experiment.Recording;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.machine.CostProfile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code xenolith compare}: a recorded trace replayed under several schedulers. */
@Command(
        name = "compare",
        description = "Replay a recorded trace under several schedulers, print one table beside what was recorded, and"
                + " leave a report. Without arguments: four guests recorded on Xen 4.17, under credit2, credit and"
                + " round robin.",
        mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer>, ScenarioCommand {
    private static final String DEFAULT_TRACE = "traces/xen-4.17/credit2/s4-all.trc.xz";
    private static final String DEFAULT_SCHEDULERS = "credit2,credit,rr";
    private static final double MOST_SECONDS = 1e6;
    private static final double NANOS_IN_SECOND = 1e9;

    @Spec
    CommandSpec spec;

    @Option(names = "--trace", paramLabel = "FILE", description = "The trace, as xentrace writes it; xz, gz, zst too.")
    Path trace;

    @Option(
            names = "--from",
            paramLabel = "SECONDS",
            description = "Start of the part to replay, since the first record; by default of what the trace's"
                    + " description calls steady.")
    Double from;

    @Option(names = "--to", paramLabel = "SECONDS", description = "End of that part.")
    Double to;

    @Mixin
    RunOptions options = new RunOptions();

    @Override
    public Integer call() {
        return options.run(scenario(), spec);
    }

    @Override
    public Scenario scenario() {
        SchedulerCatalog catalog = new SchedulerCatalog();
        CostProfile costs = options.costs == null ? null : CostProfile.load(options.costs);
        Path file = trace == null ? Home.shortest(Home.path().resolve(DEFAULT_TRACE)) : trace;
        Recording recording = Recording.open(file, nanos("--from", from), nanos("--to", to), costs);
        Scenario scenario = ScenarioReader.replay(recording, catalog.parseAll(DEFAULT_SCHEDULERS), List.of(1L));
        return options.apply(scenario, catalog);
    }

    private long nanos(String option, Double seconds) {
        if (seconds == null) {
            return -1;
        }
        if (!(seconds >= 0 && seconds <= MOST_SECONDS)) {
            throw new ParameterException(spec.commandLine(), option + " must be 0 to 1000000 seconds, not " + seconds);
        }
        return Math.round(seconds * NANOS_IN_SECOND);
    }
}
