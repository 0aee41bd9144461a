package org.xenolith.device;

import java.util.Map;
import org.xenolith.engine.Latencies;
import org.xenolith.engine.RandomStream;

/** Sends an echo request at intervals, whether or not the last was answered, and measures how long each takes to come back. */
public final class Pinger implements Endpoint {
    private final int own;
    private final int peer;
    private final int bytes;
    private final long intervalNanos;
    private final long jitterNanos;
    private final RandomStream random;
    private final Latencies roundTrips = new Latencies();
    private long nextNanos;
    private long sent;
    private long sentBefore;

    /** Pings {@code peer} from {@code own} each {@code intervalNanos}, at random more or less by up to {@code jitterPercent}; never if that is 0. */
    public Pinger(int own, int peer, int bytes, long intervalNanos, long jitterPercent, RandomStream random) {
        this.own = own;
        this.peer = peer;
        this.bytes = bytes;
        this.intervalNanos = intervalNanos;
        this.jitterNanos = intervalNanos / 100 * jitterPercent;
        this.random = random;
        this.nextNanos = intervalNanos == 0 ? NEVER : intervalNanos;
    }

    @Override
    public long readyAt() {
        return nextNanos;
    }

    @Override
    public Packet take(long nowNanos) {
        nextNanos = nowNanos + intervalNanos + random.nextLong(2 * jitterNanos + 1) - jitterNanos;
        return new Packet(own, peer, Packet.Kind.ECHO_REQUEST, bytes, sent++, nowNanos);
    }

    @Override
    public void receive(Packet packet, long nowNanos) {
        roundTrips.record(nowNanos - packet.stampNanos());
    }

    @Override
    public void beginWindow() {
        sentBefore = sent;
        roundTrips.clear();
    }

    @Override
    public void count(Map<String, Long> counters, long elapsedNanos) {
        if (intervalNanos > 0) {
            counters.put("pings", sent - sentBefore);
            counters.put("replies", roundTrips.count());
            roundTrips.count("roundTrip", counters);
        }
    }
}
