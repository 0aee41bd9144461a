package org.xenolith.guest;

import java.util.ArrayDeque;
import org.xenolith.device.NetRing;
import org.xenolith.device.Packet;
import org.xenolith.device.RingEnd;
import org.xenolith.hypervisor.FlatMemory;

/** The back end of a frontend's network interface: copies packets out of its pages and into them, in batches. */
final class VirtualInterface {
    /** Takes packets where they belong. */
    @FunctionalInterface
    interface Bridge {
        /** {@code from} is the vCPU that forwards it. */
        void forward(Packet packet, BackendLoop from);
    }

    private final BackendLoop loop;
    private final RingEnd send;
    private final RingEnd receive;
    private final int domain;
    private final int line;
    private final long packetNanos;
    private final int mostQueued;
    private final Bridge bridge;
    private final ArrayDeque<Packet> queue = new ArrayDeque<>();
    private long forwarded;
    private long delivered;
    private long dropped;

    /**
     * The interface of {@code domain}, served by {@code loop}.
     *
     * @param line by which the frontend is sent events
     * @param packetNanos work of a packet, ns
     * @param mostQueued packets that wait for the frontend to have room, before any is dropped
     */
    VirtualInterface(
            BackendLoop loop,
            RingEnd send,
            RingEnd receive,
            int domain,
            int line,
            long packetNanos,
            int mostQueued,
            Bridge bridge) {
        this.loop = loop;
        this.send = send;
        this.receive = receive;
        this.domain = domain;
        this.line = line;
        this.packetNanos = packetNanos;
        this.mostQueued = mostQueued;
        this.bridge = bridge;
        loop.add(new FromGuest());
        loop.add(new ToGuest());
    }

    /** The vCPU that serves it. */
    BackendLoop loop() {
        return loop;
    }

    /** Has {@code packet} delivered when its turn comes. */
    void enqueue(Packet packet) {
        if (queue.size() >= mostQueued) {
            dropped++;
        } else {
            queue.add(packet);
        }
    }

    long forwarded() {
        return forwarded;
    }

    long delivered() {
        return delivered;
    }

    long dropped() {
        return dropped;
    }

    private int bufferAddress(int i) {
        return loop.buffer(i) * FlatMemory.FRAME;
    }

    /** Packets that the guest sends. */
    private final class FromGuest implements BackendSource {
        private final int[] ids = new int[BackendLoop.BATCH];
        private final int[] sizes = new int[BackendLoop.BATCH];
        private final Runnable take = this::take;
        private final Runnable copied = this::copied;
        private int batch;

        @Override
        public boolean begin() {
            batch = Math.min(send.waiting(), BackendLoop.BATCH);
            if (batch == 0) {
                return false;
            }
            loop.spend(batch * packetNanos, take);
            return true;
        }

        @Override
        public boolean finalCheck() {
            return send.finalCheck();
        }

        private void take() {
            for (int i = 0; i < batch; i++) {
                int at = send.take();
                ids[i] = NetRing.sendId(send.memory(), at);
                sizes[i] = NetRing.sendSize(send.memory(), at);
                loop.grants().addCopyFrom(NetRing.sendGrant(send.memory(), at), domain, loop.buffer(i), sizes[i]);
            }
            loop.grants().copy(copied);
        }

        private void copied() {
            for (int i = 0; i < batch; i++) {
                NetRing.sent(send.memory(), send.add(), ids[i]);
                if (loop.grants().isDone(i)) {
                    bridge.forward(Packet.read(loop.memory(), bufferAddress(i), sizes[i]), loop);
                    forwarded++;
                }
            }
            if (send.publish()) {
                loop.notifyBy(line);
            }
        }
    }

    /** Packets for the guest. */
    private final class ToGuest implements BackendSource {
        private final int[] ids = new int[BackendLoop.BATCH];
        private final int[] sizes = new int[BackendLoop.BATCH];
        private final Runnable deliver = this::deliver;
        private final Runnable copied = this::copied;
        private int batch;

        @Override
        public boolean begin() {
            batch = Math.min(Math.min(queue.size(), receive.waiting()), BackendLoop.BATCH);
            if (batch == 0) {
                return false;
            }
            loop.spend(batch * packetNanos, deliver);
            return true;
        }

        @Override
        public boolean finalCheck() {
            return !queue.isEmpty() && receive.finalCheck();
        }

        private void deliver() {
            for (int i = 0; i < batch; i++) {
                Packet packet = queue.remove();
                packet.write(loop.memory(), bufferAddress(i));
                int at = receive.take();
                ids[i] = NetRing.receiveId(receive.memory(), at);
                sizes[i] = packet.bytes();
                loop.grants().addCopyTo(NetRing.receiveGrant(receive.memory(), at), domain, loop.buffer(i), sizes[i]);
            }
            loop.grants().copy(copied);
        }

        private void copied() {
            for (int i = 0; i < batch; i++) {
                NetRing.received(receive.memory(), receive.add(), ids[i], sizes[i]);
                delivered += loop.grants().isDone(i) ? 1 : 0;
            }
            if (receive.publish()) {
                loop.notifyBy(line);
            }
        }
    }
}
