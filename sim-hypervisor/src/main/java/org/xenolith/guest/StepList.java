package org.xenolith.guest;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** A growing list of triples in primitive arrays: demand of long traces must not cost an object a step. */
final class StepList {
    private byte[] kind = new byte[16];
    private int[] peer = new int[16];
    private long[] value = new long[16];
    private int size;

    int size() {
        return size;
    }

    void add(int newKind, int newPeer, long newValue) {
        if (size == kind.length) {
            kind = Arrays.copyOf(kind, 2 * size);
            peer = Arrays.copyOf(peer, 2 * size);
            value = Arrays.copyOf(value, 2 * size);
        }
        kind[size] = (byte) newKind;
        peer[size] = newPeer;
        value[size++] = newValue;
    }

    /** The same in the order of their values; of equals, in this order. */
    StepList sortedByValue() {
        StepList sorted = new StepList();
        IntStream.range(0, size)
                .boxed()
                .sorted(Comparator.comparingLong(i -> value[i]))
                .forEach(i -> sorted.add(kind[i], peer[i], value[i]));
        return sorted;
    }

    void addAll(StepList other) {
        for (int i = 0; i < other.size; i++) {
            add(other.kind[i], other.peer[i], other.value[i]);
        }
    }

    int kind(int i) {
        return kind[i];
    }

    int peer(int i) {
        return peer[i];
    }

    long value(int i) {
        return value[i];
    }

    void setKind(int i, int newKind) {
        kind[i] = (byte) newKind;
    }

    void setPeer(int i, int newPeer) {
        peer[i] = newPeer;
    }

    void addToValue(int i, long more) {
        value[i] += more;
    }

    /** Gives back what is not used. */
    void trim() {
        kind = Arrays.copyOf(kind, size);
        peer = Arrays.copyOf(peer, size);
        value = Arrays.copyOf(value, size);
    }
}
