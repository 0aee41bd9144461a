package org.xenolith.device;

import java.util.ArrayDeque;
import java.util.Map;

/** Takes a stream and acknowledges every other packet of it, as TCP does, or each if its window is too small for that. */
public final class StreamReceiver implements Endpoint {
    private static final int SMALL_WINDOW = 4;

    private final int each;
    private final ArrayDeque<Packet> acknowledgements = new ArrayDeque<>();
    private long packets;
    private long bytes;
    private long next;
    private long packetsBefore;
    private long missingBefore;

    /** Takes a stream whose sender has a {@code window} of so many packets. */
    public StreamReceiver(int window) {
        this.each = window < SMALL_WINDOW ? 1 : 2;
    }

    @Override
    public long readyAt() {
        return acknowledgements.isEmpty() ? NEVER : 0;
    }

    @Override
    public Packet take(long nowNanos) {
        return acknowledgements.remove();
    }

    @Override
    public void receive(Packet packet, long nowNanos) {
        packets++;
        next = packet.id() + 1;
        bytes += packet.bytes();
        if (packets % each == 0) {
            acknowledgements.add(packet.answer(Packet.Kind.ACKNOWLEDGEMENT, Packet.HEADER));
        }
    }

    @Override
    public void beginWindow() {
        packetsBefore = packets;
        missingBefore = next - packets;
        bytes = 0;
    }

    @Override
    public void count(Map<String, Long> counters, long elapsedNanos) {
        counters.put("packetsReceived", packets - packetsBefore);
        counters.put("packetsMissing", next - packets - missingBefore);
        counters.put("kilobitsPerSecond", Endpoint.perSecond(bytes * 8 / 1000, elapsedNanos));
    }
}
