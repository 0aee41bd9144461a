package org.xenolith.experiment;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;
import org.xenolith.trace.XentraceWriter;

/** Where a cell's records and decisions go besides its figures. The trace takes its name only once it is whole. */
final class CellRecorder implements Closeable {
    private final Path traceFile;
    private final Path partFile;
    private XentraceWriter writer;

    /** Writes the trace to {@code traceFile}, or nowhere if that is null. */
    CellRecorder(Path traceFile) {
        this.traceFile = traceFile;
        this.partFile = traceFile == null ? null : traceFile.resolveSibling(traceFile.getFileName() + ".part");
    }

    /** A sink that hands records to {@code metrics} and keeps what else is wanted of them. */
    TraceSink tee(TraceSink metrics) {
        if (traceFile == null) {
            return metrics;
        }
        writer = XentraceWriter.create(partFile);
        XentraceWriter out = writer;
        return (TraceRecord record) -> {
            metrics.accept(record);
            out.accept(record);
        };
    }

    /** Who hears why the scheduler decides, or null. */
    DecisionListener decisions() {
        return null;
    }

    /** The run has come to {@code tsc}, its end. */
    void finish(long tsc) {}

    /** All went well: what was kept may be put in its place. */
    void complete() throws IOException {
        if (writer != null) {
            writer.close();
            writer = null;
            Files.move(partFile, traceFile, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Gives up what was not completed. */
    @Override
    public void close() throws IOException {
        if (writer != null) {
            writer.close();
            writer = null;
            Files.deleteIfExists(partFile);
        }
    }
}
