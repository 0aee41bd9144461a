package org.xenolith.cli;

import org.xenolith.experiment.Scenario;

/** A command that runs a scenario, and can say which without running it. */
interface ScenarioCommand {
    /** The scenario that its arguments name. */
    Scenario scenario();
}
