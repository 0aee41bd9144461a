package org.xenolith.core.x86;

import java.util.Arrays;
import org.xenolith.machine.MachineMemory;

/**
 * A straight run of decoded instructions in one page, or one instruction that crosses into the next page. It is right as long as its
 * bytes are: who changes those drops it, even while it is executing.
 */
final class Block {
    private static final int PAGE_SHIFT = MachineMemory.PAGE_SHIFT;

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

    /** No instruction is there: not canonical, and longer than 32 bits. */
    static final long NOWHERE = 1L << 62;

    /** Offset of its first instruction in cs. */
    final long rip;

    /** The same, or {@link #NOWHERE} if it was dropped. */
    long entry;

    /** How it was decoded. */
    final Insn.Mode mode;

    /** Machine address of its first byte. */
    final int machine;

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

    /** Whether the next block's mode is this one's, and its page, if it is the same, lies where this one's does. */
    final boolean near;

    // Blocks that came next before, to be tried before the cache is asked. Near ones are in the same page, and right
    // whenever their
    // entry is at rip; of far ones, mode and machine address have to be looked at.
    private Block nearBlock;
    private Block otherNearBlock;
    private Block farBlock;
    private Block otherFarBlock;

    /** Another block of the same bytes, at another offset in cs or in another mode. */
    Block alias;

    Block(long rip, Insn.Mode mode, int machine, byte[] tail, Op[] ops, short[] offsets) {
        this.rip = rip;
        this.mode = mode;
        this.machine = machine;
        this.tail = tail;
        this.ops = ops;
        this.offsets = offsets;
        Op last = ops[ops.length - 1];
        this.falls = !last.ends();
        this.near = falls || last.near();
        this.entry = rip;
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

    /** The block at {@code at} in this one's page, if it is known to come next, else null. */
    Block near(long at) {
        Block block = nearBlock;
        if (block != null && block.entry == at) {
            return block;
        }
        block = otherNearBlock;
        return block != null && block.entry == at ? block : null;
    }

    /** The block at {@code at}, which lies at {@code address}, if it is known to come next, else null. */
    Block far(long at, int address, Insn.Mode inMode) {
        Block block = farBlock;
        if (block != null && block.entry == at && block.machine == address && block.mode == inMode) {
            return block;
        }
        block = otherFarBlock;
        return block != null && block.entry == at && block.machine == address && block.mode == inMode ? block : null;
    }

    /** Keeps in mind that {@code block} came next, in the same linear page or not. */
    void follow(Block block, boolean samePage) {
        if (block.tail != null || entry == NOWHERE) {
            return;
        }
        if (near && samePage && block.mode == mode && block.machine >> PAGE_SHIFT == machine >> PAGE_SHIFT) {
            otherNearBlock = nearBlock;
            nearBlock = block;
        } else {
            otherFarBlock = farBlock;
            farBlock = block;
        }
    }

    /** Lets it be executed no further: if it is executing, the instruction that is under way is the last. */
    void drop() {
        entry = NOWHERE;
        Arrays.fill(ops, DROPPED);
        nearBlock = null;
        otherNearBlock = null;
        farBlock = null;
        otherFarBlock = null;
    }
}
