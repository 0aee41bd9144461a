package org.xenolith.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.engine.InputException;
import picocli.CommandLine;

class TraceCommandTest {
    @TempDir
    Path folder;

    private final PrintStream realOut = System.out;
    private final ByteArrayOutputStream standardOutput = new ByteArrayOutputStream();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void catchStandardOutput() {
        System.setOut(new PrintStream(standardOutput, false, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restoreStandardOutput() {
        System.setOut(realOut);
    }

    private int run(Object... arguments) {
        CommandLine line = new CommandLine(new TraceCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .setExecutionExceptionHandler((e, command, parsed) -> {
                    err.append(e.getMessage());
                    return e instanceof InputException ? 2 : 1;
                });
        return line.execute(Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new));
    }

    private static Path trace(String name) {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path file = at.resolve("traces/xen-4.17").resolve(name + ".trc.xz");
            if (Files.exists(file)) {
                return file;
            }
        }
        throw new AssertionError(name);
    }

    @Test
    void infoShowsWhatIsKnownAndWhatIsThere() {
        assertThat(run("info", trace("credit2/s4-all"))).isZero();
        assertThat(out.toString())
                .contains("title       credit2: four guests: weights, a cap and a periodic one")
                .contains("scheduler   credit2: ratelimit_us 1000")
                .contains("clock       1000 MHz")
                .contains("duration    7.004959 s")
                .contains("steady      0.920020 to 6.485862 s since the first record")
                .contains("records     73,828 (sched 73,828), 0 lost")
                .containsPattern("3 +c +1 +256 +15% +13.50 +14.99 +14.99  backlogged")
                .doesNotContain("assumed")
                .doesNotContain("remark");
    }

    @Test
    void infoWithoutADescriptionSaysWhatItAssumes() throws IOException {
        Path copy = folder.resolve("copy.trc.xz");
        Files.copy(trace("credit/s1-w256-w512"), copy);
        assertThat(run("info", copy)).isZero();
        assertThat(out.toString())
                .contains("assumed     the time stamps count at 1000 MHz")
                .contains("assumed     every domain has weight 256 and no cap")
                .contains("scheduler   credit");
    }

    @Test
    void dumpCutsATimeOut() {
        assertThat(run("dump", trace("credit2/s4-all"), "--from", "1.5", "--to", "1.6"))
                .isZero();
        List<String> lines =
                standardOutput.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSizeBetween(500, 5000);
        assertThat(lines).allMatch(line -> line.startsWith("   1.5"));
        assertThat(lines).as("who ran before is known").noneMatch(line -> line.contains("d?v? sched"));
    }

    @Test
    void dumpOfNothingKeepsEveryRecord() {
        assertThat(run("dump", trace("credit/s1-w256-w512"))).isZero();
        assertThat(standardOutput.toString(StandardCharsets.UTF_8).lines()).hasSize(4383);
    }

    @Test
    void dumpRefusesATimeThatIsNone() {
        assertThat(run("dump", trace("credit/s1-w256-w512"), "--from", "2", "--to", "1"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--from must be 0 or more and less than --to.");
    }

    @Test
    void dumpEndsQuietlyWhenNobodyReadsOn() {
        System.setOut(new PrintStream(
                new OutputStream() {
                    private int left = 100_000;

                    @Override
                    public void write(int b) throws IOException {
                        if (--left < 0) {
                            throw new IOException("Broken pipe");
                        }
                    }
                },
                false,
                StandardCharsets.UTF_8));
        assertThat(run("dump", trace("credit2/s4-all"))).isZero();
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void convertToXentraceRepeatsTheFile() throws IOException {
        Path plain = folder.resolve("plain.trc");
        Path again = folder.resolve("again.trc.zst");
        Path third = folder.resolve("third.trc");
        assertThat(run("convert", trace("credit/s1-w256-w512"), "--to", "xentrace", "--output", plain))
                .isZero();
        assertThat(out.toString()).contains("plain.trc: 4,452 records as xentrace");
        assertThat(run("convert", plain, "--to", "xentrace", "--output", again)).isZero();
        assertThat(run("convert", again, "--to", "xentrace", "--output", third)).isZero();
        assertThat(Files.size(plain)).isEqualTo(93_100);
        assertThat(third).hasSameBinaryContentAs(plain);
        assertThat(Files.size(again)).isLessThan(50_000);
    }

    @Test
    void convertWritesTheOtherFormats() throws IOException {
        for (String format : new String[] {"csv", "perfetto", "text"}) {
            Path file = folder.resolve("x." + format);
            assertThat(run("convert", trace("credit/s1-w256-w512"), "--to", format, "--output", file))
                    .isZero();
            assertThat(file).isNotEmptyFile();
        }
        assertThat(Files.readAllLines(folder.resolve("x.csv"))).hasSize(4384);
        assertThat(Files.readAllLines(folder.resolve("x.text"))).hasSize(4383);
    }

    @Test
    void convertRefusesToOverwriteWhatItReads() throws IOException {
        Path copy = folder.resolve("copy.trc.xz");
        Files.copy(trace("credit/s1-w256-w512"), copy);
        byte[] before = Files.readAllBytes(copy);
        Path link = Files.createSymbolicLink(folder.resolve("link.trc.xz"), copy);
        for (Path output : new Path[] {copy, link}) {
            assertThat(run("convert", copy, "--to", "csv", "--output", output)).isEqualTo(2);
        }
        assertThat(err.toString()).contains("is the trace that is read; name another --output");
        assertThat(Files.readAllBytes(copy)).isEqualTo(before);
        assertThat(run("convert", copy, "--to", "csv", "--output", folder)).isEqualTo(2);
        assertThat(run("convert", copy, "--to", "xml", "--output", folder.resolve("y")))
                .isEqualTo(2);
    }

    @Test
    void aFailedConversionLeavesWhatWasThere() throws IOException {
        Path output = folder.resolve("out.csv");
        Files.writeString(output, "precious");
        Path garbage = folder.resolve("garbage.trc");
        Files.writeString(garbage, "this is no trace, but quite long enough to be looked at");
        assertThat(run("convert", garbage, "--to", "csv", "--output", output)).isEqualTo(2);
        assertThat(err.toString()).contains("garbage.trc: byte 0: not a Xen trace");
        assertThat(output).hasContent("precious");
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("out.csv", "garbage.trc");
        }
        assertThat(run("convert", trace("credit/s1-w256-w512"), "--to", "csv", "--output", folder.resolve("no/where")))
                .isEqualTo(1);
        assertThat(err.toString()).contains("no/where: cannot be written: there is no such folder");
    }

    @Test
    void aTruncatedTraceIsShownWithARemark() throws IOException {
        Path plain = folder.resolve("plain.trc");
        run("convert", trace("credit/s1-w256-w512"), "--to", "xentrace", "--output", plain);
        Path cut = folder.resolve("cut.trc");
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(plain), 60_001));
        assertThat(run("info", cut)).isZero();
        assertThat(out.toString()).contains("remark      ends early at byte 60001: the last window, of pCPU 0, lacks");
        assertThat(run("dump", cut)).isZero();
        assertThat(err.toString()).contains("ends early at byte 60001");
    }

    @Test
    void noFileIsOneLine() {
        assertThat(run("info", folder.resolve("none.trc"))).isEqualTo(2);
        assertThat(err.toString()).isEqualTo(folder.resolve("none.trc") + ": no such file");
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString())
                .contains("Say what to do with the trace: info, dump, convert, costs, record or gallery.");
    }
}
