package org.xenolith.core.x86;

/**
 * Accesses to physical addresses that are no memory. An instruction that makes one is given up, the run stops, and when the embedder has
 * carried the access out the instruction is executed anew: the journal answers what was carried out already.
 */
final class Mmio {
    private static final int MOST = 16;

    private final Cpu c;
    private final long[] address = new long[MOST];
    private final long[] value = new long[MOST];
    private int count;
    private int next;
    private boolean replaying;
    private boolean forbidden;

    Mmio(Cpu c) {
        this.c = c;
    }

    /** Whether an instruction was given up and is still to be executed anew. */
    boolean pending() {
        return count > 0 && !replaying;
    }

    /**
     * To be called between instructions: forgets the journal of an instruction that has come to its end.
     *
     * @return whether the next instruction is executed anew, so that this must be called again behind it
     */
    boolean replay() {
        next = 0;
        if (replaying) {
            clear();
        }
        replaying = count > 0;
        return replaying;
    }

    /** The instruction that was given up, if any, has faulted. */
    void clear() {
        count = 0;
        next = 0;
        replaying = false;
    }

    /** From here to {@link #allow}, such accesses are #GP: where there is no instruction that could be executed anew. */
    void forbid() {
        forbidden = true;
    }

    /** Takes {@link #forbid} back. */
    void allow() {
        forbidden = false;
    }

    long read(long physical, int bytes) {
        if (next < count && address[next] == physical) {
            return value[next++];
        }
        prepare(physical, bytes);
        throw c.stopBefore(CpuExit.Reason.MMIO_READ);
    }

    void write(long physical, int bytes, long written) {
        if (next < count && address[next] == physical) {
            next++;
            return;
        }
        prepare(physical, bytes);
        c.exit.value = written;
        count++; // carried out by the time that the core runs again
        throw c.stopBefore(CpuExit.Reason.MMIO_WRITE);
    }

    private void prepare(long physical, int bytes) {
        if (forbidden || next == MOST) {
            throw c.raise(Fault.GP);
        }
        replaying = false;
        count = next;
        address[next] = physical;
        value[next] = -1;
        c.exit.number = physical;
        c.exit.size = bytes;
    }

    /** The answer to the read that stopped the run. */
    void complete(long answer) {
        value[count++] = answer;
    }
}
