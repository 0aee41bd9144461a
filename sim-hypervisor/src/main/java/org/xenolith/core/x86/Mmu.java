package org.xenolith.core.x86;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.xenolith.machine.MachineMemory;

/**
 * All access of a core to memory, by linear address. Every method throws the core's {@link Fault} if the access is not allowed, before
 * anything is changed.
 */
public final class Mmu {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Cpu cpu;
    private final MachineMemory memory;
    private final PhysicalMap map;

    Mmu(Cpu cpu, MachineMemory memory, PhysicalMap map) {
        this.cpu = cpu;
        this.memory = memory;
        this.map = map;
    }

    private int translate(long address, boolean write) {
        int frame = map.machineFrame(address >>> MachineMemory.PAGE_SHIFT, write);
        if (frame < 0) {
            throw cpu.pageFault(address, write ? Fault.PF_WRITE : 0);
        }
        return frame << MachineMemory.PAGE_SHIFT | (int) address & MachineMemory.PAGE_SIZE - 1;
    }

    /** Reads a byte, zero-extended. */
    public int read8(long address) {
        return memory.bytes()[translate(address, false)] & 0xff;
    }

    /** Reads 16 bits, zero-extended. */
    public int read16(long address) {
        return (short) SHORT.get(memory.bytes(), translate(address, false)) & 0xffff;
    }

    /** Reads 32 bits. */
    public int read32(long address) {
        return (int) INT.get(memory.bytes(), translate(address, false));
    }

    /** Reads 64 bits. */
    public long read64(long address) {
        return (long) LONG.get(memory.bytes(), translate(address, false));
    }

    /** Writes the low byte of {@code value}. */
    public void write8(long address, int value) {
        memory.put8(translate(address, true), value);
    }

    /** Writes the low 16 bits of {@code value}. */
    public void write16(long address, int value) {
        memory.put16(translate(address, true), value);
    }

    /** Writes 32 bits. */
    public void write32(long address, int value) {
        memory.put32(translate(address, true), value);
    }

    /** Writes 64 bits. */
    public void write64(long address, long value) {
        memory.put64(translate(address, true), value);
    }

    /** Faults as a write of {@code bytes} bytes at {@code address} would: for instructions that write more than once, or read first. */
    public void checkWrite(long address, int bytes) {
        translate(address, true);
        translate(address + bytes - 1, true);
    }
}
