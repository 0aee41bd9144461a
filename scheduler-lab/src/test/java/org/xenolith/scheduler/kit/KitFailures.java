package org.xenolith.scheduler.kit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/** Leaves of every property that failed the smallest scenario that shows it: a file that can be run, and a picture. */
final class KitFailures implements AroundPropertyHook {
    /** Where they are left, in the module's folder. */
    static final Path FOLDER = Path.of("target", "kit-failures");

    @Override
    public PropertyExecutionResult aroundProperty(PropertyLifecycleContext context, PropertyExecutor property) {
        PropertyExecutionResult result = property.execute();
        result.throwable()
                .filter(BrokenPromise.class::isInstance)
                .map(BrokenPromise.class::cast)
                .ifPresent(KitFailures::save);
        return result;
    }

    /** What was broken, and where the files are. */
    static String message(KitProperty property, SchedulerContract contract, Violation violation) {
        Path file = file(property, contract, ".yaml");
        return property.method + ": " + violation + "\n  run it again:  ./xenolith run scheduler-lab/" + file
                + "\n  look at it:    scheduler-lab/" + file(property, contract, ".svg");
    }

    private static Path file(KitProperty property, SchedulerContract contract, String suffix) {
        return FOLDER.resolve(name(contract) + "." + property.method + suffix);
    }

    private static String name(SchedulerContract contract) {
        return KitScheduler.of(contract).label().replaceAll("[^A-Za-z0-9._=-]+", "-");
    }

    /** Writes both files. */
    static Path save(BrokenPromise broken) {
        Path yaml = file(broken.property(), broken.contract(), ".yaml");
        KitScenario scenario = broken.scenario();
        try {
            Files.createDirectories(FOLDER);
            Files.writeString(
                    yaml,
                    scenario.yaml(
                            broken.property().method + " does not hold\n" + broken.violation(),
                            KitScheduler.yaml(broken.contract(), FOLDER)));
            KitRun run = KitRun.of(KitScheduler.of(broken.contract()), scenario);
            Files.writeString(
                    file(broken.property(), broken.contract(), ".svg"), KitGantt.draw(run, broken.violation()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return yaml;
    }
}
