package org.xenolith.device;

import java.util.Map;
import java.util.TreeMap;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.OutsideEvent;

/** The host at the other end of the wire, which is never busy: it answers echo requests, and has an endpoint for each guest that talks to it. */
public final class OutsideHost {
    private final Hypervisor hypervisor;
    private final Map<Integer, Peer> peers = new TreeMap<>();
    private Link link;

    /** An endpoint, sending when it is ready. */
    private final class Peer {
        private final Endpoint endpoint;
        private final OutsideEvent event = new OutsideEvent(hypervisor, time -> send());

        Peer(Endpoint endpoint) {
            this.endpoint = endpoint;
        }

        private void send() {
            long now = nowNanos();
            while (endpoint.readyAt() <= now) {
                link.send(endpoint.take(now), now);
            }
            if (endpoint.readyAt() != Endpoint.NEVER) {
                event.at(hypervisor.clock().toCycles(endpoint.readyAt()));
            }
        }
    }

    /** A host that sends by {@link #connect}'s link. */
    public OutsideHost(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** Has it send by {@code toGuests}. */
    public void connect(Link toGuests) {
        link = toGuests;
    }

    /** Has {@code endpoint} talk to {@code guest}, from now on. */
    public void add(int guest, Endpoint endpoint) {
        Peer peer = new Peer(endpoint);
        peers.put(guest, peer);
        peer.send();
    }

    /** {@code packet} has come. */
    public void receive(Packet packet) {
        if (packet.kind() == Packet.Kind.ECHO_REQUEST) {
            link.send(packet.answer(Packet.Kind.ECHO_REPLY, packet.bytes()), nowNanos());
            return;
        }
        Peer peer = peers.get(packet.source());
        if (peer != null) {
            peer.endpoint.receive(packet, nowNanos());
            peer.send();
        }
    }

    private long nowNanos() {
        return hypervisor.clock().toNanos(hypervisor.time());
    }
}
