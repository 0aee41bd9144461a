package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.Experiment;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** A booted Linux and recorded guests share a pCPU by their weights, and Linux itself counts what it does not get. */
class NoisyNeighboursTest {
    private static final Path SCENARIO = Path.of("../scheduler-lab/scenarios", Boots.SCENARIO + ".yaml");
    private static final Pattern STAT =
            Pattern.compile("(?m)^cpu (?:[0-9]+ ){7}([0-9]+)"); // user nice system idle iowait irq softirq steal
    private static final int MILLIS_PER_TICK = 10;

    @TempDir
    Path folder;

    @Test
    void sharesFollowWeightsAndStealTimeAgrees() throws Exception {
        Boots.files();
        Experiment experiment = new Experiment(
                ScenarioReader.read(SCENARIO, new SchedulerCatalog()),
                RunFolder.at(folder.resolve("run")),
                Experiment.Options.of(List.of("test"), "test"));
        experiment.run((done, cellsDone, cells) -> {});

        for (String scheduler : new String[] {"credit2", "credit"}) {
            CellSummary cell = experiment.summary().cells().stream()
                    .filter(c -> c.name().equals(scheduler))
                    .findFirst()
                    .orElseThrow();
            DomainSummary linux = cell.domains().stream()
                    .filter(d -> d.name().equals("linux"))
                    .findFirst()
                    .orElseThrow();
            Path cells = folder.resolve("run/cells");
            Matcher stat = STAT.matcher(Files.readString(cells.resolve(scheduler + ".linux.console.txt")));
            assertThat(stat.find()).as("the shell has printed /proc/stat").isTrue();
            double steal = Long.parseLong(stat.group(1)) * MILLIS_PER_TICK;
            assertThat(steal)
                    .as("%s: ms of steal time that Linux counts", scheduler)
                    .isCloseTo(linux.counters().get("runnableMillis"), Percentage.withPercentage(2));

            Map<String, Double> ran = runningWhileLinuxLives(cells.resolve(scheduler + ".trc"), linux.id(), cell);
            double all = ran.get("a") + ran.get("b") + ran.get("linux");
            // 256 : 512 : 1024, but for the moments in which a booting Linux waits; credit gives in whole ticks
            // besides, and boosts
            // a guest that wakes.
            double points = scheduler.equals("credit2") ? 1.5 : 5;
            assertThat(100 * ran.get("a") / all).as(scheduler).isCloseTo(100 / 7.0, within(points));
            assertThat(100 * ran.get("b") / all).as(scheduler).isCloseTo(200 / 7.0, within(points));
            assertThat(100 * ran.get("linux") / all).as(scheduler).isCloseTo(400 / 7.0, within(points));
        }
    }

    /** Cycles that each domain ran from the begin of the trace to the end of {@code linux}, by name. */
    private static Map<String, Double> runningWhileLinuxLives(Path trace, int linux, CellSummary cell) {
        Map<Integer, String> names = new TreeMap<>();
        cell.domains().forEach(d -> names.put(d.id(), d.name()));
        Map<String, Double> ran = new TreeMap<>();
        TraceRecord record = new TraceRecord();
        long since = 0;
        try (MergedReader reader = MergedReader.open(trace)) {
            while (reader.next(record)) {
                if (record.event == TraceEvent.Sched.SHUTDOWN && record.word[0] == linux) {
                    break;
                }
                if (TraceEvent.isRunstateChange(record.event)) {
                    String name = names.get(TraceEvent.domainOf(record.word[0]));
                    if (TraceEvent.newRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
                        since = record.tsc;
                    } else if (TraceEvent.oldRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING && name != null) {
                        ran.merge(name, (double) (record.tsc - since), Double::sum);
                    }
                }
            }
        }
        return ran;
    }
}
