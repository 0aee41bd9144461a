package org.xenolith.hypervisor;

import org.xenolith.machine.LittleEndian;

/** A structure of the ABI, copied from a guest's memory to be looked at, and back when answered. Offsets are in bytes. */
final class GuestStruct {
    private final byte[] buffer;

    /** For structures of up to {@code size} bytes. */
    GuestStruct(int size) {
        buffer = new byte[size];
    }

    /** Copies {@code length} bytes at {@code pointer} of {@code caller}'s memory here; false if it may not read them all. */
    boolean fetch(Vcpu caller, long pointer, int length) {
        return caller.memory().read(pointer, buffer, length);
    }

    /** Copies {@code length} bytes from here to {@code pointer}; false if the caller may not write them all. */
    boolean store(Vcpu caller, long pointer, int length) {
        return caller.memory().write(pointer, buffer, length);
    }

    /** A byte, zero-extended. */
    int int8(int offset) {
        return buffer[offset] & 0xff;
    }

    /** A 16-bit value, zero-extended. */
    int int16(int offset) {
        return LittleEndian.get16(buffer, offset);
    }

    /** A 32-bit value. */
    int int32(int offset) {
        return LittleEndian.get32(buffer, offset);
    }

    /** A 64-bit value. */
    long int64(int offset) {
        return LittleEndian.get64(buffer, offset);
    }

    /** Sets a byte. */
    void put8(int offset, int value) {
        buffer[offset] = (byte) value;
    }

    /** Sets 16 bits. */
    void put16(int offset, int value) {
        LittleEndian.put16(buffer, offset, value);
    }

    /** Sets 32 bits. */
    void put32(int offset, int value) {
        LittleEndian.put32(buffer, offset, value);
    }

    /** Sets 64 bits. */
    void put64(int offset, long value) {
        LittleEndian.put64(buffer, offset, value);
    }

    /** The bytes themselves. */
    byte[] bytes() {
        return buffer;
    }
}
