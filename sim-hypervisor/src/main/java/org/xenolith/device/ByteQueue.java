package org.xenolith.device;

/** Bytes in the order in which they came. */
final class ByteQueue {
    private byte[] bytes = new byte[256];
    private int head;
    private int size;

    int size() {
        return size;
    }

    /** Appends the first {@code length} of {@code from}. */
    void add(byte[] from, int length) {
        if (head + size + length > bytes.length) {
            byte[] next = size + length > bytes.length ? new byte[Math.max(2 * bytes.length, size + length)] : bytes;
            System.arraycopy(bytes, head, next, 0, size);
            bytes = next;
            head = 0;
        }
        System.arraycopy(from, 0, bytes, head + size, length);
        size += length;
    }

    /** Takes the first byte, 0 to 255; there must be one. */
    int take() {
        if (size == 0) {
            throw new IllegalStateException("the queue is empty");
        }
        size--;
        return bytes[head++] & 0xff;
    }
}
