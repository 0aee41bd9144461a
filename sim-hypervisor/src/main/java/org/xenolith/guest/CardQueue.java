package org.xenolith.guest;

import java.util.ArrayDeque;
import org.xenolith.device.Packet;
import org.xenolith.hypervisor.InterruptLine;

/**
 * A network card's queue of received packets for one vCPU of a driver domain. It interrupts for the first packet, and then not before the vCPU has
 * found the queue empty: Linux's NAPI.
 */
final class CardQueue implements BackendSource {
    private static final int SLOTS = 512;

    private final BackendLoop loop;
    private final InterruptLine interrupt;
    private final VirtualInterface.Bridge bridge;
    private final ArrayDeque<Packet> packets = new ArrayDeque<>();
    private final Runnable drain = this::drain;
    private boolean interrupts = true;
    private long dropped;

    /** Emptied by {@code loop}, which hands the packets to {@code bridge}. */
    CardQueue(BackendLoop loop, InterruptLine interrupt, VirtualInterface.Bridge bridge) {
        this.loop = loop;
        this.interrupt = interrupt;
        this.bridge = bridge;
    }

    /** {@code packet} has come in from the wire. */
    void arrive(Packet packet) {
        if (packets.size() == SLOTS) {
            dropped++;
            return;
        }
        packets.add(packet);
        if (interrupts) {
            interrupts = false;
            interrupt.raise();
        }
    }

    long dropped() {
        return dropped;
    }

    @Override
    public boolean begin() {
        if (packets.isEmpty()) {
            return false;
        }
        loop.spend(0, drain);
        return true;
    }

    @Override
    public boolean finalCheck() {
        interrupts = packets.isEmpty();
        return !interrupts;
    }

    private void drain() {
        for (int i = 0; i < BackendLoop.BATCH && !packets.isEmpty(); i++) {
            bridge.forward(packets.remove(), loop);
        }
    }
}
