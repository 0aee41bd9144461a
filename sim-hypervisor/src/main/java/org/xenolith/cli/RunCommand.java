package org.xenolith.cli;

import java.util.concurrent.Callable;
import org.xenolith.experiment.Durations;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code xenolith run}: a scenario under its schedulers. */
@Command(
        name = "run",
        description = "Run a scenario under its schedulers, print one table and leave a report.",
        mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "SCENARIO",
            description = "A YAML file, or the name of a scenario that ships (xenolith list scenarios).")
    String scenarioFile;

    @Mixin
    RunOptions options = new RunOptions();

    @Override
    public Integer call() {
        SchedulerCatalog catalog = new SchedulerCatalog();
        Scenario scenario = options.apply(ScenarioReader.read(Home.scenario(scenarioFile), catalog), catalog);
        String headline = scenario.name() + (scenario.about().isEmpty() ? "" : ": " + oneLine(scenario.about()));
        return options.run(scenario, headline + "\n" + setting(scenario), spec);
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s+", " ");
    }

    /** Machine, window and costs, in a line. */
    private static String setting(Scenario scenario) {
        int pcpus = scenario.topology().pcpus();
        return pcpus + (pcpus == 1 ? " pCPU, " : " pCPUs, ") + Durations.format(scenario.warmupNanos()) + " to "
                + Durations.format(scenario.durationNanos()) + ", costs "
                + scenario.costs().name() + ", "
                + (scenario.seeds().size() == 1 ? "seed " : "seeds ")
                + scenario.seeds().toString().replaceAll("[\\[\\]]", "");
    }
}
