package org.xenolith.trace;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A protobuf message under construction, written by hand: the wire format needs no library. */
final class Protobuf {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH_DELIMITED = 2;

    private byte[] bytes = new byte[256];
    private int length;

    void clear() {
        length = 0;
    }

    Protobuf varint(int field, long value) {
        raw(((long) field << 3) | VARINT);
        raw(value);
        return this;
    }

    Protobuf fixed64(int field, long value) {
        raw(((long) field << 3) | FIXED64);
        for (int i = 0; i < 8; i++) {
            put((int) (value >>> (8 * i)));
        }
        return this;
    }

    Protobuf string(int field, String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return block(field, utf8, utf8.length);
    }

    Protobuf message(int field, Protobuf message) {
        return block(field, message.bytes, message.length);
    }

    private Protobuf block(int field, byte[] content, int size) {
        raw(((long) field << 3) | LENGTH_DELIMITED);
        raw(size);
        if (length + size > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(length + size, 2 * bytes.length));
        }
        System.arraycopy(content, 0, bytes, length, size);
        length += size;
        return this;
    }

    private void raw(long value) {
        while ((value & ~0x7fL) != 0) {
            put(((int) value & 0x7f) | 0x80);
            value >>>= 7;
        }
        put((int) value);
    }

    private void put(int b) {
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * length);
        }
        bytes[length++] = (byte) b;
    }

    void writeTo(OutputStream out) throws IOException {
        out.write(bytes, 0, length);
    }
}
