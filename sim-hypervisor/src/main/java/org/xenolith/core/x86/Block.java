package org.xenolith.core.x86;

import java.util.Arrays;

/**
 * A straight run of decoded instructions in one page, or one instruction that crosses into the next page. It is right as long as its
 * bytes are: who changes those drops it, even while it is executing.
 */
final class Block {
    /** Most bytes of a block. */
    static final int MOST_BYTES = 256;

    /** Most instructions of a block. */
    static final int MOST_INSTRUCTIONS = 32;

    /** Stands for every instruction of a dropped block. */
    private static final Op DROPPED = new Op() {
        @Override
        public void exec(Cpu c) {
            throw c.raise(Fault.STOP);
        }
    };

    /** Offset of its first instruction in cs. */
    final long rip;

    /** How it was decoded. */
    final Insn.Mode mode;

    /** Machine address of its first byte; -1 if it was dropped. */
    int machine;

    /** The bytes of its instruction that lie in the next page, else null. */
    final byte[] tail;

    /** Its instructions, executed in order. */
    final Op[] ops;

    /** Where they begin, in bytes from the first one; the last element is the block's length. */
    final short[] offsets;

    /** Whether its last op leaves rip alone, so that the loop moves on. */
    final boolean falls;

    /** Offset in cs behind it. */
    final long end;

    /** The block that came behind it last, and the one before that: tried before the cache is asked. */
    Block likely;

    /** See {@link #likely}. */
    Block likelyToo;

    /** Another block of the same bytes, at another offset in cs or in another mode. */
    Block alias;

    Block(long rip, Insn.Mode mode, int machine, byte[] tail, Op[] ops, short[] offsets) {
        this.rip = rip;
        this.mode = mode;
        this.machine = machine;
        this.tail = tail;
        this.ops = ops;
        this.offsets = offsets;
        this.falls = !ops[ops.length - 1].ends();
        this.end = ripOf(ops.length);
    }

    /** Offset in cs of instruction {@code i}. */
    long ripOf(int i) {
        long at = rip + offsets[i];
        return switch (mode) {
            case BITS_64 -> at;
            case BITS_32 -> at & 0xffffffffL;
            case BITS_16 -> at & 0xffff;
        };
    }

    /** Length in bytes. */
    int length() {
        return offsets[offsets.length - 1];
    }

    /** Lets it be executed no further: if it is executing, the instruction that is under way is the last. */
    void drop() {
        machine = -1;
        Arrays.fill(ops, DROPPED);
        likely = null;
        likelyToo = null;
    }
}
