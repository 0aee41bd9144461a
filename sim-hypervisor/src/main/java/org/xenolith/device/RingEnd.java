package org.xenolith.device;

import org.xenolith.hypervisor.FlatMemory;

/**
 * One end of a ring of requests and responses in a page that two domains share, laid out as Xen's {@code public/io/ring.h} does: producer and event
 * index of the requests, the same of the responses, 48 unused bytes, then as many entries as fit, rounded down to a power of two. A response takes
 * the place of a request.
 *
 * <p>An end adds messages in private and {@linkplain #publish publishes} them together. Whether the other end wants an event for that it has said by
 * an index: the message that is to be told of. An end that sleeps {@linkplain #wish wishes} for the next one, and then has to look once more, for it
 * may have come in between ({@link #finalCheck}). All indices are free-running and of 32 bits.
 */
public final class RingEnd {
    private static final int REQUESTS = 0;
    private static final int RESPONSES = 8;
    private static final int PRODUCED = 0;
    private static final int EVENT = 4;
    private static final int ENTRIES = 64;

    private final FlatMemory memory;
    private final int page;
    private final int entryBytes;
    private final int size;
    private final boolean front;

    /** Where what this end adds is counted. */
    private final int own;

    /** Where what the other end adds is counted. */
    private final int theirs;

    private int added;
    private int taken;

    private RingEnd(FlatMemory memory, int page, int entryBytes, boolean front) {
        this.memory = memory;
        this.page = page;
        this.entryBytes = entryBytes;
        this.size = Integer.highestOneBit((FlatMemory.FRAME - ENTRIES) / entryBytes);
        this.front = front;
        this.own = page + (front ? REQUESTS : RESPONSES);
        this.theirs = page + (front ? RESPONSES : REQUESTS);
    }

    /** Makes an empty ring of entries of {@code entryBytes} in the page at {@code page}; its end that requests. */
    public static RingEnd front(FlatMemory memory, int page, int entryBytes) {
        memory.put32(page + REQUESTS + PRODUCED, 0);
        memory.put32(page + REQUESTS + EVENT, 1);
        memory.put32(page + RESPONSES + PRODUCED, 0);
        memory.put32(page + RESPONSES + EVENT, 1);
        return new RingEnd(memory, page, entryBytes, true);
    }

    /** The end that responds, of a ring that {@link #front} has made. */
    public static RingEnd back(FlatMemory memory, int page, int entryBytes) {
        return new RingEnd(memory, page, entryBytes, false);
    }

    /** The memory that it is in. */
    public FlatMemory memory() {
        return memory;
    }

    /** Entries. */
    public int size() {
        return size;
    }

    /** How many messages may be added: of a front, as many as are not in use; of a back, one for each request taken. */
    public int room() {
        return front ? size - (added - taken) : taken - added;
    }

    /** Adds a message, not yet published; the address to write it to. */
    public int add() {
        if (room() <= 0) {
            throw new IllegalStateException("the ring overflows: " + size + " entries");
        }
        return entry(added++);
    }

    /** Messages of the other end that have not been taken. */
    public int waiting() {
        return memory.get32(theirs + PRODUCED) - taken;
    }

    /** Takes a message of the other end; the address to read it from. */
    public int take() {
        if (waiting() <= 0) {
            throw new IllegalStateException("the ring is empty");
        }
        return entry(taken++);
    }

    /** Shows the other end all that was added; whether it wants an event for it. */
    public boolean publish() {
        int before = show();
        return isWanted(before);
    }

    /** The first half of {@link #publish}: shows what was added; how much was shown before. */
    int show() {
        int before = memory.get32(own + PRODUCED);
        memory.put32(own + PRODUCED, added);
        return before;
    }

    /** The second half: whether the other end wants an event for what was added after {@code before}. */
    boolean isWanted(int before) {
        return Integer.compareUnsigned(added - memory.get32(own + EVENT), added - before) < 0;
    }

    /** Asks for an event when the other end has published one message more than were taken. */
    public void wish() {
        memory.put32(theirs + EVENT, taken + 1);
    }

    /** Before sleeping: whether there is a message after all; if not, there will be an event when there is. */
    public boolean finalCheck() {
        if (waiting() > 0) {
            return true;
        }
        wish();
        return waiting() > 0;
    }

    private int entry(int index) {
        return page + ENTRIES + (index & size - 1) * entryBytes;
    }
}
