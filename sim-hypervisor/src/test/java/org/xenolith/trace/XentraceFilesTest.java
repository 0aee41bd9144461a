package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;
import org.xenolith.engine.InputException;

/** Whole files: the recorded traces read and written back, compression, truncation, and what is refused. */
class XentraceFilesTest {
    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> readingAndWritingBackGivesTheSameBytes() {
        return SharedTraces.all().stream()
                .map(trace -> DynamicTest.dynamicTest(trace.getFileName().toString(), () -> {
                    byte[] bytes = SharedTraces.bytes(trace);
                    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
                    try (XentraceReader reader = XentraceReader.open(trace);
                            XentraceWriter writer = XentraceWriter.to(out, "copy")) {
                        TraceRecord record = new TraceRecord();
                        while (reader.next(record)) {
                            writer.accept(record);
                        }
                        assertThat(reader.remarks()).isEmpty();
                        assertThat(reader.offset()).isEqualTo(bytes.length);
                    }
                    assertThat(out.toByteArray()).isEqualTo(bytes);
                }));
    }

    @TestFactory
    Stream<DynamicTest> mergingKeepsEveryRecordAndSortsThem() {
        return SharedTraces.all().stream()
                .map(trace -> DynamicTest.dynamicTest(trace.getFileName().toString(), () -> {
                    long expected = 0;
                    TraceRecord record = new TraceRecord();
                    try (XentraceReader reader = XentraceReader.open(trace)) {
                        while (reader.next(record)) {
                            if (record.event != TraceEvent.Gen.CPU_CHANGE
                                    && record.event != TraceEvent.Gen.WRAP_PADDING) {
                                expected++;
                            }
                        }
                    }
                    long merged = 0;
                    long last = 0;
                    boolean sorted = true;
                    try (MergedReader reader = MergedReader.open(trace)) {
                        while (reader.next(record)) {
                            merged++;
                            sorted &= record.tsc >= last;
                            last = record.tsc;
                        }
                        assertThat(sorted).isTrue();
                        assertThat(reader.remarks()).isEmpty();
                    }
                    assertThat(merged).isEqualTo(expected).isPositive();
                }));
    }

    @Test
    void compressionIsRecognisedAlsoInSeveralStreams() throws IOException {
        byte[] trace = small();
        for (String kind : new String[] {"xz", "gz", "zst", "raw"}) {
            for (int cut : new int[] {0, trace.length / 3}) {
                ByteArrayOutputStream file = new ByteArrayOutputStream();
                for (byte[] part : parts(trace, cut)) {
                    ByteArrayOutputStream stream = new ByteArrayOutputStream();
                    try (OutputStream out = compressor(kind, stream)) {
                        out.write(part);
                    }
                    file.write(stream.toByteArray());
                }
                // The name says nothing of the compression: the bytes do.
                Path path = folder.resolve(kind + cut + ".trc");
                Files.write(path, file.toByteArray());
                assertThat(copyOf(path)).as(kind + " cut at " + cut).isEqualTo(trace);
            }
        }
    }

    @Test
    void createCompressesAsTheNameSays() throws IOException {
        byte[] trace = small();
        for (String name : new String[] {"a.trc", "a.trc.xz", "a.trc.gz", "a.trc.zst"}) {
            Path path = folder.resolve(name);
            try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(trace), "small");
                    XentraceWriter writer = XentraceWriter.create(path)) {
                TraceRecord record = new TraceRecord();
                while (reader.next(record)) {
                    writer.accept(record);
                }
            }
            assertThat(copyOf(path)).as(name).isEqualTo(trace);
            assertThat(Files.readAllBytes(path).length == trace.length).as(name).isEqualTo(name.endsWith(".trc"));
        }
    }

    @Test
    void aFileCutAnywhereIsReadAsFarAsItGoes() {
        byte[] trace = small();
        int whole = count(trace, trace.length);
        int before = 0;
        for (int length = 0; length < trace.length; length++) {
            byte[] cut = Arrays.copyOf(trace, length);
            if (length < 12) {
                assertThatThrownBy(() -> read(cut))
                        .isInstanceOf(InputException.class)
                        .hasMessageStartingWith("small: ")
                        .hasMessageContaining("a Xen trace was expected");
                continue;
            }
            TraceRecord record = new TraceRecord();
            int records = 0;
            try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(cut), "small")) {
                while (reader.next(record)) {
                    records++;
                }
                assertThat(reader.next(record)).isFalse();
                boolean atBoundary = count(trace, length) < 0;
                assertThat(reader.remarks()).hasSize(atBoundary ? 0 : 1);
                if (!atBoundary) {
                    assertThat(reader.remarks().get(0)).startsWith("ends early at byte " + length);
                }
            }
            assertThat(records).isGreaterThanOrEqualTo(before).isLessThan(whole);
            before = records;
        }
    }

    @Test
    void aCutCompressedFileEndsEarlyToo() throws IOException {
        byte[] trace = SharedTraces.bytes(SharedTraces.trace("credit2/s4-all"));
        for (String kind : new String[] {"xz", "gz", "zst"}) {
            ByteArrayOutputStream stream = new ByteArrayOutputStream();
            try (OutputStream out = compressor(kind, stream)) {
                out.write(trace);
            }
            byte[] whole = stream.toByteArray();
            Path path = folder.resolve("cut." + kind);
            Files.write(path, Arrays.copyOf(whole, whole.length - 1000));
            try (XentraceReader reader = XentraceReader.open(path)) {
                assertThat(drain(reader)).as(kind).isGreaterThan(10_000);
                assertThat(reader.remarks()).singleElement().asString().startsWith("ends early at byte ");
            }
            for (int length : new int[] {6, 10, 20, 50}) {
                Files.write(path, Arrays.copyOf(whole, length));
                assertThatThrownBy(() -> copyOf(path))
                        .as(kind + " cut to " + length)
                        .isInstanceOf(InputException.class)
                        .hasMessageStartingWith(path.toString())
                        .message()
                        .doesNotContain("\n");
            }
        }
    }

    @Test
    void whatIsNoTraceIsRefusedInOneLine() throws IOException {
        refuses("not a trace at all, but text".getBytes(StandardCharsets.UTF_8), "x: byte 0: not a Xen trace");
        refuses(new byte[0], "x: is empty");
        refuses(new byte[64], "x: byte 0: not a Xen trace");
        refuses(windowOf(4096, 0), "x: byte 0: pCPU 4096 is not within 0 to 4095");
        refuses(windowOf(0, 6), "x: byte 0: a window of 6 bytes");
        refuses(windowOf(0, 8, 0, 0), "x: byte 12: damaged: 0x00000000 is no record header");
        refuses(windowOf(0, 4, 0x70021021), "x: byte 12: damaged: record 0x70021021 of 32 bytes goes past the end");
        refuses(windowOf(0, 12, 0x2001f003, 0, 0), "x: byte 12: damaged: a pCPU change inside the window");
        refuses(windowOf(0, 12, 0x80021021, 0, -1), "x: byte 12: damaged: time stamp 0xffffffff00000000");
        refuses(windowOf(0, 0, 7), "x: byte 12: damaged: found 0x00000007 where a pCPU change");

        assertThatThrownBy(() -> XentraceReader.open(folder.resolve("none.trc")))
                .isInstanceOf(InputException.class)
                .hasMessage(folder.resolve("none.trc") + ": no such file");
        assertThatThrownBy(() -> XentraceReader.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is a folder");
        Path broken = folder.resolve("broken.xz");
        byte[] xz = Files.readAllBytes(SharedTraces.trace("credit/s1-w256-w512"));
        Arrays.fill(xz, 1000, 1100, (byte) 0x55);
        Files.write(broken, xz);
        assertThatThrownBy(() -> copyOf(broken))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(broken + ": byte ")
                .hasMessageContaining("cannot be read on");
    }

    @Test
    void lossAndStepsBackAreRemarked() {
        byte[] trace = windowOf(
                1,
                28 + 16 + 16,
                (0x8001f001 | 4 << 28),
                50,
                0,
                17,
                0x7fff,
                0,
                0,
                0x90021021,
                60,
                0,
                0,
                0x90021211,
                40,
                0,
                0);
        try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(trace), "x")) {
            drain(reader);
            assertThat(reader.lostRecords()).isEqualTo(17);
            assertThat(reader.remarks())
                    .containsExactly(
                            "Xen lost 17 records in 1 places; record with larger buffers",
                            "time goes back within a pCPU 1 times, first at pCPU 1, byte 56, by 20 cycles");
        }
        try (MergedReader reader = MergedReader.of(XentraceReader.of(new ByteArrayInputStream(trace), "x"))) {
            TraceRecord record = new TraceRecord();
            long last = 0;
            while (reader.next(record)) {
                last = record.tsc;
            }
            assertThat(last).as("a merged trace never goes back").isEqualTo(60);
        }
    }

    private static void refuses(byte[] bytes, String start) {
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOf(InputException.class)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"))
                .message()
                .matches(message -> message.replaceFirst("^small", "x").startsWith(start), "starts with " + start);
    }

    private static byte[] windowOf(int cpu, int bytes, int... words) {
        ByteBuffer out = ByteBuffer.allocate(12 + 4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(0x2001f003).putInt(cpu).putInt(bytes);
        for (int word : words) {
            out.putInt(word);
        }
        return out.array();
    }

    /** A few whole windows of a real trace, so small that every cut of it can be tried. */
    private static byte[] small() {
        byte[] all = SharedTraces.bytes(SharedTraces.trace("credit/s1-w256-w512"));
        TraceRecord record = new TraceRecord();
        try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(all), "small")) {
            while (reader.next(record)) {
                if (record.event == TraceEvent.Gen.CPU_CHANGE && reader.offset() > 5000) {
                    return Arrays.copyOf(all, (int) reader.offset() - 12);
                }
            }
        }
        throw new AssertionError("the trace has no 5000 bytes");
    }

    /** Records in {@code trace}, or -1 if a window begins at {@code end}, so that a cut there leaves no trace. */
    private static int count(byte[] trace, int end) {
        TraceRecord record = new TraceRecord();
        int records = 0;
        try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(trace), "small")) {
            while (reader.next(record)) {
                records++;
                if (record.event == TraceEvent.Gen.CPU_CHANGE && reader.offset() - 12 == end) {
                    return -1;
                }
            }
        }
        return records;
    }

    private static void read(byte[] bytes) {
        try (XentraceReader reader = XentraceReader.of(new ByteArrayInputStream(bytes), "small")) {
            drain(reader);
        }
    }

    private static int drain(TraceReader reader) {
        TraceRecord record = new TraceRecord();
        int records = 0;
        while (reader.next(record)) {
            records++;
        }
        return records;
    }

    private static byte[] copyOf(Path path) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (XentraceReader reader = XentraceReader.open(path);
                XentraceWriter writer = XentraceWriter.to(out, "copy")) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                writer.accept(record);
            }
        }
        return out.toByteArray();
    }

    private static byte[][] parts(byte[] bytes, int cut) {
        return cut == 0
                ? new byte[][] {bytes}
                : new byte[][] {Arrays.copyOf(bytes, cut), Arrays.copyOfRange(bytes, cut, bytes.length)};
    }

    private static OutputStream compressor(String kind, OutputStream to) throws IOException {
        return switch (kind) {
            case "xz" -> new XZOutputStream(to, new LZMA2Options());
            case "gz" -> new GZIPOutputStream(to);
            case "zst" -> new ZstdOutputStream(to);
            default -> to;
        };
    }
}
