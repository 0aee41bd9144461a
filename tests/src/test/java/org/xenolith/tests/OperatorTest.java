package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.Status;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;

/** What an operator changes of schedulers while they run takes effect. */
class OperatorTest {
    private static final double MILLI = 1e6;

    @TempDir
    Path folder;

    private CellSummary run(String scheduler, String yaml) {
        Scenario scenario = ScenarioReader.parse(
                "schedulers: [" + scheduler + "]\nwarmup: 1 s\nduration: 3 s\n" + yaml,
                "s.yaml",
                folder,
                new SchedulerCatalog());
        Experiment experiment = new Experiment(
                scenario,
                RunFolder.at(folder.resolve("run")),
                new Experiment.Options(1, 60, false, List.of("test"), "test"));
        experiment.run((done, cellsDone, cells) -> {});
        CellSummary cell = experiment.summary().cells().get(0);
        assertThat(cell.status()).isEqualTo(Status.OK);
        return cell;
    }

    private static DomainSummary domain(CellSummary cell, String name) {
        return cell.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aShorterTimesliceShortensRuns() {
        CellSummary cell = run(
                "credit",
                """
                domains: [{name: a, guest: spin}, {name: b, guest: spin}]
                actions: [{at: 1 s, do: set-scheduler, pool: Pool-0, parameters: {tslice_ms: 5}}]
                """);
        assertThat((double) domain(cell, "a").runLengthNanos().p50()).isCloseTo(5 * MILLI, within(MILLI / 10));
    }

    @Test
    void aReservationOfOneVcpuCountsFromThenOn() {
        CellSummary cell = run(
                "sedf",
                """
                domains:
                  - {name: a, vcpus: 2, sched: {period_us: 20000, slice_us: 2000, extratime: false}, guest: spin}
                  - {name: b, guest: spin}
                actions: [{at: 2 s, do: set-sched, domain: a, vcpu: 1, sched: {slice_us: 8000}}]
                """);
        // 10 % each, and from the half on 40 % for the second
        assertThat(domain(cell, "a").vcpus().get(0).cpuPercent()).isCloseTo(10.0, within(0.5));
        assertThat(domain(cell, "a").vcpus().get(1).cpuPercent()).isCloseTo(25.0, within(0.5));
    }

    @Test
    void aNewTableOfSlotsTakesEffectAtOnce() {
        CellSummary cell = run(
                "\"arinc653:schedule=a=10ms/b=10ms\"",
                """
                domains: [{name: a, guest: spin}, {name: b, guest: spin}]
                actions: [{at: 2 s, do: set-scheduler, pool: Pool-0, parameters: {schedule: a=30ms/b=10ms}}]
                """);
        assertThat(domain(cell, "a").cpuPercent()).isCloseTo((50.0 + 75.0) / 2, within(1.0));
        assertThat(domain(cell, "b").cpuPercent()).isCloseTo((50.0 + 25.0) / 2, within(1.0));
    }

    @Test
    void aSchedulerThatDoesNotKnowAParameterTakesNoNotice() {
        String yaml =
                """
                domains: [{name: a, guest: spin}]
                pools: [{name: Pool-0, cpus: 0, scheduler: rr}]
                actions: [{at: 1 s, do: set-scheduler, pool: Pool-0, parameters: {tslice_ms: 5}}]
                """;
        assertThat(domain(run("credit", yaml), "a").cpuPercent()).isGreaterThan(99.0);
    }
}
