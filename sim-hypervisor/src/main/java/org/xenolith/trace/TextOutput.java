package org.xenolith.trace;

import java.io.IOException;
import java.io.OutputStream;

/** ASCII text on its way to a stream, gathered in one array; much faster than a Writer, and free of garbage. */
final class TextOutput {
    private static final int FLUSH_AT = 1 << 15;

    private final OutputStream out;
    private final String name;
    private byte[] bytes = new byte[2 * FLUSH_AT];
    private int length;

    TextOutput(OutputStream out, String name) {
        this.out = out;
        this.name = name;
    }

    TextOutput add(char c) {
        if (length == bytes.length) {
            flush();
        }
        bytes[length++] = (byte) c;
        return this;
    }

    TextOutput add(String text) {
        for (int i = 0; i < text.length(); i++) {
            add(text.charAt(i));
        }
        return this;
    }

    TextOutput add(long value) {
        if (value < 0) {
            if (value == Long.MIN_VALUE) {
                return add("-9223372036854775808");
            }
            add('-');
            value = -value;
        }
        int digits = 1;
        for (long v = value; v >= 10; v /= 10) {
            digits++;
        }
        return padded(value, digits, '0');
    }

    /** Adds a value that is not negative, filled up on the left to {@code width}; one that is wider loses its head. */
    TextOutput padded(long value, int width, char fill) {
        if (length + width > bytes.length) {
            flush();
        }
        long rest = value;
        for (int i = width - 1; i >= 0; i--) {
            bytes[length + i] = (byte) (rest > 0 || i == width - 1 ? '0' + rest % 10 : fill);
            rest /= 10;
        }
        length += width;
        return this;
    }

    TextOutput hex(long value) {
        int shift = 60 - Long.numberOfLeadingZeros(value | 1) / 4 * 4;
        for (; shift >= 0; shift -= 4) {
            int digit = (int) (value >>> shift) & 15;
            add((char) (digit < 10 ? '0' + digit : 'a' + digit - 10));
        }
        return this;
    }

    /** Adds a vCPU as {@code d1v0}. */
    TextOutput vcpu(int packed) {
        return add('d').add(TraceEvent.domainOf(packed)).add('v').add(TraceEvent.vcpuOf(packed));
    }

    /** Ends a line, and hands on what has gathered if it is much. */
    void endLine() {
        add('\n');
        if (length >= FLUSH_AT) {
            flush();
        }
    }

    private void flush() {
        try {
            out.write(bytes, 0, length);
            length = 0;
        } catch (IOException e) {
            throw TraceFiles.failure(name, e);
        }
    }

    void close() {
        try (out) {
            flush();
        } catch (IOException e) {
            throw TraceFiles.failure(name, e);
        }
    }
}
