package org.xenolith.guest;

import java.util.ArrayDeque;
import org.xenolith.device.Endpoint;
import org.xenolith.device.NetRing;
import org.xenolith.device.Packet;
import org.xenolith.device.RingEnd;
import org.xenolith.hypervisor.FlatMemory;

/** A kernel with a network interface, and an {@link Endpoint} of which it is the host. It answers echo requests itself. */
final class NetLoop extends IoLoop {
    private static final int SEND_RING = 0;
    private static final int RECEIVE_RING = 1;
    private static final int FIRST_PAGE = 2;

    /** Entries of each ring, and pages for it. */
    private static final int SLOTS = 256;

    /** Frames that are shared with the back end. */
    static final int FRAMES = FIRST_PAGE + 2 * SLOTS;

    private final GrantedFrames frames;
    private final FlatMemory memory;
    private final RingEnd send;
    private final RingEnd receive;
    private final long packetNanos;
    private final boolean busy;
    private final ArrayDeque<Packet> replies = new ArrayDeque<>();
    private final Runnable transmit = this::transmit;
    private final Runnable takeOne = this::takeOne;
    private Endpoint endpoint;
    private boolean notify;

    /** Pages to send from that are free, and how many. */
    private final int[] freePages = new int[SLOTS];

    private int free;

    /**
     * A kernel whose rings are in {@code frames}.
     *
     * @param packetNanos work of a packet, ns
     * @param busy whether it computes when there is nothing else to do
     */
    NetLoop(GrantedFrames frames, long packetNanos, boolean busy) {
        this.frames = frames;
        this.memory = frames.memory();
        this.send = RingEnd.front(memory, frames.address(SEND_RING), NetRing.SEND_ENTRY);
        this.receive = RingEnd.front(memory, frames.address(RECEIVE_RING), NetRing.RECEIVE_ENTRY);
        this.packetNanos = packetNanos;
        this.busy = busy;
        for (int i = 0; i < SLOTS; i++) {
            freePages[free++] = i;
        }
    }

    /** The other end of the ring for sending, in {@code frames}. */
    static RingEnd backOfSending(GrantedFrames frames) {
        return RingEnd.back(frames.memory(), frames.address(SEND_RING), NetRing.SEND_ENTRY);
    }

    /** The other end of the ring for receiving, in {@code frames}. */
    static RingEnd backOfReceiving(GrantedFrames frames) {
        return RingEnd.back(frames.memory(), frames.address(RECEIVE_RING), NetRing.RECEIVE_ENTRY);
    }

    /** Gives it what it is to be the host of, before it runs. */
    void host(Endpoint itsEndpoint) {
        endpoint = itsEndpoint;
    }

    @Override
    void decide() {
        if (receive.room() > 0) {
            for (int i = 0; i < SLOTS; i++) {
                post(i);
            }
            notify |= receive.publish();
        }
        if (notify) {
            notify = false;
            send(EVENT_LINE);
            return;
        }
        boolean ready;
        do {
            while (send.waiting() > 0) {
                freePages[free++] = NetRing.sentId(memory, send.take());
            }
            ready = !replies.isEmpty() || endpoint.readyAt() <= nowNanos();
            if (receive.waiting() > 0) {
                spend(packetNanos, takeOne);
                return;
            }
            if (ready && send.room() > 0) {
                spend(packetNanos + (replies.isEmpty() ? endpoint.workNanos() : 0), transmit);
                return;
            }
        } while (receive.finalCheck() || ready && send.finalCheck());
        sleep(ready ? Task.NEVER : endpoint.readyAt(), busy);
    }

    /** Asks for a packet into page {@code i} of those to receive into. */
    private void post(int i) {
        NetRing.receive(memory, receive.add(), i, frames.frame(FIRST_PAGE + SLOTS + i));
    }

    private void takeOne() {
        int at = receive.take();
        int id = NetRing.receiveId(memory, at);
        int size = NetRing.receivedSize(memory, at);
        Packet packet = Packet.read(memory, frames.address(FIRST_PAGE + SLOTS + id), size);
        post(id);
        notify |= receive.publish();
        if (packet.kind() == Packet.Kind.ECHO_REQUEST) {
            replies.add(packet.answer(Packet.Kind.ECHO_REPLY, packet.bytes()));
        } else {
            endpoint.receive(packet, nowNanos());
        }
    }

    private void transmit() {
        Packet packet = replies.isEmpty() ? endpoint.take(nowNanos()) : replies.remove();
        int id = freePages[--free];
        packet.write(memory, frames.address(FIRST_PAGE + id));
        NetRing.send(memory, send.add(), id, frames.frame(FIRST_PAGE + id), packet.bytes());
        notify |= send.publish();
    }
}
