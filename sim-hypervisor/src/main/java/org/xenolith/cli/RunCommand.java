package org.xenolith.cli;

import java.util.concurrent.Callable;
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
final class RunCommand implements Callable<Integer>, ScenarioCommand {
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
        return options.run(scenario(), spec);
    }

    @Override
    public Scenario scenario() {
        SchedulerCatalog catalog = new SchedulerCatalog();
        return options.apply(ScenarioReader.read(Home.scenario(scenarioFile), catalog), catalog);
    }
}
