package org.xenolith.trace;

import java.io.Closeable;

/** A sink that writes what it takes to a file of some format; the file is whole only once it is closed. */
public interface TraceWriter extends TraceSink, Closeable {
    /**
     * Writes what is left and closes the file.
     *
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    @Override
    void close();
}
