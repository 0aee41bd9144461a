package org.xenolith.core.x86;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenolith.machine.MachineMemory;

/** Executes a core's instructions, block by block. */
final class Interpreter {
    private static final int OFFSET = MachineMemory.PAGE_SIZE - 1;

    /** How many blocks are remembered; a power of two. */
    private static final int RECENT = 16;

    private final Cpu c;
    private final MachineMemory memory;
    private final BlockCache cache;
    private final Decoder decoder = new Decoder();
    private final Semantics semantics = Semantics.all();

    private final long[] recent = new long[RECENT];
    private int recentAt;

    Interpreter(Cpu c, MachineMemory memory) {
        this.c = c;
        this.memory = memory;
        this.cache = new BlockCache(memory);
    }

    /** Nothing more is executed. */
    void close() {
        cache.close();
    }

    /**
     * Executes blocks until the budget is used up or something wants {@link Cpu#attention}.
     *
     * @return the fault that ended it, with rip at the instruction that raised it, or null
     */
    Fault execute() {
        Block block = null;
        int i = 0;
        try {
            block = next(null);
            while (true) {
                Op[] ops = block.ops;
                int count = ops.length;
                recentAt = recentAt + 1 & RECENT - 1;
                recent[recentAt] = block.rip;
                if (count > c.left) {
                    count = (int) c.left;
                    c.rip = block.ripOf(count);
                } else if (block.falls) {
                    c.rip = block.end;
                }
                for (i = 0; i < count; i++) {
                    ops[i].exec(c);
                }
                c.left -= count;
                if (c.left <= 0 || c.attention) {
                    return null;
                }
                Block from = block;
                block = null;
                block = next(from);
            }
        } catch (Fault fault) {
            if (block != null) {
                c.rip = block.ripOf(i);
                c.left -= i;
            }
            if (fault.vector == Fault.STOP) {
                return null;
            }
            c.left--;
            return fault;
        }
    }

    /** How often code that was decoded has changed, or was too much to keep: an instruction that repeats has to be fetched again then. */
    long codeChanges() {
        return cache.drops();
    }

    /** Where the blocks executed last begin, the latest first; 0 where there were none. */
    long[] recentBlocks() {
        long[] latestFirst = new long[RECENT];
        for (int i = 0; i < RECENT; i++) {
            latestFirst[i] = recent[recentAt - i & RECENT - 1];
        }
        return latestFirst;
    }

    /**
     * The block at rip, which comes after {@code from}. Where a page of code lies is looked up whenever another page is entered, and
     * behind whatever may change it, so that runs of any budget see the same.
     */
    private Block next(Block from) {
        long rip = c.rip;
        if (from != null) {
            Block block = from.near(rip);
            if (block != null) {
                return block;
            }
        }
        long linear = linear(rip);
        int machine = c.mmu.fetch(linear);
        if (from != null) {
            Block block = from.far(rip, machine, c.mode);
            if (block != null) {
                return block;
            }
        }
        return lookUp(from, rip, linear, machine);
    }

    /** Linear address of offset {@code rip} in cs. */
    private long linear(long rip) {
        return c.mode == Insn.Mode.BITS_64 ? rip : rip + c.segmentBase[Cpu.CS] & 0xffffffffL;
    }

    private Block lookUp(Block from, long rip, long linear, int machine) {
        Block block = cache.find(rip, machine, c.mode);
        if (block != null && block.tail != null && !sameTail(block, linear)) {
            cache.remove(block);
            block = null;
        }
        if (block == null) {
            block = decode(rip, linear, machine);
            cache.add(block);
        }
        if (from != null) {
            boolean samePage = (linear(from.rip) ^ linear) >>> MachineMemory.PAGE_SHIFT == 0;
            from.follow(block, samePage);
        }
        return block;
    }

    private boolean sameTail(Block block, long linear) {
        int second = c.mmu.fetch(nextPage(linear));
        byte[] tail = block.tail;
        return Arrays.equals(memory.bytes(), second, second + tail.length, tail, 0, tail.length);
    }

    private long nextPage(long linear) {
        return (linear | OFFSET) + 1 & Address.linearMask(c.mode);
    }

    /** The last offset in cs, behind which they begin anew. */
    private long lastOffset() {
        return switch (c.mode) {
            case BITS_16 -> 0xffff;
            case BITS_32 -> 0xffffffffL;
            case BITS_64 -> -1;
        };
    }

    private Block decode(long rip, long linear, int machine) {
        int inPage = Math.min(Block.MOST_BYTES, MachineMemory.PAGE_SIZE - (machine & OFFSET));
        long inSegment = lastOffset() - rip + 1;
        if (inSegment <= 0 && c.mode != Insn.Mode.BITS_64) {
            throw c.raise(Fault.GP); // a jump with an operand of 32 bits led behind the last offset of 16
        }
        int most = inSegment > 0 ? (int) Math.min(inPage, inSegment) : inPage;
        List<Op> ops = new ArrayList<>();
        short[] offsets = new short[Block.MOST_INSTRUCTIONS + 1];
        int length = 0;
        int mostInstructions = c.observer == null ? Block.MOST_INSTRUCTIONS : 1;
        while (length < most && ops.size() < mostInstructions) {
            Insn insn = decoder.decode(memory.bytes(), machine + length, most - length, rip + length, c.mode);
            if (insn == null) {
                break;
            }
            Op op = op(insn);
            if (op.alone() && !ops.isEmpty()) {
                break;
            }
            ops.add(op);
            length += insn.length();
            offsets[ops.size()] = (short) length;
            if (op.ends()) {
                break;
            }
        }
        if (ops.isEmpty()) {
            if (most == inSegment) {
                throw c.raise(Fault.GP); // it runs over the end of the offsets
            }
            return decodeCrossing(rip, linear, machine, most);
        }
        return block(rip, machine, null, ops, offsets);
    }

    /** The block of the instruction of which only {@code inFirst} bytes are in the page. */
    private Block decodeCrossing(long rip, long linear, int machine, int inFirst) {
        int second = c.mmu.fetch(nextPage(linear));
        byte[] bytes = new byte[Insn.MOST_BYTES];
        memory.read(machine, bytes, 0, inFirst);
        memory.read(second, bytes, inFirst, bytes.length - inFirst);
        Insn insn = decoder.decode(bytes, 0, bytes.length, rip, c.mode);
        short[] offsets = {0, (short) insn.length()};
        // An undefined one may be shorter than what had to be looked at to know that.
        byte[] tail = Arrays.copyOfRange(bytes, inFirst, insn.length() > inFirst ? insn.length() : bytes.length);
        return block(rip, machine, tail, List.of(op(insn)), offsets);
    }

    private Op op(Insn insn) {
        Op op = semantics.op(insn);
        return c.observer == null ? op : new ObservedOp(op, insn);
    }

    private Block block(long rip, int machine, byte[] tail, List<Op> ops, short[] offsets) {
        return new Block(rip, c.mode, machine, tail, ops.toArray(new Op[0]), Arrays.copyOf(offsets, ops.size() + 1));
    }
}
