package org.xenolith.hypervisor;

import java.util.Arrays;
import org.xenolith.machine.LittleEndian;

/** What a domain is told of its physical memory: an e820 table, in the layout in which {@code XENMEM_memory_map} copies it. */
public final class MemoryMap {
    /** Type of a range: memory. */
    public static final int RAM = 1;

    /** Type of a range: not to be used. */
    public static final int RESERVED = 2;

    /** Type of a range: ACPI tables. */
    public static final int ACPI = 3;

    /** Type of a range: ACPI non-volatile storage. */
    public static final int NVS = 4;

    /** Most ranges. */
    static final int MOST = 128;

    /** Bytes of a range in the table. */
    static final int ENTRY = 20;

    private byte[] table = new byte[0];

    /** Adds the range of {@code size} bytes from physical address {@code start} on. */
    public void add(long start, long size, int type) {
        if (count() == MOST) {
            throw new IllegalStateException("a memory map has at most " + MOST + " ranges");
        }
        int at = table.length;
        table = Arrays.copyOf(table, at + ENTRY);
        LittleEndian.put64(table, at, start);
        LittleEndian.put64(table, at + 8, size);
        LittleEndian.put32(table, at + 16, type);
    }

    /** How many ranges there are. */
    public int count() {
        return table.length / ENTRY;
    }

    /** First address of range {@code i}. */
    public long start(int i) {
        return LittleEndian.get64(table, ENTRY * i);
    }

    /** Bytes of range {@code i}. */
    public long size(int i) {
        return LittleEndian.get64(table, ENTRY * i + 8);
    }

    /** Type of range {@code i}. */
    public int type(int i) {
        return LittleEndian.get32(table, ENTRY * i + 16);
    }

    /** The ranges as the guest gets them. */
    byte[] table() {
        return table;
    }

    /** Puts {@code ranges}, in that layout, in place of what there is. */
    void replace(byte[] ranges) {
        table = ranges;
    }
}
