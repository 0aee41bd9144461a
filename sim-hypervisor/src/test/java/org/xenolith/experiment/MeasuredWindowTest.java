package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;

/** What workloads count, they count in the window that is measured. */
class MeasuredWindowTest {
    /** The first of all units that may run does, on every pCPU, until that changes. */
    @Policy(name = "first", title = "who came first runs", source = "this test")
    public static final class First implements Scheduler {
        private SchedulerHost host;
        private final List<SchedUnit> units = new ArrayList<>();

        @Override
        public void init(SchedulerHost newHost) {
            host = newHost;
        }

        @Override
        public void insert(SchedUnit unit) {
            units.add(unit);
        }

        @Override
        public void wake(SchedUnit unit) {
            host.tickle(unit.pcpu());
        }

        @Override
        public void sleep(SchedUnit unit) {
            host.tickle(unit.pcpu());
        }

        @Override
        public void schedule(int pcpu, long now, Decision decision) {
            for (SchedUnit unit : units) {
                if (unit.isRunnable() && (!unit.isRunning() || host.current(pcpu) == unit)) {
                    decision.run(unit, Decision.UNLIMITED);
                    return;
                }
            }
            decision.run(null, Decision.UNLIMITED);
        }
    }

    private static final SchedulerChoice FIRST = new SchedulerChoice(First.class, null);

    private static Map<String, DomainSummary> run(String window, String domains) {
        String text = "costs: zero\nschedulers: [first]\n" + window + "\ndomains:\n" + domains;
        Scenario scenario = ScenarioReader.parse(text, "window", Path.of(""), new SchedulerCatalog().with(FIRST));
        CellSummary cell = Experiment.measure(scenario, Cell.of(scenario).get(0));
        assertThat(cell.error()).isNull();
        return cell.domains().stream().collect(Collectors.toMap(DomainSummary::name, d -> d));
    }

    private static long counted(Map<String, DomainSummary> domains, String domain, String counter) {
        return domains.get(domain).counters().get(counter);
    }

    @Test
    void turnsOfTheWarmUpDoNotCount() {
        String domain = "  - {name: p, guest: {workload: periodic, workMicros: 1000, sleepMicros: 9000}}\n";
        assertThat(counted(run("duration: 300 ms", domain), "p", "turns")).isEqualTo(30);
        assertThat(counted(run("warmup: 195 ms\nduration: 300 ms", domain), "p", "turns"))
                .isEqualTo(10);
    }

    /** All is as it was before, so half of the time has half of everything, at the same rate. */
    @Test
    void ratesAndLatenciesOfTheNetAndTheDiskAreThoseOfTheWindow() {
        String domains =
                """
                  - {name: dom0, id: 0, guest: {workload: driver-domain}}
                  - {name: disk, guest: {workload: disk, workMicros: 100, thinkMicros: 900}}
                  - {name: ping, guest: {workload: ping, intervalMicros: 10000, jitterPercent: 0}}
                  - {name: stream, guest: {workload: stream}}
                  - {name: server, guest: {workload: server, arrivalMicros: 5000}}
                """;
        Map<String, DomainSummary> all = run("duration: 1 s", domains);
        Map<String, DomainSummary> half = run("warmup: 500 ms\nduration: 1 s", domains);
        for (String[] sum : new String[][] {
            {"disk", "requests"},
            {"ping", "pings"},
            {"ping", "replies"},
            {"stream", "packetsSent"},
            {"dom0", "diskRequests"},
            {"dom0", "packetsFromGuests"},
        }) {
            assertThat((double) counted(half, sum[0], sum[1]) / counted(all, sum[0], sum[1]))
                    .as(String.join(" ", sum))
                    .isCloseTo(0.5, within(0.02));
        }
        for (String[] rate :
                new String[][] {{"disk", "kibPerSecond"}, {"disk", "latencyMeanNanos"}, {"stream", "kilobitsPerSecond"}
                }) {
            assertThat((double) counted(half, rate[0], rate[1]) / counted(all, rate[0], rate[1]))
                    .as(String.join(" ", rate))
                    .isCloseTo(1, within(0.02));
        }
        assertThat(counted(half, "server", "served")).isBetween(70L, 130L);
        assertThat(counted(half, "server", "responsesPerSecond")).isEqualTo(2 * counted(half, "server", "responses"));
        assertThat(counted(half, "server", "requests")).isBetween(70L, 130L);
    }

    /** Before the window a busy neighbour that comes first has the pCPU half of the time; then it is gone. */
    @Test
    void whatTookLongInTheWarmUpIsForgotten() {
        String domains =
                """
                  - {name: hog, guest: {workload: periodic, workMicros: 20000, sleepMicros: 20000}}
                  - {name: dom0, id: 0, guest: {workload: driver-domain}}
                  - {name: ping, guest: {workload: ping, fromOutside: true, intervalMicros: 10000}}
                actions:
                  - {at: 500 ms, do: destroy, domain: hog}
                """;
        Map<String, DomainSummary> all = run("duration: 1 s", domains);
        Map<String, DomainSummary> after = run("warmup: 550 ms\nduration: 1 s", domains);
        assertThat(counted(all, "ping", "roundTripMaxNanos")).isGreaterThan(15_000_000);
        assertThat(counted(after, "ping", "roundTripMaxNanos")).isLessThan(1_000_000);
        assertThat(counted(after, "ping", "replies")).isBetween(44L, 46L);
    }

    @Test
    void countersAreInAFileOfTheirOwn() {
        Scenario scenario = ScenarioReader.parse(
                """
                schedulers: [first]
                duration: 100 ms
                domains:
                  - {name: "a,b", guest: {workload: periodic, workMicros: 1000, sleepMicros: 9000}}
                  - {name: idle, guest: spin}
                """,
                "counted",
                Path.of(""),
                new SchedulerCatalog().with(FIRST));
        CellSummary cell = Experiment.measure(scenario, Cell.of(scenario).get(0));
        String csv = CountersCsv.of(new Summary(Summary.FORMAT, "counted", "zero", List.of(cell)));
        assertThat(csv)
                .isEqualTo(
                        """
                        cell,scheduler,seed,domain,id,counter,value
                        first,first,1,"a,b",1,turns,10
                        first,first,1,"a,b",1,lateTurns,0
                        """);
    }
}
