package org.xenolith.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The machine's memory: 4 KiB frames in one array, little-endian. A machine address is an index into {@link #bytes}.
 *
 * <p>A core that keeps decoded instructions of a frame marks it as code; whoever writes to such a frame says so with
 * {@link #written}, so that no core executes what is no longer there. The {@code put} methods do that themselves.
 */
public final class MachineMemory {
    /** log2 of {@link #PAGE_SIZE}. */
    public static final int PAGE_SHIFT = 12;

    /** Bytes in a frame. */
    public static final int PAGE_SIZE = 1 << PAGE_SHIFT;

    /** Most frames of a machine: one array holds them. */
    public static final int MOST_FRAMES = (Integer.MAX_VALUE - 8) >> PAGE_SHIFT;

    /** Someone who keeps what he decoded from frames, or may write to them without asking. */
    public interface CodeWatcher {
        /** {@code frame} holds decoded instructions from now on: writes to it must be told. */
        void becameCode(int frame);

        /** {@code length} bytes at machine address {@code address}, all in one frame of code, were or will now be written. */
        void codeWritten(int address, int length);
    }

    private final byte[] bytes;
    /** How many keep instructions decoded from each frame. */
    private final short[] code;

    private final boolean[] used;
    private final List<CodeWatcher> watchers = new ArrayList<>();
    private int nextFree;
    private int free;

    /** {@code frames} frames of zeroes, all free; 1 to {@link #MOST_FRAMES}. */
    public MachineMemory(int frames) {
        if (frames < 1 || frames > MOST_FRAMES) {
            throw new IllegalArgumentException("a machine has 1 to " + MOST_FRAMES + " frames, not " + frames);
        }
        bytes = new byte[frames << PAGE_SHIFT];
        code = new short[frames];
        used = new boolean[frames];
        free = frames;
    }

    /** All of it; frame {@code f} begins at {@code f << PAGE_SHIFT}. For cores, which check and tell what they write. */
    public byte[] bytes() {
        return bytes;
    }

    /** How many frames there are. */
    public int frames() {
        return used.length;
    }

    /** How many frames are free. */
    public int freeFrames() {
        return free;
    }

    /** Takes the lowest free frame, zeroed; -1 if there is none. */
    public int allocate() {
        return allocate(0, used.length);
    }

    /**
     * Takes the lowest 2^{@code order} free frames, zeroed, that lie one behind the other from a multiple of their number on, as a buddy
     * allocator has them, all below frame {@code limit}; the first, or -1 if there are none such.
     */
    public int allocate(int order, int limit) {
        while (nextFree < used.length && used[nextFree]) {
            nextFree++;
        }
        int count = 1 << order;
        int end = Math.min(limit, used.length) - count;
        for (int first = nextFree + count - 1 & -count; first <= end; first += count) {
            int at = first;
            while (at < first + count && !used[at]) {
                at++;
            }
            if (at == first + count) {
                Arrays.fill(used, first, at, true);
                free -= count;
                fill(first << PAGE_SHIFT, count << PAGE_SHIFT, (byte) 0);
                return first;
            }
        }
        return -1;
    }

    /** Gives {@code frame} back. */
    public void release(int frame) {
        if (!used[frame]) {
            throw new IllegalStateException("frame " + frame + " is free already");
        }
        used[frame] = false;
        free++;
        nextFree = Math.min(nextFree, frame);
    }

    /** Tells {@code watcher} of code from now on. */
    public void watch(CodeWatcher watcher) {
        watchers.add(watcher);
    }

    /** Ends {@link #watch}: {@code watcher} keeps nothing any more. */
    public void unwatch(CodeWatcher watcher) {
        watchers.remove(watcher);
    }

    /** Whether instructions of {@code frame} have been decoded. */
    public boolean isCode(int frame) {
        return code[frame] != 0;
    }

    /** Somebody, who did not yet, keeps instructions decoded from {@code frame}: all watchers hear of it if he is the first. */
    public void markCode(int frame) {
        if (code[frame]++ == 0) {
            for (int i = 0; i < watchers.size(); i++) {
                watchers.get(i).becameCode(frame);
            }
        }
    }

    /** Who said {@link #markCode} keeps nothing decoded from {@code frame} any longer. */
    public void clearCode(int frame) {
        code[frame]--;
    }

    /** {@code length} bytes at {@code address} are written, in one frame or in several. */
    public void written(int address, int length) {
        int end = address + length;
        for (int at = address; at < end; ) {
            int next = Math.min(end, (at | PAGE_SIZE - 1) + 1);
            if (isCode(at >> PAGE_SHIFT)) {
                for (int i = 0; i < watchers.size(); i++) {
                    watchers.get(i).codeWritten(at, next - at);
                }
            }
            at = next;
        }
    }

    /** The byte at {@code address}, 0 to 255. */
    public int get8(int address) {
        return bytes[address] & 0xff;
    }

    /** The 16-bit value at {@code address}, zero-extended. */
    public int get16(int address) {
        return LittleEndian.get16(bytes, address);
    }

    /** The 32-bit value at {@code address}. */
    public int get32(int address) {
        return LittleEndian.get32(bytes, address);
    }

    /** The 64-bit value at {@code address}. */
    public long get64(int address) {
        return LittleEndian.get64(bytes, address);
    }

    /** Writes a byte. */
    public void put8(int address, int value) {
        written(address, 1);
        bytes[address] = (byte) value;
    }

    /** Writes 16 bits. */
    public void put16(int address, int value) {
        written(address, 2);
        LittleEndian.put16(bytes, address, value);
    }

    /** Writes 32 bits. */
    public void put32(int address, int value) {
        written(address, 4);
        LittleEndian.put32(bytes, address, value);
    }

    /** Writes 64 bits. */
    public void put64(int address, long value) {
        written(address, 8);
        LittleEndian.put64(bytes, address, value);
    }

    /** Copies {@code length} bytes out of memory. */
    public void read(int address, byte[] to, int at, int length) {
        System.arraycopy(bytes, address, to, at, length);
    }

    /** Copies {@code length} bytes into memory. */
    public void write(int address, byte[] from, int at, int length) {
        written(address, length);
        System.arraycopy(from, at, bytes, address, length);
    }

    /** Sets {@code length} bytes. */
    public void fill(int address, int length, byte value) {
        written(address, length);
        Arrays.fill(bytes, address, address + length, value);
    }
}
