package org.xenolith.guest;

import org.xenolith.hypervisor.FlatMemory;

/** The memory of a frontend: frame 0 for the arguments of hypercalls, then its grant table, then frames to share. A grant's number is its frame's. */
final class GrantedFrames {
    private static final int ENTRY = 8;
    private static final int PERMIT_ACCESS = 1;

    private final FlatMemory memory;
    private final int first;

    /** Memory with {@code shared} frames to share. */
    GrantedFrames(int shared) {
        int perFrame = FlatMemory.FRAME / ENTRY;
        int table = 1;
        while (table * perFrame < 1 + table + shared) {
            table++;
        }
        first = 1 + table;
        memory = new FlatMemory((first + shared) * FlatMemory.FRAME);
        memory.setGrantTable(FlatMemory.FRAME, first + shared);
    }

    FlatMemory memory() {
        return memory;
    }

    /** Number of the shared frame {@code i}, which is that of its grant. */
    int frame(int i) {
        return first + i;
    }

    /** Address of the shared frame {@code i}. */
    int address(int i) {
        return frame(i) * FlatMemory.FRAME;
    }

    /** Lets domain {@code grantee} access all the frames that are to be shared. */
    void grantAll(int grantee) {
        for (int frame = first; frame * FlatMemory.FRAME < memory.size(); frame++) {
            int at = FlatMemory.FRAME + ENTRY * frame;
            memory.put16(at, PERMIT_ACCESS);
            memory.put16(at + 2, grantee);
            memory.put32(at + 4, frame);
        }
    }
}
