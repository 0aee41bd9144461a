package org.xenolith.trace;

import java.io.Closeable;
import java.util.List;

/** Yields the records of one trace, lazily and one at a time, into a holder of the caller's. */
public interface TraceReader extends Closeable {
    /**
     * Fills {@code into} with the next record.
     *
     * @return false at the end of the trace, with {@code into} unspecified
     * @throws org.xenolith.engine.InputException where the file is not a Xen trace, naming the file and the byte
     */
    boolean next(TraceRecord into);

    /**
     * What a user should know of the part read so far: records that Xen lost, time stamps that go back, a file that
     * ends early. One line each; empty if all is well.
     */
    List<String> remarks();

    @Override
    void close();
}
