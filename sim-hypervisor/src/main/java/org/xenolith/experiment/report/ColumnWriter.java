package org.xenolith.experiment.report;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes whole numbers in as few bytes as they need: seven bits a byte, low bits first, the top bit set on all but the
 * last (LEB128). A signed number is folded first, so that small ones of either sign are short.
 */
final class ColumnWriter {
    private final OutputStream out;

    ColumnWriter(OutputStream out) {
        this.out = out;
    }

    /** Writes {@code value}, taken as unsigned. */
    void unsigned(long value) throws IOException {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    /** Writes {@code value}: 0, -1, 1, -2 ... become 0, 1, 2, 3 ... */
    void signed(long value) throws IOException {
        unsigned((value << 1) ^ (value >> 63));
    }

    /** Writes a vCPU as trace records pack it, or {@link DecisionLog#IDLE} (which becomes 0). */
    void unit(int packed) throws IOException {
        unsigned((Integer.toUnsignedLong(packed) + 1) & 0xffffffffL);
    }
}
