package org.xenolith.device;

import org.xenolith.hypervisor.FlatMemory;

/**
 * A packet on a network. In memory it begins with these fields; what it carries besides is only counted.
 *
 * @param source who sends it: a domain's id, or {@link #OUTSIDE}
 * @param destination who gets it
 * @param kind what it is
 * @param bytes its size, {@link #HEADER} to {@link #MOST}
 * @param id its number, in answers that of what they answer
 * @param stampNanos when what it belongs to began, ns
 */
public record Packet(int source, int destination, Kind kind, int bytes, long id, long stampNanos) {
    /** The host at the other end of the wire. */
    public static final int OUTSIDE = 0xffff;

    /** Bytes of the smallest. */
    public static final int HEADER = 64;

    /** Bytes of the largest, an Ethernet frame. */
    public static final int MOST = 1514;

    /** What packets there are. */
    public enum Kind {
        /** To be sent back by the receiver's kernel. */
        ECHO_REQUEST,
        /** What was sent back. */
        ECHO_REPLY,
        /** A piece of a stream. */
        DATA,
        /** Says that a stream has come so far. */
        ACKNOWLEDGEMENT,
        /** To a server. */
        REQUEST,
        /** From a server. */
        RESPONSE
    }

    private static final Kind[] KINDS = Kind.values();

    private static final int SOURCE = 0;
    private static final int DESTINATION = 2;
    private static final int KIND = 4;
    private static final int ID = 8;
    private static final int STAMP = 16;

    /** The packet of {@code bytes} at {@code address}. */
    public static Packet read(FlatMemory memory, int address, int bytes) {
        return new Packet(
                memory.get16(address + SOURCE),
                memory.get16(address + DESTINATION),
                KINDS[memory.get8(address + KIND)],
                bytes,
                memory.get64(address + ID),
                memory.get64(address + STAMP));
    }

    /** Writes it to {@code address}. */
    public void write(FlatMemory memory, int address) {
        memory.put16(address + SOURCE, source);
        memory.put16(address + DESTINATION, destination);
        memory.put8(address + KIND, kind.ordinal());
        memory.put64(address + ID, id);
        memory.put64(address + STAMP, stampNanos);
    }

    /** The answer to it: a packet of {@code answerKind} to who sent it, with its id and stamp. */
    public Packet answer(Kind answerKind, int answerBytes) {
        return new Packet(
                /* source= */ destination, /* destination= */ source, answerKind, answerBytes, id, stampNanos);
    }
}
