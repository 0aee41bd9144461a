package org.xenolith.trace;

/** The records of one pCPU that wait to be merged: a ring of ints that grows as needed and allocates nothing else. */
final class RecordQueue {
    private static final int HAS_TSC = 1 << 31;

    private final int cpu;
    private int[] ring = new int[1 << 12];
    private int head;
    private int size;
    private long lastTsc;

    RecordQueue(int cpu) {
        this.cpu = cpu;
    }

    int cpu() {
        return cpu;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Stamp of the last record added, never before that of the one before it. */
    long lastTsc() {
        return lastTsc;
    }

    /** Stamp of the record that is next to leave. */
    long headTsc() {
        return Integer.toUnsignedLong(at(1)) | ((long) at(2) << 32);
    }

    /** Adds a copy of {@code record} and returns how many ints it takes. */
    int add(TraceRecord record) {
        int ints = 3 + record.words;
        while (size + ints > ring.length) {
            grow();
        }
        lastTsc = Math.max(lastTsc, record.tsc);
        put(record.event | (record.words << 28) | (record.hasTsc ? HAS_TSC : 0));
        put((int) lastTsc);
        put((int) (lastTsc >>> 32));
        for (int i = 0; i < record.words; i++) {
            put(record.word[i]);
        }
        return ints;
    }

    /** Moves the first record to {@code into} and returns how many ints it took. */
    int poll(TraceRecord into) {
        int header = at(0);
        int words = (header >>> 28) & 7;
        into.cpu = cpu;
        into.event = header & 0x0fffffff;
        into.hasTsc = (header & HAS_TSC) != 0;
        into.tsc = headTsc();
        into.words = words;
        for (int i = 0; i < TraceRecord.MAX_WORDS; i++) {
            into.word[i] = i < words ? at(3 + i) : 0;
        }
        int ints = 3 + words;
        head = (head + ints) & (ring.length - 1);
        size -= ints;
        return ints;
    }

    private int at(int i) {
        return ring[(head + i) & (ring.length - 1)];
    }

    private void put(int value) {
        ring[(head + size) & (ring.length - 1)] = value;
        size++;
    }

    private void grow() {
        int[] larger = new int[2 * ring.length];
        for (int i = 0; i < size; i++) {
            larger[i] = at(i);
        }
        ring = larger;
        head = 0;
    }
}
