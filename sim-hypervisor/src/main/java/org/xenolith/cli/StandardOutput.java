package org.xenolith.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;

/**
 * Standard output as a stream that says when nobody reads on, as {@code | head} does: {@link PrintStream} itself keeps
 * that to itself. Closing it only flushes.
 */
final class StandardOutput extends OutputStream {
    /** The reader of standard output has gone: stop, quietly. */
    static final class Gone extends IOException {
        private static final long serialVersionUID = 1L;

        Gone() {
            super("standard output is closed");
        }
    }

    private final PrintStream out = System.out;

    @Override
    public void write(int b) throws IOException {
        out.write(b);
        flush();
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        flush();
    }

    @Override
    public void flush() throws IOException {
        if (out.checkError()) {
            throw new Gone();
        }
    }

    @Override
    public void close() throws IOException {
        flush();
    }
}
