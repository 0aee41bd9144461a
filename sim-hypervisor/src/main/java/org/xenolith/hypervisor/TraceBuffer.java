package org.xenolith.hypervisor;

import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/** Emits the hypervisor's trace records to a sink, through a mask as {@code xentrace -e} sets it. */
final class TraceBuffer {
    private static final int CLASS_BITS = 0x0fff0000;
    private static final int SUBCLASS_BITS = 0xf000;

    private final Hypervisor hypervisor;
    private final TraceSink sink;
    private final int mask;
    private final TraceRecord record = new TraceRecord();

    /** A null sink takes nothing. */
    TraceBuffer(Hypervisor hypervisor, TraceSink sink, int mask) {
        this.hypervisor = hypervisor;
        this.sink = sink;
        this.mask = sink == null ? 0 : mask;
        record.hasTsc = true;
    }

    /** Whether {@code event} passes the mask: its class and its subclass must both be in it. */
    boolean wants(int event) {
        int both = event & mask;
        return (both & CLASS_BITS) != 0 && (both & SUBCLASS_BITS) != 0;
    }

    void emit(int event, int words, int a, int b, int c, int d, int e, int f, int g) {
        if (!wants(event)) {
            return;
        }
        record.cpu = hypervisor.activePcpu();
        record.tsc = hypervisor.time();
        record.event = event;
        record.words = words;
        int[] w = record.word;
        w[0] = a;
        w[1] = b;
        w[2] = c;
        w[3] = d;
        w[4] = e;
        w[5] = f;
        w[6] = g;
        sink.accept(record);
    }

    void emit(int event, int a) {
        emit(event, 1, a, 0, 0, 0, 0, 0, 0);
    }

    void emit(int event, int a, int b) {
        emit(event, 2, a, b, 0, 0, 0, 0, 0);
    }

    void emit(int event, int a, int b, int c) {
        emit(event, 3, a, b, c, 0, 0, 0, 0);
    }

    void emit(int event, int a, int b, int c, int d) {
        emit(event, 4, a, b, c, d, 0, 0, 0);
    }
}
