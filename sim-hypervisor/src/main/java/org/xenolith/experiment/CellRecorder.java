package org.xenolith.experiment;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.xenolith.experiment.report.DecisionLog;
import org.xenolith.experiment.report.Timeline;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;
import org.xenolith.trace.XentraceWriter;

/** Where a cell's records and decisions go besides its figures. The trace takes its name only once it is whole. */
final class CellRecorder implements Closeable {
    /** Decisions that a report explains: the first ones. */
    private static final int MOST_DECISIONS = 100_000;

    private final Path traceFile;
    private final Path partFile;
    private final Timeline timeline;
    private final DecisionLog decisions;
    private XentraceWriter writer;

    /**
     * Writes the trace to {@code traceFile}, or nowhere if that is null.
     *
     * @param kept whether to keep in memory who ran when and why, for a report
     */
    CellRecorder(Path traceFile, boolean kept) {
        this.timeline = kept ? new Timeline() : null;
        this.decisions = kept ? new DecisionLog(MOST_DECISIONS) : null;
        this.traceFile = traceFile;
        this.partFile = traceFile == null ? null : traceFile.resolveSibling(traceFile.getFileName() + ".part");
    }

    /** A sink that hands records to {@code metrics} and keeps what else is wanted of them. */
    TraceSink tee(TraceSink metrics) {
        XentraceWriter out = traceFile == null ? null : XentraceWriter.create(partFile);
        writer = out;
        return (TraceRecord record) -> {
            metrics.accept(record);
            if (out != null) {
                out.accept(record);
            }
            if (timeline != null) {
                timeline.accept(record);
            }
        };
    }

    /** Who hears why the scheduler decides, or null. */
    DecisionLog decisions() {
        return decisions;
    }

    /** Who ran when, or null. */
    Timeline timeline() {
        return timeline;
    }

    /** The run has come to {@code tsc}, its end. */
    void finish(long tsc) {
        if (timeline != null) {
            timeline.finish(tsc);
        }
    }

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
