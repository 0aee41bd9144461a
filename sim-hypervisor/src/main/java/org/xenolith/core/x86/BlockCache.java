package org.xenolith.core.x86;

import org.xenolith.machine.MachineMemory;

/**
 * The decoded blocks of a machine's memory, by machine address, offset in cs and mode. It hears of every write to a frame that holds
 * one, and drops the blocks whose bytes are written.
 */
final class BlockCache implements MachineMemory.CodeWatcher {
    /** Most frames with blocks at a time: 16 KiB each; then all are dropped. */
    private static final int MOST_FRAMES = 6000;

    /** Most blocks at a time, of about 400 bytes each; then all are dropped. */
    private static final int MOST_BLOCKS = 300_000;

    /** Most blocks of the same bytes, as when programs map the same library elsewhere. */
    private static final int MOST_ALIASES = 4;

    /** log2 of the bytes of which a bit in {@link #parts} tells whether they are code. */
    private static final int PART_SHIFT = 6;

    private static final int OFFSET = MachineMemory.PAGE_SIZE - 1;

    private final MachineMemory memory;

    /** By frame, then by offset in it. */
    private Block[][] frames;

    /** Which 64-byte parts of each frame hold decoded bytes, a bit each. */
    private long[] parts;

    private int framesHeld;
    private int blocksHeld;
    private long drops;

    BlockCache(MachineMemory memory) {
        this.memory = memory;
        frames = new Block[memory.frames()][];
        parts = new long[memory.frames()];
        memory.watch(this);
    }

    /** The block that begins at {@code machine}, or null. If it has a tail, the caller checks that. */
    Block find(long rip, int machine, Insn.Mode mode) {
        Block[] frame = frames[machine >> MachineMemory.PAGE_SHIFT];
        if (frame == null) {
            return null;
        }
        Block block = frame[machine & OFFSET];
        while (block != null && (block.rip != rip || block.mode != mode)) {
            block = block.alias;
        }
        return block;
    }

    /** Keeps {@code block}. */
    void add(Block block) {
        if (framesHeld >= MOST_FRAMES || blocksHeld >= MOST_BLOCKS) {
            dropAll();
        }
        int number = block.machine >> MachineMemory.PAGE_SHIFT;
        Block[] frame = frames[number];
        if (frame == null) {
            frame = new Block[MachineMemory.PAGE_SIZE];
            frames[number] = frame;
            framesHeld++;
            memory.markCode(number);
        }
        int offset = block.machine & OFFSET;
        block.alias = withoutOldest(frame[offset]);
        frame[offset] = block;
        blocksHeld++;
        int last = Math.min(OFFSET, offset + block.length() - 1);
        parts[number] |= mask(offset, last);
    }

    /** Drops what is too much of {@code aliases}. */
    private Block withoutOldest(Block aliases) {
        Block last = aliases;
        for (int i = 2; last != null && i < MOST_ALIASES; i++) {
            last = last.alias;
        }
        if (last != null) {
            dropList(last.alias);
            last.alias = null;
        }
        return aliases;
    }

    /** Drops {@code block}, whose tail is no longer what it was. */
    void remove(Block block) {
        codeWritten(block.machine, 1);
    }

    private static long mask(int first, int last) {
        return -1L << (first >> PART_SHIFT) & -1L >>> 63 - (last >> PART_SHIFT);
    }

    @Override
    public void becameCode(int frame) {
        // It became so by this cache, or it holds nothing of it.
    }

    @Override
    public void codeWritten(int address, int length) {
        int number = address >> MachineMemory.PAGE_SHIFT;
        int begin = address & OFFSET;
        int end = begin + length;
        if ((parts[number] & mask(begin, end - 1)) == 0) {
            return;
        }
        Block[] frame = frames[number];
        for (int at = Math.max(0, begin - Block.MOST_BYTES); at < end; at++) {
            Block block = frame[at];
            if (block != null && at + longest(block) > begin) {
                dropList(block);
                frame[at] = null;
            }
        }
        parts[number] = 0;
        for (int at = 0; at <= OFFSET; at++) {
            if (frame[at] != null) {
                parts[number] |= mask(at, Math.min(OFFSET, at + longest(frame[at]) - 1));
            }
        }
        if (parts[number] == 0) {
            forget(number);
        }
    }

    private static int longest(Block blocks) {
        int longest = 0;
        for (Block block = blocks; block != null; block = block.alias) {
            longest = Math.max(longest, block.length());
        }
        return longest;
    }

    /** How many blocks have been dropped so far. */
    long drops() {
        return drops;
    }

    private void dropList(Block blocks) {
        for (Block block = blocks; block != null; block = block.alias) {
            block.drop();
            blocksHeld--;
            drops++;
        }
    }

    private void forget(int number) {
        frames[number] = null;
        parts[number] = 0;
        framesHeld--;
        memory.clearCode(number);
    }

    /** Drops all, and hears of no write any more. */
    void close() {
        dropAll();
        memory.unwatch(this);
        frames = new Block[0][];
        parts = new long[0];
    }

    private void dropAll() {
        for (int number = 0; number < frames.length; number++) {
            if (frames[number] != null) {
                for (Block block : frames[number]) {
                    dropList(block);
                }
                forget(number);
            }
        }
    }
}
