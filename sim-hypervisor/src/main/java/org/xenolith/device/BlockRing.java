package org.xenolith.device;

import org.xenolith.hypervisor.FlatMemory;

/** Entries of the ring of a block device, laid out as the 64-bit ABI of Xen's {@code public/io/blkif.h} does. */
public final class BlockRing {
    /** Bytes of an entry: those of a request. */
    public static final int ENTRY = 112;

    /** Most pages of a request. */
    public static final int SEGMENTS = 11;

    /** Bytes of a sector. */
    public static final int SECTOR = 512;

    /** Operation: read. */
    public static final int READ = 0;

    /** Operation: write. */
    public static final int WRITE = 1;

    /** Status: done. */
    public static final int OKAY = 0;

    private static final int LAST_SECTOR_OF_PAGE = FlatMemory.FRAME / SECTOR - 1;

    // Of a request.
    private static final int OPERATION = 0;
    private static final int SEGMENT_COUNT = 1;
    private static final int ID = 8;
    private static final int SECTOR_NUMBER = 16;
    private static final int FIRST_SEGMENT = 24;
    private static final int SEGMENT_BYTES = 8;
    private static final int SEGMENT_FIRST = 4;
    private static final int SEGMENT_LAST = 5;

    // Of a response.
    private static final int RESPONSE_ID = 0;
    private static final int RESPONSE_OPERATION = 8;
    private static final int STATUS = 10;

    private BlockRing() {}

    /** Writes a request for {@code pages} whole pages, whose grants begin at {@code firstRef} and ascend. */
    public static void request(
            FlatMemory memory, int at, int operation, long id, long sector, int firstRef, int pages) {
        memory.put8(at + OPERATION, operation);
        memory.put8(at + SEGMENT_COUNT, pages);
        memory.put64(at + ID, id);
        memory.put64(at + SECTOR_NUMBER, sector);
        for (int i = 0; i < pages; i++) {
            int segment = at + FIRST_SEGMENT + i * SEGMENT_BYTES;
            memory.put32(segment, firstRef + i);
            memory.put8(segment + SEGMENT_FIRST, 0);
            memory.put8(segment + SEGMENT_LAST, LAST_SECTOR_OF_PAGE);
        }
    }

    /** What a request asks for. */
    public static int operation(FlatMemory memory, int at) {
        return memory.get8(at + OPERATION);
    }

    /** Pages of a request. */
    public static int segments(FlatMemory memory, int at) {
        return memory.get8(at + SEGMENT_COUNT);
    }

    /** Its id, which the response repeats. */
    public static long id(FlatMemory memory, int at) {
        return memory.get64(at + ID);
    }

    /** Where on the device it begins. */
    public static long sector(FlatMemory memory, int at) {
        return memory.get64(at + SECTOR_NUMBER);
    }

    /** The grant of its page {@code i}. */
    public static int grant(FlatMemory memory, int at, int i) {
        return memory.get32(at + FIRST_SEGMENT + i * SEGMENT_BYTES);
    }

    /** Writes a response. */
    public static void respond(FlatMemory memory, int at, int operation, long id, int status) {
        memory.put64(at + RESPONSE_ID, id);
        memory.put8(at + RESPONSE_OPERATION, operation);
        memory.put16(at + STATUS, status);
    }

    /** The id of the request that a response answers. */
    public static long responseId(FlatMemory memory, int at) {
        return memory.get64(at + RESPONSE_ID);
    }

    /** What became of it, {@link #OKAY} or a negative status. */
    public static int status(FlatMemory memory, int at) {
        return (short) memory.get16(at + STATUS);
    }
}
