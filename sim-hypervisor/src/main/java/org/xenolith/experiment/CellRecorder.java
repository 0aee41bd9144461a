package org.xenolith.experiment;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;
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
    private final Map<String, byte[]> consoles = new TreeMap<>();
    private XentraceWriter writer;

    /**
     * Writes the trace to {@code traceFile}.
     *
     * @param traceFile null if nothing is to be written
     * @param traced whether to; consoles are written beside it in any case
     * @param kept whether to keep in memory who ran when and why, for a report
     */
    CellRecorder(Path traceFile, boolean traced, boolean kept) {
        this.timeline = kept ? new Timeline() : null;
        this.decisions = kept ? new DecisionLog(MOST_DECISIONS) : null;
        this.traceFile = traceFile;
        this.partFile = traced ? traceFile.resolveSibling(traceFile.getFileName() + ".part") : null;
    }

    /** A sink that hands records to {@code metrics} and keeps what else is wanted of them. */
    TraceSink tee(TraceSink metrics) {
        XentraceWriter out = partFile == null ? null : XentraceWriter.create(partFile);
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

    /** The run has come to {@code tsc}, its end; {@code printed} is what guests printed on their consoles, by domain. */
    void finish(long tsc, Map<String, byte[]> printed) {
        if (traceFile != null) {
            consoles.putAll(printed);
        }
        if (timeline != null) {
            timeline.finish(tsc);
        }
    }

    /** All went well: what was kept may be put in its place. */
    void complete() throws IOException {
        for (Map.Entry<String, byte[]> console : consoles.entrySet()) {
            String name =
                    traceFile.getFileName().toString().replaceFirst("[.]trc$", "." + console.getKey() + ".console.txt");
            Files.write(traceFile.resolveSibling(name), console.getValue());
        }
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
