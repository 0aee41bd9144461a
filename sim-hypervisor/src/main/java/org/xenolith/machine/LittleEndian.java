package org.xenolith.machine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Little-endian numbers in arrays of bytes, as processors and files of the x86 have them. */
public final class LittleEndian {
    private static final VarHandle SHORT = view(short[].class);
    private static final VarHandle INT = view(int[].class);
    private static final VarHandle LONG = view(long[].class);

    private LittleEndian() {}

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }

    /** The 16-bit value at {@code at}, zero-extended. */
    public static int get16(byte[] bytes, int at) {
        return (short) SHORT.get(bytes, at) & 0xffff;
    }

    /** The 32-bit value at {@code at}. */
    public static int get32(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    /** The 64-bit value at {@code at}. */
    public static long get64(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    /** Writes the low 16 bits of {@code value} to {@code at}. */
    public static void put16(byte[] bytes, int at, int value) {
        SHORT.set(bytes, at, (short) value);
    }

    /** Writes 32 bits. */
    public static void put32(byte[] bytes, int at, int value) {
        INT.set(bytes, at, value);
    }

    /** Writes 64 bits. */
    public static void put64(byte[] bytes, int at, long value) {
        LONG.set(bytes, at, value);
    }
}
