package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;

/** Every scheduler runs every scenario that ships and that it can serve, for a while; whom it serves is not asked here. */
class EverySchedulerTest {
    private static final Path SCENARIOS = Path.of("../scheduler-lab/scenarios");
    private static final long WHILE_NANOS = 400_000_000;

    /** Schedulers that run only what they are told to by name, and so nothing in a scenario that was not written for them. */
    private static final Set<String> TABLE_DRIVEN = Set.of("arinc653");

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> runsEveryScenario() throws IOException {
        SchedulerCatalog catalog = new SchedulerCatalog();
        List<Path> files;
        try (Stream<Path> all = Files.list(SCENARIOS)) {
            files = all.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        }
        return files.stream()
                .map(f -> ScenarioReader.read(f, catalog))
                .filter(s -> s.domains().stream().allMatch(d -> d.boot() == null)) // boots take their time elsewhere
                .map(s -> DynamicTest.dynamicTest(s.name(), () -> run(s, catalog)));
    }

    private void run(Scenario scenario, SchedulerCatalog catalog) {
        Scenario all = scenario.withSchedulers(catalog.all()).withSeeds(List.of(1L));
        Scenario brief = all.replay() != null ? all : all.withWindow(0, WHILE_NANOS);
        Experiment experiment = new Experiment(
                brief,
                RunFolder.at(folder.resolve(scenario.name())),
                new Experiment.Options(2, 60, false, List.of("test"), "test"));
        experiment.run((done, cellsDone, cells) -> {});
        List<CellSummary> cells = experiment.summary().cells();
        assertThat(cells).hasSizeGreaterThanOrEqualTo(catalog.all().size());
        for (CellSummary cell : cells) {
            boolean idle = cell.error() != null
                    && cell.error().contains("no guest ran")
                    && TABLE_DRIVEN.contains(cell.scheduler());
            assertThat(cell.status() != CellSummary.Status.FAILED || idle)
                    .as("%s under %s: %s", scenario.name(), cell.name(), cell.error())
                    .isTrue();
        }
    }
}
