package org.xenolith.device;

import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.OutsideEvent;

/** One direction of a wire: packets leave one after the other at its rate, and arrive some time later. What does not fit its queue is dropped. */
public final class Link {
    private static final int MOST = 1024;

    private final Hypervisor hypervisor;
    private final long megabitsPerSecond;
    private final long delayNanos;
    private final Consumer<Packet> arrive;
    private final OutsideEvent event;
    private final ArrayDeque<Packet> packets = new ArrayDeque<>();
    private final ArrayDeque<Long> arrivals = new ArrayDeque<>();
    private long freeNanos;
    private long dropped;

    /** A link at whose end {@code arrive} takes packets. */
    public Link(Hypervisor hypervisor, long megabitsPerSecond, long delayNanos, Consumer<Packet> arrive) {
        this.hypervisor = hypervisor;
        this.megabitsPerSecond = megabitsPerSecond;
        this.delayNanos = delayNanos;
        this.arrive = arrive;
        this.event = new OutsideEvent(hypervisor, time -> arrived());
    }

    /** Sends {@code packet}. */
    public void send(Packet packet, long nowNanos) {
        if (packets.size() == MOST) {
            dropped++;
            return;
        }
        freeNanos =
                Math.max(freeNanos, nowNanos) + (packet.bytes() * 8000L + megabitsPerSecond - 1) / megabitsPerSecond;
        packets.add(packet);
        arrivals.add(hypervisor.clock().toCycles(freeNanos + delayNanos));
        if (packets.size() == 1) {
            event.at(arrivals.peek());
        }
    }

    private void arrived() {
        arrivals.remove();
        Packet packet = packets.remove();
        if (!arrivals.isEmpty()) {
            event.at(arrivals.peek());
        }
        arrive.accept(packet);
    }

    /** Packets that were dropped. */
    public long dropped() {
        return dropped;
    }
}
