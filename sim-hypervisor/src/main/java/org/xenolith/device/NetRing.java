package org.xenolith.device;

import org.xenolith.hypervisor.FlatMemory;

/**
 * Entries of the two rings of a network interface, laid out as Xen's {@code public/io/netif.h} does. On the ring for sending a request is a packet;
 * on the ring for receiving a request is a page to put a packet into.
 */
public final class NetRing {
    /** Bytes of an entry of the ring for sending. */
    public static final int SEND_ENTRY = 12;

    /** Bytes of an entry of the ring for receiving. */
    public static final int RECEIVE_ENTRY = 8;

    /** Status: done. */
    public static final int OKAY = 0;

    // Of a request to send.
    private static final int SEND_GRANT = 0;
    private static final int SEND_OFFSET = 4;
    private static final int SEND_FLAGS = 6;
    private static final int SEND_ID = 8;
    private static final int SEND_SIZE = 10;

    // Of an answer to it.
    private static final int SENT_ID = 0;
    private static final int SENT_STATUS = 2;

    // Of a request to receive.
    private static final int RECEIVE_ID = 0;
    private static final int RECEIVE_GRANT = 4;

    // Of an answer to it.
    private static final int RECEIVED_OFFSET = 2;
    private static final int RECEIVED_FLAGS = 4;
    private static final int RECEIVED_STATUS = 6;

    private NetRing() {}

    /** Writes a request to send {@code size} bytes from the start of grant {@code ref}. */
    public static void send(FlatMemory memory, int at, int id, int ref, int size) {
        memory.put32(at + SEND_GRANT, ref);
        memory.put16(at + SEND_OFFSET, 0);
        memory.put16(at + SEND_FLAGS, 0);
        memory.put16(at + SEND_ID, id);
        memory.put16(at + SEND_SIZE, size);
    }

    /** The grant of a request to send. */
    public static int sendGrant(FlatMemory memory, int at) {
        return memory.get32(at + SEND_GRANT);
    }

    /** The id of a request to send. */
    public static int sendId(FlatMemory memory, int at) {
        return memory.get16(at + SEND_ID);
    }

    /** The bytes of a request to send. */
    public static int sendSize(FlatMemory memory, int at) {
        return memory.get16(at + SEND_SIZE);
    }

    /** Writes that request {@code id} was sent. */
    public static void sent(FlatMemory memory, int at, int id) {
        memory.put16(at + SENT_ID, id);
        memory.put16(at + SENT_STATUS, OKAY);
    }

    /** The id of the request that was sent. */
    public static int sentId(FlatMemory memory, int at) {
        return memory.get16(at + SENT_ID);
    }

    /** Writes a request to receive into grant {@code ref}. */
    public static void receive(FlatMemory memory, int at, int id, int ref) {
        memory.put16(at + RECEIVE_ID, id);
        memory.put32(at + RECEIVE_GRANT, ref);
    }

    /** The id of a request to receive, or of the answer to it. */
    public static int receiveId(FlatMemory memory, int at) {
        return memory.get16(at + RECEIVE_ID);
    }

    /** The grant of a request to receive. */
    public static int receiveGrant(FlatMemory memory, int at) {
        return memory.get32(at + RECEIVE_GRANT);
    }

    /** Writes that {@code size} bytes were received for request {@code id}. */
    public static void received(FlatMemory memory, int at, int id, int size) {
        memory.put16(at + RECEIVE_ID, id);
        memory.put16(at + RECEIVED_OFFSET, 0);
        memory.put16(at + RECEIVED_FLAGS, 0);
        memory.put16(at + RECEIVED_STATUS, size);
    }

    /** The bytes of what was received. */
    public static int receivedSize(FlatMemory memory, int at) {
        return memory.get16(at + RECEIVED_STATUS);
    }
}
