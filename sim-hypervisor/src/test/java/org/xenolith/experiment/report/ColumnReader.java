package org.xenolith.experiment.report;

/** Reads what {@link ColumnWriter} wrote, as {@code columns.js} does in the page. */
final class ColumnReader {
    private final byte[] bytes;
    private int at;

    ColumnReader(byte[] bytes) {
        this.bytes = bytes;
    }

    long unsigned() {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = bytes[at++];
            value |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    long signed() {
        long folded = unsigned();
        return (folded >>> 1) ^ -(folded & 1);
    }

    int unit() {
        return (int) (unsigned() - 1);
    }

    long[] unsigned(int size) {
        long[] out = new long[size];
        for (int i = 0; i < size; i++) {
            out[i] = unsigned();
        }
        return out;
    }

    long[] signed(int size) {
        long[] out = new long[size];
        for (int i = 0; i < size; i++) {
            out[i] = signed();
        }
        return out;
    }

    long[] units(int size) {
        long[] out = new long[size];
        for (int i = 0; i < size; i++) {
            out[i] = unit();
        }
        return out;
    }

    boolean atEnd() {
        return at == bytes.length;
    }
}
