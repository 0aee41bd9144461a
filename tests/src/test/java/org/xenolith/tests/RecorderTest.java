package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.RunningTime;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceRecord;

/**
 * The recorder of real Xen. What needs no recording is always tried; a trace is recorded again, some minutes on a fast
 * machine, with {@code mvn verify -pl tests -am -Dtest=RecorderTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dxenolith.record=true}.
 */
class RecorderTest {
    private static final Path RECORDER = Path.of("../traces/recorder/record");
    private static final Path TRACES = Path.of("../traces/xen-4.17");

    /** How far two recordings of the same thing may be from each other, in percent of what dom0 leaves of a pCPU. */
    private static final double NOISE = 0.05;

    /** The recordings that were made by hand, and are not the recorder's to make again. */
    private static final List<String> BY_HAND = List.of("boot/pv1", "boot/pvh1");

    @TempDir
    Path folder;

    private record Run(int code, String out, String err) {}

    private Run record(String... arguments) throws IOException, InterruptedException {
        return record(60, arguments);
    }

    private Run record(int seconds, String... arguments) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "the recorder is a script for bash");
        List<String> command = new ArrayList<>(List.of("/bin/bash", RECORDER.toString()));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        process.getOutputStream().close();
        try {
            assertThat(process.waitFor(seconds, TimeUnit.SECONDS)).as("it ends").isTrue();
        } finally {
            process.destroy();
        }
        return new Run(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }

    @Test
    void everyTraceThatShipsCanBeMadeAgain() throws IOException, InterruptedException {
        Run run = record("--list");
        assertThat(run.code).as(run.err).isZero();
        List<String> listed = run.out.lines().map(line -> line.split(" ", 2)[0]).toList();
        try (Stream<Path> files = Files.walk(TRACES)) {
            List<String> shipped = files.map(
                            file -> TRACES.relativize(file).toString().replace('\\', '/'))
                    .filter(name -> name.endsWith(".trc.xz"))
                    .map(name -> name.replace(".trc.xz", ""))
                    .filter(name -> !BY_HAND.contains(name))
                    .toList();
            assertThat(shipped).hasSizeGreaterThanOrEqualTo(13);
            assertThat(listed).containsExactlyInAnyOrderElementsOf(shipped);
        }
    }

    @Test
    void whatItCannotDoItSaysInOneLine() throws IOException, InterruptedException {
        refuses("credit2/none: no such recording", "credit2/none");
        refuses("--fast: no such option", "--fast");
        refuses("--out wants a folder", "--out");
        assertThat(record().code).isEqualTo(2);
        assertThat(record("--help").out).contains("usage: record", "--list");
    }

    private void refuses(String start, String... arguments) throws IOException, InterruptedException {
        Run run = record(arguments);
        assertThat(run.err.lines().toList()).as(run.err).hasSize(1);
        assertThat(run.err).startsWith("record: " + start);
        assertThat(run.code).isEqualTo(2);
        assertThat(run.out).isEmpty();
    }

    /**
     * The recorder's own proof: what it records today is what was recorded when the trace was made. That trace was made by
     * another script, with more work for dom0 (2.0 % and now 0.5 %), so what is compared is how the guests share the rest.
     */
    @Test
    void aRecordingMadeAgainHasTheSharesOfTheOneThatShips() throws IOException, InterruptedException {
        assumeTrue(
                Boolean.getBoolean("xenolith.record"),
                "recording takes minutes; ask for it with -Dxenolith.record=true");
        String name = "credit2/s1-w256-w512";
        Path made = folder.resolve("made");
        Run run = record(3600, "--out", made.toString(), name);
        assumeTrue(!run.err.contains(" is not there; install it: "), run.err.strip());
        assumeTrue(!run.err.contains("packages cannot be downloaded"), run.err.strip());
        assertThat(run.code).as(run.err).isZero();
        TraceDescription ours = TraceDescription.load(made.resolve(name + ".trc.xz"));
        TraceDescription shipped = TraceDescription.load(TRACES.resolve(name + ".trc.xz"));
        assertThat(ours.assumptions()).isEmpty();
        assertThat(ours.scheduler()).isEqualTo(shipped.scheduler());
        assertThat(ours.domain(0).measuredPercent()).isLessThan(3);
        RunningTime traced =
                new RunningTime(ours.steady().fromNanos(), ours.steady().toNanos());
        try (MergedReader reader = MergedReader.open(made.resolve(name + ".trc.xz"))) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                traced.accept(record);
            }
            assertThat(reader.lostRecords()).isZero();
        }
        traced.finish();
        for (DomainDescription domain : shipped.domains()) {
            DomainDescription again = ours.domain(domain.id());
            assertThat(again.weight()).isEqualTo(domain.weight());
            assertThat(ofWhatDom0Leaves(ours, again))
                    .as("share of " + domain.name())
                    .isCloseTo(ofWhatDom0Leaves(shipped, domain), within(NOISE));
            assertThat(traced.percent(domain.id()))
                    .as("share of " + domain.name() + " in the trace")
                    .isCloseTo(again.measuredPercent(), within(NOISE));
        }
    }

    private static double ofWhatDom0Leaves(TraceDescription trace, DomainDescription domain) {
        return domain.id() == 0
                ? 0
                : domain.measuredPercent() * 100 / (100 - trace.domain(0).measuredPercent());
    }
}
