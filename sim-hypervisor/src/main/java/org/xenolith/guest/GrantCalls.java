package org.xenolith.guest;

import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.FlatMemory;

/** Arguments of {@code grant_table_op}: a list of structures in the memory of the vCPU that calls. */
final class GrantCalls {
    /** Most structures of a list: the pages of all requests that a block ring holds. */
    static final int MOST = 352;

    private static final int MAP = 0;
    private static final int UNMAP = 1;
    private static final int COPY = 5;
    private static final int MAP_BYTES = 32;
    private static final int UNMAP_BYTES = 24;
    private static final int COPY_BYTES = 40;
    private static final int MAP_FOR_HOST = 1 << 1;
    private static final int SOURCE_IS_GRANT = 1;
    private static final int DESTINATION_IS_GRANT = 2;

    /** Bytes of a list. */
    static final int BYTES = MOST * COPY_BYTES;

    private final IoLoop loop;
    private final FlatMemory memory;
    private final int list;
    private int count;
    private long refused;

    /** Which operations of the list that was called last the hypervisor carried out. */
    private final boolean[] done = new boolean[MOST];

    /** Lists at {@code list} of {@code memory}, for {@code loop}. */
    GrantCalls(IoLoop loop, FlatMemory memory, int list) {
        this.loop = loop;
        this.memory = memory;
        this.list = list;
    }

    /** Structures in the list. */
    int count() {
        return count;
    }

    /** Adds: map grant {@code ref} of {@code domain}. */
    void addMap(int ref, int domain) {
        int at = list + count++ * MAP_BYTES;
        memory.put64(at, 0);
        memory.put32(at + 8, MAP_FOR_HOST);
        memory.put32(at + 12, ref);
        memory.put16(at + 16, domain);
    }

    /** The handle of map {@code i} of the list that was called. */
    int handle(int i) {
        return memory.get32(list + i * MAP_BYTES + 20);
    }

    /** Adds: unmap {@code handle}. */
    void addUnmap(int handle) {
        int at = list + count++ * UNMAP_BYTES;
        memory.put64(at, 0);
        memory.put64(at + 8, 0);
        memory.put32(at + 16, handle);
    }

    /** Adds: copy {@code length} bytes from the start of grant {@code ref} of {@code domain} to that of {@code frame}. */
    void addCopyFrom(int ref, int domain, int frame, int length) {
        addCopy(ref, domain, frame, Abi.DOMID_SELF, length, SOURCE_IS_GRANT);
    }

    /** Adds: copy {@code length} bytes from the start of {@code frame} to that of grant {@code ref} of {@code domain}. */
    void addCopyTo(int ref, int domain, int frame, int length) {
        addCopy(frame, Abi.DOMID_SELF, ref, domain, length, DESTINATION_IS_GRANT);
    }

    private void addCopy(int from, int fromDomain, int to, int toDomain, int length, int flags) {
        int at = list + count++ * COPY_BYTES;
        memory.put64(at, from);
        memory.put16(at + 8, fromDomain);
        memory.put16(at + 10, 0);
        memory.put64(at + 16, to);
        memory.put16(at + 24, toDomain);
        memory.put16(at + 26, 0);
        memory.put16(at + 32, length);
        memory.put16(at + 34, flags);
    }

    /** Issues the list of maps, then does {@code deed}. */
    void map(Runnable deed) {
        call(MAP, MAP_BYTES, 18, deed);
    }

    /** Issues the list of unmaps, then does {@code deed}. */
    void unmap(Runnable deed) {
        call(UNMAP, UNMAP_BYTES, 20, deed);
    }

    /** Issues the list of copies, then does {@code deed}. */
    void copy(Runnable deed) {
        call(COPY, COPY_BYTES, 36, deed);
    }

    private void call(int operation, int size, int statusAt, Runnable deed) {
        int issued = count;
        count = 0;
        loop.call(Abi.HYPERVISOR_GRANT_TABLE_OP, operation, list, issued, () -> {
            for (int i = 0; i < issued; i++) {
                done[i] = memory.get16(list + i * size + statusAt) == 0;
                refused += done[i] ? 0 : 1;
            }
            deed.run();
        });
    }

    /** Whether the hypervisor carried out operation {@code i} of the list that was called last. */
    boolean isDone(int i) {
        return done[i];
    }

    /** Operations that the hypervisor refused, as it does once a frontend's domain is no more. */
    long refused() {
        return refused;
    }
}
