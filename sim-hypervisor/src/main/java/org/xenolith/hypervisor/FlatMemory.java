package org.xenolith.hypervisor;

/** Memory for guests that execute no instructions: a few bytes from address 0 on, for the arguments of hypercalls. */
public final class FlatMemory implements GuestMemory {
    private final byte[] bytes;

    /** {@code size} bytes of zeroes. */
    public FlatMemory(int size) {
        bytes = new byte[size];
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
        LittleEndian.INT.set(bytes, address, value);
    }

    /** Writes a 64-bit value, for the guest that owns this memory. */
    public void put64(int address, long value) {
        LittleEndian.LONG.set(bytes, address, value);
    }

    /** Reads a 32-bit value, for the guest that owns this memory. */
    public int get32(int address) {
        return (int) LittleEndian.INT.get(bytes, address);
    }

    private boolean reaches(long address, int length) {
        return address >= 0 && length >= 0 && address <= bytes.length - length;
    }
}
