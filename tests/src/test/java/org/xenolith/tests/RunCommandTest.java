package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code xenolith run}: what it prints and what it leaves. */
class RunCommandTest {
    private static final String SCENARIO =
            """
            about: Two guests.
            schedulers: [credit2, rr]
            warmup: 10 ms
            duration: 300 ms
            domains:
              - {name: a, guest: spin}
              - {name: b, weight: 512, guest: {workload: periodic, workMicros: 1000, sleepMicros: 2000}}
            """;

    @TempDir
    Path folder;

    private String scenario;
    private Path results;

    @BeforeEach
    void write() throws IOException {
        scenario = Files.writeString(folder.resolve("two.yaml"), SCENARIO).toString();
        results = folder.resolve("results");
    }

    private JsonNode manifest() throws IOException {
        return new ObjectMapper().readTree(results.resolve("manifest.json").toFile());
    }

    private Command run(String... more) {
        String[] args = Stream.concat(Stream.of("run", scenario, "--output", results.toString()), Stream.of(more))
                .toArray(String[]::new);
        return Command.run(args);
    }

    @Test
    void printsOneTableAndNamesTheReport() {
        List<String> lines = run().ok().lines();

        assertThat(lines.get(0)).isEqualTo("two: Two guests.");
        assertThat(lines.get(1)).isEqualTo("1 pCPU, 10.0 ms to 300 ms, costs qemu-icount, seed 1");
        assertThat(lines.get(3)).contains("wake-to-run latency", "run length");
        assertThat(lines.get(4)).startsWith("scheduler").endsWith("migrated");
        assertThat(lines.get(5)).startsWith("credit2").contains(" a ");
        assertThat(lines).anyMatch(line -> line.startsWith("rr against credit2: "));
        assertThat(lines.get(lines.size() - 1)).isEqualTo("report: " + results.resolve("report.html"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"weights", "weights.yaml", "scenarios/weights.yaml"})
    void findsAShippedScenarioByItsNameOrTheEndOfItsPath(String name) {
        scenario = name;

        assertThat(run().ok().lines().get(0)).startsWith("weights: ");
    }

    @Test
    void leavesEverythingInItsFolder() throws IOException {
        run().ok();

        for (String file : List.of(
                "manifest.json",
                "summary.json",
                "cells.csv",
                "counters.csv",
                "report.html",
                "cells/credit2.trc",
                "cells/credit2.json",
                "cells/rr.trc",
                "cells/rr.json")) {
            assertThat(results.resolve(file)).isNotEmptyFile();
        }
        try (Stream<Path> files = Files.walk(results)) {
            assertThat(files).noneMatch(f -> f.toString().endsWith(".part"));
        }
        JsonNode manifest = manifest();
        assertThat(manifest.get("status").asText()).isEqualTo("complete");
        assertThat(manifest.get("inputs").get(0).get("sha256").asText()).hasSize(64);
        assertThat(manifest.get("cells")
                        .get(0)
                        .get("parameters")
                        .get("ratelimit_us")
                        .asLong())
                .isEqualTo(1000);
        assertThat(Files.readAllLines(results.resolve("cells.csv")))
                .hasSize(5)
                .first()
                .asString()
                .startsWith("cell,");
        Command.run("trace", "info", results.resolve("cells/rr.trc").toString()).ok();
    }

    @Test
    void printsTheSummaryAloneAsJson() throws IOException {
        Command command = run("--json").ok();

        assertThat(command.err()).isEmpty();
        assertThat(command.out()).isEqualTo(Files.readString(results.resolve("summary.json")));
        JsonNode cell = command.json().get("cells").get(0);
        assertThat(cell.get("scheduler").asText()).isEqualTo("credit2");
        assertThat(cell.get("status").asText()).isEqualTo("ok");
        JsonNode b = cell.get("domains").get(1);
        assertThat(b.get("wakeLatencyNanos").get("p99").asLong()).isPositive();
        JsonNode pcpu = cell.get("pcpus").get(0);
        assertThat(pcpu.get("guestPercent").asDouble()
                        + pcpu.get("hypervisorPercent").asDouble()
                        + pcpu.get("idlePercent").asDouble())
                .isCloseTo(100, org.assertj.core.data.Offset.offset(0.001));
    }

    @Test
    void optionsChangeTheScenario() {
        JsonNode json = run("--scheduler", "rr:slice_us=2000,credit", "--seed", "3,4", "--costs", "zero", "--json")
                .ok()
                .json();

        assertThat(json.get("costs").asText()).isEqualTo("zero");
        assertThat(json.get("cells").findValuesAsText("name"))
                .contains("rr:slice_us=2000 seed 3", "rr:slice_us=2000 seed 4", "credit seed 3", "credit seed 4");
        assertThat(json.get("cells").get(0).get("parameters").get("slice_us").asLong())
                .isEqualTo(2000);
        assertThat(json.get("cells")
                        .get(0)
                        .get("pcpus")
                        .get(0)
                        .get("hypervisorPercent")
                        .asDouble())
                .isZero();
    }

    @Test
    void aPolicyIsCompiledFromItsSource() throws IOException {
        String policy = Files.readString(
                        Path.of("../scheduler-lab/src/main/java/org/xenolith/scheduler/RoundRobin.java"))
                .replace("package org.xenolith.scheduler;", "")
                .replace("\"rr\"", "\"mine\"")
                .replace("class RoundRobin", "class MyPolicy");
        Path file = Files.writeString(folder.resolve("MyPolicy.java"), policy);

        JsonNode json = run("--scheduler", "rr," + file, "--json").ok().json();

        JsonNode rr = json.get("cells").get(0);
        JsonNode mine = json.get("cells").get(1);
        assertThat(mine.get("scheduler").asText()).isEqualTo("mine");
        assertThat(mine.get("domains")).isEqualTo(rr.get("domains"));
        assertThat(manifest().get("inputs").findValuesAsText("path")).contains(file.toString());
    }

    @Test
    void resumesWhatWasInterrupted() throws IOException {
        run().ok();
        String whole = Files.readString(results.resolve("summary.json"));
        Files.delete(results.resolve("cells/rr.json"));
        Files.delete(results.resolve("summary.json"));
        byte[] kept = Files.readAllBytes(results.resolve("cells/credit2.trc"));

        Command.run("run", scenario, "--resume", results.toString()).ok();

        assertThat(Files.readString(results.resolve("summary.json"))).isEqualTo(whole);
        assertThat(Files.readAllBytes(results.resolve("cells/credit2.trc"))).isEqualTo(kept);
        assertThat(manifest().get("status").asText()).isEqualTo("complete");
    }

    @Test
    void doesNotResumeWhatHasChanged() throws IOException {
        run().ok();
        Files.writeString(Path.of(scenario), SCENARIO.replace("512", "1024"));

        Command.run("run", scenario, "--resume", results.toString()).says(2, "its inputs have changed since");
    }
}
