package org.xenolith.device;

import java.util.Map;

/**
 * Sends a stream without end, with a fixed window: so many packets may be on their way without having been acknowledged. If nothing is acknowledged
 * for so long as the least timeout of Linux's TCP, what is on its way is given up for lost.
 */
public final class StreamSender implements Endpoint {
    private static final long TIMEOUT_NANOS = 200_000_000;

    private final int own;
    private final int peer;
    private final int bytes;
    private final int window;
    private long sent;
    private long acknowledged;
    private long lost;
    private long heardNanos;
    private long sentBefore;
    private long lostBefore;
    private long deliveredBefore;

    /** Streams packets of {@code bytes} from {@code own} to {@code peer}. */
    public StreamSender(int own, int peer, int bytes, int window) {
        this.own = own;
        this.peer = peer;
        this.bytes = bytes;
        this.window = window;
    }

    @Override
    public long readyAt() {
        return sent - acknowledged < window ? 0 : heardNanos + TIMEOUT_NANOS;
    }

    @Override
    public Packet take(long nowNanos) {
        if (sent - acknowledged >= window) {
            lost += sent - acknowledged;
            acknowledged = sent;
        }
        if (sent == acknowledged) {
            heardNanos = nowNanos;
        }
        return new Packet(own, peer, Packet.Kind.DATA, bytes, sent++, nowNanos);
    }

    @Override
    public void receive(Packet packet, long nowNanos) {
        acknowledged = Math.max(acknowledged, packet.id() + 1);
        heardNanos = nowNanos;
    }

    @Override
    public void beginWindow() {
        sentBefore = sent;
        lostBefore = lost;
        deliveredBefore = acknowledged - lost;
    }

    @Override
    public void count(Map<String, Long> counters, long elapsedNanos) {
        counters.put("packetsSent", sent - sentBefore);
        counters.put("packetsLost", lost - lostBefore);
        long delivered = acknowledged - lost - deliveredBefore;
        counters.put("kilobitsPerSecond", Endpoint.perSecond(delivered * bytes * 8 / 1000, elapsedNanos));
    }
}
