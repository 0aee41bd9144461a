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

    Mmio(Cpu c) {
        this.c = c;
    }

    /** Whether an instruction was given up and is to be executed anew. */
    boolean pending() {
        return count > 0;
    }

    /** The instruction is executed from its begin. */
    void restart() {
        next = 0;
    }

    /** The instruction has come to its end, or faulted. */
    void clear() {
        count = 0;
        next = 0;
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
        if (next == MOST) {
            throw c.raise(Fault.GP);
        }
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
