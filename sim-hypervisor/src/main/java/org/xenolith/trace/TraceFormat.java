package org.xenolith.trace;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Locale;

/** The formats that a trace can be written in: one line each. */
public enum TraceFormat {
    /** Xen's own binary format, as {@code xentrace} writes and {@code xenalyze} reads it. */
    XENTRACE(true, (out, name, description) -> XentraceWriter.to(out, name)),
    /** For the Perfetto viewer: a track per pCPU and per vCPU. */
    PERFETTO(false, PerfettoWriter::new),
    /** One line of comma-separated values a record. */
    CSV(false, CsvWriter::new),
    /** One line of text a record, as {@code xenalyze --dump-all} lays it out. */
    TEXT(false, DumpText::new);

    private interface Factory {
        TraceWriter to(OutputStream out, String name, TraceDescription description);
    }

    private final boolean fileOrder;

    @SuppressWarnings("ImmutableEnumChecker") // Every factory is a stateless constructor reference.
    private final Factory factory;

    TraceFormat(boolean fileOrder, Factory factory) {
        this.fileOrder = fileOrder;
        this.factory = factory;
    }

    /** Whether it takes the records of a file as they stand, pCPU changes included, rather than sorted by time. */
    public boolean takesFileOrder() {
        return fileOrder;
    }

    /**
     * Creates or replaces {@code file}, compressed if its name ends in {@code .xz}, {@code .gz} or {@code .zst}.
     *
     * @param name what stands for the file in messages
     * @throws java.io.UncheckedIOException if it cannot be created
     */
    public TraceWriter create(Path file, String name, TraceDescription description) {
        try {
            return factory.to(TraceFiles.create(file), name, description);
        } catch (IOException e) {
            throw TraceFiles.failure(name, e);
        }
    }

    /** Writes to a stream, which closing the writer closes; {@code name} stands for it in messages. */
    public TraceWriter to(OutputStream out, String name, TraceDescription description) {
        return factory.to(out, name, description);
    }

    /** The format's name in lower case, as on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
