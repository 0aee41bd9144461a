package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong is said in one line, with exit code 2 for bad input and 1 for what failed; other cells are kept. */
class BadInputTest {
    private static final String DOMAINS = "domains: [{name: a, guest: spin}, {name: b, guest: periodic}]\n";

    /** A policy of which a test breaks one method. */
    private static final String POLICY =
            """
            import java.util.ArrayDeque;
            import org.xenolith.hypervisor.*;

            public class Broken implements Scheduler {
                private final ArrayDeque<SchedUnit> queue = new ArrayDeque<>();
                private SchedUnit lastBlocked;
                private SchedulerHost host;
                private int decisions;
                public void init(SchedulerHost host) { this.host = host; }
                public void wake(SchedUnit unit) { queue.add(unit); host.tickle(unit.pcpu()); }
                public void sleep(SchedUnit unit) { queue.remove(unit); lastBlocked = unit; }
                public void contextSaved(SchedUnit unit) {
                    if (unit.isRunnable()) { queue.add(unit); } else { lastBlocked = unit; }
                }
                public void schedule(int pcpu, long now, Decision decision) {
                    SchedUnit current = host.current(pcpu);
                    decisions++;
                    if (decisions > 50) {
                        /*break*/
                    }
                    SchedUnit next = queue.poll();
                    if (next == null && current != null && current.isRunnable()) { next = current; }
                    if (next == null) { decision.idle(); } else { decision.run(next, 1_000_000); }
                }
            }
            """;

    @TempDir
    Path folder;

    private String scenario(String text) throws IOException {
        return Files.writeString(folder.resolve("s.yaml"), "duration: 200 ms\n" + text)
                .toString();
    }

    private Command run(String scenario, String... more) {
        String[] args = new String[more.length + 4];
        args[0] = "run";
        args[1] = scenario;
        args[2] = "--output";
        args[3] = folder.resolve("out").toString();
        System.arraycopy(more, 0, args, 4, more.length);
        return Command.run(args);
    }

    @Test
    void scenarios() throws IOException {
        run(folder + "/gone.yaml").says(2, "gone.yaml: no such file");
        run(scenario("domians: []")).says(2, "s.yaml:2:1: unknown key 'domians'; did you mean 'domains'?");
        run(scenario("domains: [{name: a, weight: 0, guest: spin}]")).says(2, "s.yaml:2:21: weight must be");
        run(scenario("domains: [{name: a, cap: 150, guest: spin}]")).says(2, "s.yaml:2:21: cap must be", "0 to 100");
        run(scenario(DOMAINS + "schedulers: [lifo]")).says(2, "s.yaml:3:14: no scheduler 'lifo'");
        run(scenario(DOMAINS + "costs: cheap")).says(2, "s.yaml:3:1: no cost profile");
        run(scenario(DOMAINS + "actions: [{at: 1 ms, do: unpause, domain: a}]"))
                .says(2, "actions: at 1.00 ms: a (d1): d1v0 is not paused");
    }

    @Test
    void aPoolWithoutPcpusForItsDomains() throws IOException {
        run(scenario(DOMAINS + "actions: [{at: 1 ms, do: cpu-remove, pool: Pool-0, cpus: 0}]"))
                .says(2, "actions: at 1.00 ms: pCPU 0 is the last of cpupool Pool-0, and a (d1) is in it");
    }

    @Test
    void aMoveToAPoolWithoutPcpus() throws IOException {
        run(scenario(DOMAINS
                        + "actions: [{at: 1 ms, do: pool-create, pool: p}, {at: 2 ms, do: move, domain: a, pool: p}]"))
                .says(2, "actions: at 2.00 ms: cpupool p has no pCPU to run a (d1)");
    }

    @Test
    void anAffinityThatLeavesAVcpuNowhereToRun() throws IOException {
        run(scenario("machine: {pcpus: 2}\n" + DOMAINS
                        + "actions: [{at: 1 ms, do: cpu-remove, pool: Pool-0, cpus: 1},"
                        + " {at: 2 ms, do: set-affinity, domain: a, cpus: 1}]"))
                .says(2, "actions: at 2.00 ms: a (d1): d1v0 may run nowhere: affinity 1, pool 0");
    }

    @Test
    void aBudgetOverItsPeriod() throws IOException {
        run(scenario(
                        "schedulers: [rtds]\ndomains: [{name: a, sched: {period_us: 4000, budget_us: 5000}, guest: spin}]"))
                .says(2, "rtds: d1v0: budget_us 5000 is more than period_us 4000");
        run(scenario("schedulers: [rtds]\ndomains: [{name: a, sched: {budget_us: 5}, guest: spin}]"))
                .says(2, "s.yaml:3:", "budget_us must be 10 to");
    }

    @Test
    void anArincFrameThatDoesNotAddUp() throws IOException {
        run(scenario(DOMAINS), "--scheduler", "arinc653:schedule=a=15ms/idle=6ms:major_frame_us=20000")
                .says(2, "arinc653: the slots come to 21000 us, which is more than the major frame of 20000 us");
    }

    @Test
    void anArincTableThatIsNone() throws IOException {
        run(scenario(DOMAINS), "--scheduler", "arinc653:schedule=a=15")
                .says(2, "arinc653: schedule: 'a=15' is no slot");
    }

    @Test
    void aRunInWhichNothingRan() throws IOException {
        run(scenario("domains: [{name: a, guest: {workload: periodic, startMicros: 900000}}]\nwarmup: 1 ms"))
                .says(2, "no guest ran between 1.00 ms and 200 ms");
    }

    @Test
    void parametersAndArguments() throws IOException {
        String good = scenario(DOMAINS);

        run(good, "--scheduler", "credit:tslice_ms=5000").says(2, "tslice_ms takes 1 to 1000 ms, not '5000'");
        run(good, "--scheduler", "credit:tslice=5").says(2, "no parameter 'tslice'; it has version (");
        run(good, "--scheduler", "credit2:ratelimit_us=50").says(2, "ratelimit_us must be 0 or 100 to 500000");
        run(good, "--seed", "x").says(2, "--seed", "(try: xenolith run --help)");
        Command.run("rum").says(2, "'rum'");
        Command.run("compare", "--from", "-1").says(2, "--from must be 0 to 1000000 seconds");
    }

    @Test
    void tracesThatAreNone() throws IOException {
        byte[] bytes = new byte[100_000];
        new Random(1).nextBytes(bytes);
        Path garbage = Files.write(folder.resolve("garbage.trc"), bytes);
        Path empty = Files.createFile(folder.resolve("empty.trc"));

        Command.run("compare", "--trace", garbage.toString()).says(2, "garbage.trc: ");
        Command.run("compare", "--trace", empty.toString()).says(2, "empty.trc: ");
        Command.run("compare", "--trace", folder + "/gone.trc").says(2, "gone.trc: no such file");
        Command.run("compare", "--trace", "../traces/xen-4.17/credit2/s4-all.trc.xz", "--from", "100")
                .says(2, "s4-all.trc.xz: ");
    }

    private JsonNode[] runBroken(String how, int code, String... watchdog) throws IOException {
        String source = POLICY.replace("/*break*/", how);
        Path file = Files.writeString(folder.resolve("Broken.java"), source);
        String[] args = new String[3 + watchdog.length];
        args[0] = "--scheduler";
        args[1] = "credit2," + file + ",rr";
        args[2] = "--json";
        System.arraycopy(watchdog, 0, args, 3, watchdog.length);
        Command command = run(scenario(DOMAINS), args);

        assertThat(command.code()).isEqualTo(code);
        assertThat(command.err().lines()).hasSize(1);
        JsonNode cells = command.json().get("cells");
        assertThat(cells.get(0).get("status").asText()).isEqualTo("ok");
        assertThat(cells.get(1).get("status").asText()).isEqualTo("failed");
        assertThat(cells.get(2).get("status").asText()).isEqualTo("ok");
        assertThat(command.err()).contains(cells.get(1).get("error").asText());
        return new JsonNode[] {cells.get(1).get("error")};
    }

    @Test
    void aSchedulerThatThrows() throws IOException {
        String error = runBroken("throw new IllegalStateException(\"lost count\");", 1)[0].asText();

        assertThat(error)
                .matches("Broken: at [0-9]+ ns: throws IllegalStateException: lost count,"
                        + " in schedule \\(Broken.java:19\\), while pCPU 0 runs d[12]v0");
    }

    @Test
    void aSchedulerThatDoesNotReturn() throws IOException {
        String error = runBroken("while (queue != null) { now++; }", 1, "--watchdog", "1")[0].asText();

        assertThat(error)
                .matches("Broken: at [0-9]+ ns: does not return: no event in 1 s of CPU time,"
                        + " in schedule \\(Broken.java:19\\), while pCPU 0 .*");
    }

    @Test
    void aSchedulerThatLetsNoTimePass() throws IOException {
        String error = runBroken("host.tickle(pcpu);", 1)[0].asText();

        assertThat(error).contains("Broken: at ", "virtual time stands still");
    }

    @Test
    void aSchedulerThatChoosesWhoIsBlocked() throws IOException {
        String error = runBroken(
                "if (lastBlocked != null && !lastBlocked.isRunnable() && !lastBlocked.isRunning()) {"
                        + " decision.run(lastBlocked, 1000); return; }",
                1)[0]
                .asText();

        assertThat(error).matches("Broken: at [0-9]+ ns: chose d2v0 for pCPU 0, which is not runnable \\(BLOCKED\\)");
    }

    @Test
    void aSchedulerThatDoesNotCompile() throws IOException {
        Path file = Files.writeString(folder.resolve("Broken.java"), POLICY.replace("/*break*/", "int x = \"no\";"));

        Command command = run(scenario(DOMAINS), "--scheduler", file.toString());

        assertThat(command.code()).isEqualTo(2);
        assertThat(command.err()).contains(file + ":19: error: incompatible types", "int x = \"no\";", "^", "1 error");
    }

    @Test
    void resultsThatCannotBeWritten() throws IOException {
        String good = scenario(DOMAINS);
        Path file = Files.createFile(folder.resolve("file"));

        Command.run("run", good, "--output", file.toString()).says(2, "is a file; name a folder for the results");
        Command.run("run", good, "--output", file + "/sub").says(1, "cannot make the folder");
        Command.run("run", good, "--output", folder.toString()).says(2, "is not empty");
        Command.run("run", good, "--resume", folder.toString()).says(2, "is no run's folder");
    }

    @Test
    void aFullDisk() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "needs /dev/full, a device without room");
        String good = scenario(DOMAINS + "schedulers: [credit2, rr]");
        Path out = folder.resolve("out");
        run(good).ok();
        Files.delete(out.resolve("cells/rr.json"));
        Files.createSymbolicLink(out.resolve("cells/rr.trc.part"), full);

        Command command = Command.run("run", good, "--resume", out.toString(), "--json");
        command.says(1, "rr: ", "rr.trc.part: cannot be written: No space left on device");
        assertThat(command.json().get("cells").get(0).get("status").asText()).isEqualTo("ok");

        Files.createSymbolicLink(out.resolve("summary.json.part"), full);
        Command.run("run", good, "--resume", out.toString())
                .says(1, "cannot write " + out.resolve("summary.json"), "No space left on device");
    }
}
