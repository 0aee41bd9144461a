package org.xenolith.trace;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.tukaani.xz.XZInputStream;

/** Reading a recorded trace, already decompressed, in file order and merged in the order of time. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 2)
@Fork(value = 1, jvmArgs = "-Xmx96m")
public class TraceReaderBench {
    private byte[] trace;

    /** Counts what was read. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Read {
        public long records;
        public long bytes;
    }

    @Setup
    public void decompress() throws IOException {
        Path file = Path.of("../traces/xen-4.17/boot/pvh1.trc.xz");
        try (InputStream in = new XZInputStream(Files.newInputStream(file))) {
            trace = in.readAllBytes();
        }
    }

    @Benchmark
    public void inFileOrder(Read read) {
        count(XentraceReader.of(new ByteArrayInputStream(trace), "pvh1"), read);
    }

    @Benchmark
    public void inTimeOrder(Read read) {
        count(MergedReader.of(XentraceReader.of(new ByteArrayInputStream(trace), "pvh1")), read);
    }

    private void count(TraceReader reader, Read read) {
        TraceRecord record = new TraceRecord();
        try (reader) {
            while (reader.next(record)) {
                read.records++;
            }
        }
        read.bytes += trace.length;
    }
}
