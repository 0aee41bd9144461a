package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.experiment.SchedulerChoice;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** {@code xenolith explain}: why a decision of a run was taken. */
class ExplainCommandTest {
    private static final String SCENARIO =
            """
            schedulers: [credit2]
            duration: 400 ms
            domains:
              - {name: a, guest: spin}
              - {name: b, weight: 512, guest: spin}
              - {name: c, guest: {workload: periodic, workMicros: 1000, sleepMicros: 3000}}
            """;

    /** Guests that sleep, so that even a scheduler that takes nobody's pCPU away has decisions to take. */
    private static final String SLEEPERS =
            """
            duration: 400 ms
            domains:
              - {name: a, guest: {workload: periodic, workMicros: 2000, sleepMicros: 1500}}
              - {name: b, weight: 512, guest: {workload: periodic, workMicros: 1700, sleepMicros: 2300}}
              - {name: c, guest: {workload: periodic, workMicros: 1000, sleepMicros: 3000}}
            """;

    private static final Pattern DECIDED =
            Pattern.compile("decided at ([0-9.]+) s: .* and (?:runs|goes on with) \\w+ \\(d(\\d+)v0\\)");
    private static final Pattern NEXT = Pattern.compile("decided next: +([0-9.]+) s");

    @TempDir
    Path folder;

    private Path scenario;
    private Path results;

    private void run(String yaml, String... more) throws IOException {
        scenario = Files.writeString(folder.resolve("three.yaml"), yaml);
        results = folder.resolve("results");
        List<String> args = new ArrayList<>(List.of("run", scenario.toString(), "--output", results.toString()));
        args.addAll(List.of(more));
        Command.run(args.toArray(String[]::new)).ok();
    }

    private Command explain(String... more) {
        List<String> args = new ArrayList<>(List.of("explain", results.toString()));
        args.addAll(List.of(more));
        return Command.run(args.toArray(String[]::new));
    }

    @Test
    void saysWhoWasConsideredAndWhyOneWon() throws IOException {
        run(SCENARIO);
        assertThat(explain("--at", "200 ms", "--pcpu", "0").ok().out()).isEqualTo(GOLDEN);
    }

    private static final String GOLDEN =
            """
            credit2, pCPU 0 at 0.200000000 s

            decided at 0.199359011 s: it had run a (d1v0), and runs b (d2v0), for at most 1.47 ms
            considered:
              a (d1v0)  current      credit    -45,164
              b (d2v0)  most credit  credit  1,467,400

            decided before: 0.198357207 s
            decided next:   0.200828215 s
            """;

    /** All, with a table of slots for the one that needs it. */
    static Stream<String> schedulers() {
        String table = ":schedule=a=2ms/b=2ms/c=2ms:major_frame_us=7000";
        return new SchedulerCatalog()
                .all().stream().map(SchedulerChoice::name).map(name -> name.equals("arinc653") ? name + table : name);
    }

    /** Whom it says to have won is whom the trace shows at work until the next decision. */
    @ParameterizedTest
    @MethodSource("schedulers")
    void agreesWithTheTraceUnderEveryScheduler(String scheduler) throws IOException {
        run(SLEEPERS, "--scheduler", scheduler);
        int explained = 0;
        for (int at = 5; at < 400; at += 27) {
            String said = explain("--at", at + " ms", "--pcpu", "0").ok().out();
            Matcher decided = DECIDED.matcher(said);
            Matcher next = NEXT.matcher(said);
            if (decided.find() && next.find()) {
                assertThat(said).as(scheduler).doesNotContain("does not say whom it considered");
                long nextNanos = Math.round(Double.parseDouble(next.group(1)) * 1e9);
                assertThat(runningBefore(scheduler, nextNanos))
                        .as("%s at %d ms: %s", scheduler, at, said)
                        .isEqualTo(Integer.parseInt(decided.group(2)));
                explained++;
            }
        }
        assertThat(explained).isPositive();
    }

    /** The domain that runs just before {@code nanos}, as the cell's trace says. */
    private int runningBefore(String scheduler, long nanos) {
        int running = -1;
        try (MergedReader reader = MergedReader.open(
                results.resolve("cells").resolve(scheduler.replaceAll("[^a-z0-9=_]+", "-") + ".trc"))) {
            TraceRecord r = new TraceRecord();
            while (reader.next(r) && r.tsc < nanos) {
                if (TraceEvent.isRunstateChange(r.event)
                        && TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING) {
                    running = TraceEvent.domainOf(r.word[0]);
                }
            }
        }
        return running;
    }

    @Test
    void explainsWhatARealXenDid() {
        results = folder.resolve("compared");
        Path trace = Path.of("../traces/xen-4.17/rtds/s4-all.trc.xz");
        Command.run(
                        "compare",
                        "--trace",
                        trace.toString(),
                        "--scheduler",
                        "rtds",
                        "--to",
                        "2",
                        "--output",
                        results.toString())
                .ok();
        assertThat(explain("--at", "100ms", "--pcpu", "0", "--cell", "recorded")
                        .ok()
                        .out())
                .startsWith("recorded, pCPU 0 at 0.100000000 s")
                .contains("budget (ns)", "deadline (ns)", "taken", "decided next: ");
    }

    @Test
    void refusesWhatItCannotExplain() throws IOException {
        run(SCENARIO, "--scheduler", "credit2,rr");
        explain("--at", "1ms", "--pcpu", "0").says(2, "results: has several cells; name one with --cell: credit2, rr");
        explain("--at", "1ms", "--pcpu", "0", "--cell", "credit").says(2, "no cell 'credit'; there are credit2, rr");
        explain("--at", "1ms", "--pcpu", "1", "--cell", "rr").says(2, "rr: no pCPU 1; there is only pCPU 0");
        explain("--at", "401ms", "--pcpu", "0", "--cell", "rr").says(2, "rr: ended after 400 ms, before 401 ms");
        explain("--at", "soon", "--pcpu", "0").says(2, "--at: 'soon' is no duration");
        explain("--pcpu", "0").says(2, "--at");
        Command.run("explain", folder.toString(), "--at", "1ms", "--pcpu", "0").says(2, "is no run's folder");

        Files.writeString(scenario, SCENARIO.replace("512", "513"));
        explain("--at", "1ms", "--pcpu", "0", "--cell", "rr").says(2, "three.yaml has changed since", "run it again");
        Files.delete(scenario);
        explain("--at", "1ms", "--pcpu", "0", "--cell", "rr").says(2, "three.yaml is not there; the run was made in ");
        Path manifest = results.resolve("manifest.json");
        Files.writeString(scenario, SCENARIO);
        Files.writeString(manifest, Files.readString(manifest).replace("\"run\"", "\"list\""));
        explain("--at", "1ms", "--pcpu", "0", "--cell", "rr").says(2, "results: ");
    }
}
