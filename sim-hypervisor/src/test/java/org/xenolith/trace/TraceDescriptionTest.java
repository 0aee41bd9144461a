package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.engine.InputException;
import org.xenolith.trace.TraceDescription.DomainDescription;

/** The descriptions of the recorded traces, held against the traces and against the hypervisor's own account. */
class TraceDescriptionTest {
    /** How far the share of a domain in a trace may be from the hypervisor's account, in points. */
    private static final double POINTS = 0.03;

    /** The same on several pCPUs: QEMU lets them take turns, so Xen's clocks of them are up to some ms of 4 s apart. */
    private static final double POINTS_OF_SEVERAL = 0.15;

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> everyRecordedTraceIsDescribedAndTheDescriptionFitsIt() {
        return SharedTraces.all().stream()
                .map(trace -> DynamicTest.dynamicTest(name(trace), () -> {
                    assertThat(TraceDescription.fileBeside(trace)).exists();
                    TraceDescription said = TraceDescription.load(trace);
                    TraceDescription seen = TraceSurvey.describe(trace);
                    assertThat(said.assumptions()).isEmpty();
                    assertThat(said.provenance()).contains("2026-11-22");
                    assertThat(said.hypervisor()).startsWith("Xen 4.17.");
                    assertThat(said.tscHz()).isEqualTo(seen.tscHz()).isEqualTo(1_000_000_000);
                    assertThat(said.pcpus()).isEqualTo(seen.pcpus());
                    assertThat(said.scheduler().name())
                            .isEqualTo(seen.scheduler().name());
                    for (DomainDescription domain : seen.domains()) {
                        assertThat(said.domain(domain.id()))
                                .as("domain " + domain.id())
                                .isNotNull();
                        assertThat(said.domain(domain.id()).vcpus()).isEqualTo(domain.vcpus());
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> runningTimeInTheSteadyWindowIsThatOfTheHypervisorsAccount() throws IOException {
        List<Path> traces = SharedTraces.all().stream()
                .filter(trace -> Files.exists(trace.resolveSibling("cputime.txt")))
                .toList();
        assertThat(traces).hasSizeGreaterThanOrEqualTo(13);
        return traces.stream()
                .map(trace -> DynamicTest.dynamicTest(name(trace), () -> {
                    TraceDescription description = TraceDescription.load(trace);
                    long from = description.steady().fromNanos();
                    long to = description.steady().toNanos();
                    Map<Integer, Double> account = account(trace, (to - from) / 1e9);
                    RunningTime steady = new RunningTime(from, to);
                    long[] pauses = runAndFindPauses(trace, steady);
                    assertThat(from).as("begins after the last unpausing").isGreaterThan(pauses[0]);
                    assertThat(to).as("ends before the first pause").isLessThan(pauses[1]);
                    assertThat(steady.length()).isEqualTo(to - from);
                    assertThat(account).isNotEmpty();
                    account.forEach((domain, percent) -> {
                        assertThat(description.domain(domain).measuredPercent())
                                .as("described share of domain " + domain)
                                .isCloseTo(percent, within(0.001));
                        assertThat(steady.percent(domain))
                                .as("share of domain " + domain + " in the trace")
                                .isCloseTo(percent, within(description.pcpus() == 1 ? POINTS : POINTS_OF_SEVERAL));
                    });
                    double total = steady.cyclesByDomain().values().stream()
                                    .mapToLong(Long::longValue)
                                    .sum()
                            * 100.0
                            / steady.length();
                    assertThat(total).as("all pCPUs").isCloseTo(100.0 * description.pcpus(), within(0.5));
                }));
    }

    /** Fills {@code steady} and returns when the last guest was first woken and the first was paused, in ns. */
    private static long[] runAndFindPauses(Path trace, RunningTime steady) {
        TraceRecord record = new TraceRecord();
        Map<Integer, Long> firstWake = new HashMap<>();
        Map<Integer, Long> lastSleep = new HashMap<>();
        long origin = -1;
        try (MergedReader reader = MergedReader.open(trace)) {
            while (reader.next(record)) {
                origin = origin < 0 ? record.tsc : origin;
                steady.accept(record);
                if (record.event == TraceEvent.Sched.WAKE && record.word[0] != 0) {
                    firstWake.putIfAbsent(record.word[0], record.tsc - origin);
                } else if (record.event == TraceEvent.Sched.SLEEP && record.word[0] != 0) {
                    lastSleep.put(record.word[0], record.tsc - origin);
                }
            }
        }
        steady.finish();
        return new long[] {
            firstWake.values().stream().mapToLong(Long::longValue).max().orElseThrow(),
            lastSleep.values().stream().mapToLong(Long::longValue).min().orElse(Long.MAX_VALUE)
        };
    }

    /** Percent of one pCPU for each domain, from the readings before and after; checks their distance in time. */
    private static Map<Integer, Double> account(Path trace, double seconds) throws IOException {
        String run = trace.getFileName().toString().replace(".trc.xz", "");
        Map<Integer, Long> before = new HashMap<>();
        Map<Integer, Long> after = new HashMap<>();
        long start = 0;
        long length = 0;
        String section = "";
        for (String line : Files.readAllLines(trace.resolveSibling("cputime.txt"))) {
            if (line.contains(" mono_ns=")) {
                section = line.substring(1, line.indexOf(' '));
                long at = Long.parseLong(line.substring(line.indexOf('=') + 1));
                if (section.equals(run + "-before")) {
                    start = at;
                } else if (section.equals(run + "-after")) {
                    length = at - start;
                }
            } else if (!line.startsWith("#")) {
                String[] words = line.trim().split(" +", -1);
                int domain = Integer.parseInt(words[0]);
                long nanos = Long.parseLong(words[3]);
                if (section.equals(run + "-before")) {
                    before.merge(domain, nanos, Long::sum);
                } else if (section.equals(run + "-after")) {
                    after.merge(domain, nanos, Long::sum);
                }
            }
        }
        assertThat(length / 1e9).isCloseTo(seconds, within(1e-5));
        Map<Integer, Double> percent = new HashMap<>();
        for (Map.Entry<Integer, Long> domain : after.entrySet()) {
            percent.put(domain.getKey(), 100.0 * (domain.getValue() - before.get(domain.getKey())) / length);
        }
        return percent;
    }

    @Test
    void withoutADescriptionItSaysWhatItAssumes() throws IOException {
        Path copy = folder.resolve("copy.trc.xz");
        Files.copy(SharedTraces.trace("credit2-2pcpu/m1-a256-b512-c256"), copy);
        TraceDescription description = TraceDescription.load(copy);
        assertThat(description.tscHz()).isEqualTo(1_000_000_000);
        assertThat(description.pcpus()).isEqualTo(2);
        assertThat(description.scheduler().name()).isEqualTo("credit2");
        assertThat(description.domains()).extracting(DomainDescription::id).containsExactly(0, 1, 2, 3);
        assertThat(description.domains()).extracting(DomainDescription::weight).containsOnly(256);
        assertThat(description.steady()).isNull();
        assertThat(description.assumptions())
                .containsExactly(
                        "there is no description " + folder.resolve("copy.yaml"),
                        "the time stamps count at 1000 MHz, by 2407 run times that Xen gives in ns",
                        "every domain has weight 256 and no cap",
                        "the whole trace is steady");
    }

    @Test
    void theRateIsWorkedOutFromTheTrace() throws IOException {
        // The same recording with every stamp stretched, as a machine of 2.6 GHz would have written it.
        Path stretched = folder.resolve("stretched.trc");
        try (XentraceReader reader = XentraceReader.open(SharedTraces.trace("credit2/s1-w256-w512"));
                XentraceWriter writer = XentraceWriter.create(stretched)) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                record.tsc = record.tsc * 26 / 10;
                writer.accept(record);
            }
        }
        assertThat(TraceDescription.load(stretched).tscHz()).isEqualTo(2_600_000_000L);
    }

    @Test
    void aRateThatDoesNotShowIsAssumed() throws IOException {
        Path small = folder.resolve("small.trc");
        try (XentraceWriter writer = XentraceWriter.create(small)) {
            TraceRecord record = new TraceRecord();
            record.event = TraceEvent.Sched.WAKE;
            record.hasTsc = true;
            record.tsc = 5;
            record.words = 2;
            writer.accept(record);
        }
        TraceDescription description = TraceDescription.load(small);
        assertThat(description.tscHz()).isEqualTo(1_000_000_000);
        assertThat(description.assumptions())
                .contains("the time stamps count at 1 GHz: the trace does not show their rate");
    }

    @Test
    void whatMakesNoSenseIsRefusedWithItsPlace() throws IOException {
        refuses("title: x\npcpus: 1\ntscHz: 1000000000\nwieght: 3\n", "t.yaml:4: unknown key 'wieght'; known: ");
        refuses(
                "pcpus: 1\ntscHz: 1000000000\ndomains:\n  - id: 1\n    nam: a\n",
                "t.yaml:5: unknown key 'nam'; known: cap, credit, id, measuredPercent, name, rtds, ");
        refuses("pcpus: 1\ntscHz: 1000000000\ndomains:\n  - name: a\n", "t.yaml:4: Missing required");
        refuses("pcpus: one\ntscHz: 1000000000\n", "t.yaml:1: ");
        refuses("pcpus: 1\npcpus: 2\ntscHz: 1000000000\n", "t.yaml:2: ");
        refuses("title: [\n", "t.yaml:");
        refuses("", "t.yaml");
        refuses("title: x\n", "t.yaml");
        refuses("pcpus: 1\ntscHz: 1\n", "t.yaml: tscHz must be 1 MHz to 9 GHz");
        refuses("pcpus: 0\ntscHz: 1000000000\n", "t.yaml: pcpus must be 1 to 4096");
        refuses("pcpus: 1\ntscHz: 1000000000\nsteady: {from: 2, to: 1}\n", "t.yaml: steady: from must be before to");
        refuses(
                "pcpus: 1\ntscHz: 1000000000\ndomains: [{id: 1, weight: 65536}]\n",
                "t.yaml: domain 1: weight must be 1 to 65535");
        refuses("pcpus: 1\ntscHz: 1000000000\ndomains: [{id: 1}, {id: 1}]\n", "t.yaml: domain 1: stands there twice");
        refuses(
                "pcpus: 1\ntscHz: 1000000000\ndomains: [{id: 1, rtds: {periodMicros: 5, budgetMicros: 10,"
                        + " extratime: true}}]\n",
                "t.yaml: domain 1: rtds: budgetMicros must be 10 to periodMicros");
    }

    private void refuses(String yaml, String start) throws IOException {
        Path file = folder.resolve("t.yaml");
        Files.writeString(file, yaml);
        assertThatThrownBy(() -> TraceDescription.read(file))
                .as(yaml)
                .isInstanceOf(InputException.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"))
                .hasMessageStartingWith(folder + "/" + start);
    }

    private static String name(Path trace) {
        return trace.getParent().getFileName() + "/" + trace.getFileName();
    }
}
