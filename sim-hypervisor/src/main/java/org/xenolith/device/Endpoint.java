package org.xenolith.device;

import java.util.Map;

/**
 * One end of a conversation over a network, in a guest or outside: what it sends when, and what it makes of what comes. It knows nothing of rings and
 * of CPUs; whoever has it drives it.
 */
public interface Endpoint {
    /** A time that never comes. */
    long NEVER = Long.MAX_VALUE;

    /** When it has something to send, ns; in the past if it has already, {@link #NEVER} unless something comes. */
    long readyAt();

    /** Work to be done for what it sends next, ns. */
    default long workNanos() {
        return 0;
    }

    /** What it sends, now that {@link #readyAt} has come. */
    Packet take(long nowNanos);

    /** {@code packet} has come. */
    void receive(Packet packet, long nowNanos);

    /** The window that is measured begins: what it has counted so far counts no more. */
    void beginWindow();

    /** Adds what it has counted since then, or ever, in {@code elapsedNanos} ns, by name with its unit. */
    void count(Map<String, Long> counters, long elapsedNanos);

    /** {@code count} in {@code nanos} ns, as a rate per second. */
    static long perSecond(long count, long nanos) {
        return nanos == 0 ? 0 : (long) (count * 1e9 / nanos);
    }
}
