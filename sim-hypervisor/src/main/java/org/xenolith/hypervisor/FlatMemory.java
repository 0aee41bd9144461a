package org.xenolith.hypervisor;

import org.xenolith.machine.LittleEndian;

/**
 * Memory for guests that execute no instructions: bytes from address 0 on, for the arguments of hypercalls and, in frames of 4 KiB, what is shared
 * with other domains. Which frames those are a grant table of version 1 says, in the memory too.
 */
public final class FlatMemory implements GuestMemory {
    /** Bytes of a frame. */
    public static final int FRAME = 4096;

    private final byte[] bytes;

    /** Mappings of each grant by other domains. */
    private int[] grantUses = {};

    private int grantTable;

    /** {@code size} bytes of zeroes. */
    public FlatMemory(int size) {
        bytes = new byte[size];
    }

    /** Bytes of it. */
    public int size() {
        return bytes.length;
    }

    /** Has the hypervisor take {@code entries} of 8 bytes at {@code address} for the domain's grant table. */
    public void setGrantTable(int address, int entries) {
        grantTable = address;
        grantUses = new int[entries];
    }

    /** Grants of the domain, used or not. */
    int grants() {
        return grantUses.length;
    }

    /** Where grant {@code ref} is described. */
    int grantAt(int ref) {
        return grantTable + 8 * ref;
    }

    /** Mappings of {@code ref} by others after {@code more} were added. */
    int useGrant(int ref, int more) {
        return grantUses[ref] += more;
    }

    @Override
    public boolean read(long address, byte[] to, int length) {
        if (!reaches(address, length)) {
            return false;
        }
        System.arraycopy(bytes, (int) address, to, 0, length);
        return true;
    }

    @Override
    public boolean write(long address, byte[] from, int length) {
        if (!reaches(address, length)) {
            return false;
        }
        System.arraycopy(from, 0, bytes, (int) address, length);
        return true;
    }

    /** Writes a 32-bit value, for the guest that owns this memory. */
    public void put32(int address, int value) {
        LittleEndian.put32(bytes, address, value);
    }

    /** Writes a 64-bit value, for the guest that owns this memory. */
    public void put64(int address, long value) {
        LittleEndian.put64(bytes, address, value);
    }

    /** Reads a 32-bit value, for the guest that owns this memory. */
    public int get32(int address) {
        return LittleEndian.get32(bytes, address);
    }

    /** Writes a byte, for a guest that this memory is shared with. */
    public void put8(int address, int value) {
        bytes[address] = (byte) value;
    }

    /** Writes a 16-bit value, likewise. */
    public void put16(int address, int value) {
        LittleEndian.put16(bytes, address, value);
    }

    /** Reads a byte, zero-extended, likewise. */
    public int get8(int address) {
        return bytes[address] & 0xff;
    }

    /** Reads a 16-bit value, zero-extended, likewise. */
    public int get16(int address) {
        return LittleEndian.get16(bytes, address);
    }

    /** Reads a 64-bit value, likewise. */
    public long get64(int address) {
        return LittleEndian.get64(bytes, address);
    }

    /** Copies {@code length} bytes of frame {@code frame} from {@code offset} on to another memory; both are within their frames. */
    void copy(int frame, int offset, FlatMemory to, int toFrame, int toOffset, int length) {
        System.arraycopy(bytes, frame * FRAME + offset, to.bytes, toFrame * FRAME + toOffset, length);
    }

    /** Whether it has all of {@code frame}. */
    boolean hasFrame(long frame) {
        return frame >= 0 && frame < bytes.length / FRAME;
    }

    private boolean reaches(long address, int length) {
        return address >= 0 && length >= 0 && address <= bytes.length - length;
    }
}
