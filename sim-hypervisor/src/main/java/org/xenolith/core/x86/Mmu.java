package org.xenolith.core.x86;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.xenolith.machine.MachineMemory;

/**
 * All access of a core to memory, by linear address. Every method throws the core's {@link Fault} if the access is not allowed, before
 * anything is changed.
 *
 * <p>An access that one {@link Tlb} entry answers is a compare, an addition and a load. All others are resolved slowly: by a
 * {@link PageWalk}, page by page where the access crosses a border. Frames that hold decoded instructions are never in a table for
 * writes, so that the slow way tells who keeps them. Simplifications: a non-canonical address is #GP for the stack too; so is an access
 * to what is no memory if it crosses a page, and a fetch from there.
 */
public final class Mmu implements MachineMemory.CodeWatcher {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int SHIFT = MachineMemory.PAGE_SHIFT;
    private static final int OFFSET = MachineMemory.PAGE_SIZE - 1;
    private static final long PAGE_MASK = ~(long) OFFSET;
    private static final long LOW_HALF = 0xffffffffL;

    /** Bits of a physical address that page tables may use, as CPUID leaf 0x80000008 has to say. */
    public static final int PHYSICAL_BITS = PageWalk.PHYSICAL_BITS;

    private final Cpu cpu;
    private final MachineMemory memory;
    private final byte[] bytes;
    private final PhysicalMap map;
    private final PageWalk walk;

    /** Memory-mapped I/O under way. */
    final Mmio io;

    private final Tlb userTlb = new Tlb();
    private final Tlb supervisorTlb = new Tlb();
    private final Tlb strictTlb = new Tlb(); // supervisor, but user pages are refused: SMAP

    // The tables of the privilege in effect.
    private Tlb tlb = supervisorTlb;
    private long[] readTags;
    private int[] readDeltas;
    private long[] writeTags;
    private int[] writeDeltas;
    private long[] fetchTags;
    private int[] fetchDeltas;

    /** Whether linear addresses have 64 bits at present, not 32. */
    private boolean wide;

    Mmu(Cpu cpu, MachineMemory memory, PhysicalMap map) {
        this.cpu = cpu;
        this.memory = memory;
        this.bytes = memory.bytes();
        this.map = map;
        this.walk = new PageWalk(cpu.system, memory, map);
        this.io = new Mmio(cpu);
        use(supervisorTlb);
        memory.watch(this);
    }

    /** Hears of no frame that becomes code any more. */
    void close() {
        memory.unwatch(this);
    }

    // ------------------------------------------------------------------------------------------ privilege and flushes

    /** The privilege level, RFLAGS.AC, CR4.SMAP or the mode has changed: uses the translations that now apply. */
    void select() {
        wide = cpu.mode == Insn.Mode.BITS_64;
        io.allow();
        if (cpu.cpl == 3) {
            use(userTlb);
        } else if ((cpu.system.cr4 & PageWalk.CR4_SMAP) != 0 && (cpu.otherFlags & Cpu.AC) == 0) {
            use(strictTlb);
        } else {
            use(supervisorTlb);
        }
    }

    /** From here to the next {@link #select}, accesses are the CPU's own to system structures: supervisor ones, with full addresses. */
    void selectSystem() {
        wide = (cpu.system.efer & PageWalk.EFER_LMA) != 0;
        io.forbid();
        use((cpu.system.cr4 & PageWalk.CR4_SMAP) != 0 ? strictTlb : supervisorTlb);
    }

    private void use(Tlb chosen) {
        tlb = chosen;
        readTags = chosen.tags[Tlb.READ];
        readDeltas = chosen.deltas[Tlb.READ];
        writeTags = chosen.tags[Tlb.WRITE];
        writeDeltas = chosen.deltas[Tlb.WRITE];
        fetchTags = chosen.tags[Tlb.FETCH];
        fetchDeltas = chosen.deltas[Tlb.FETCH];
    }

    /** Forgets all translations: paging has changed, or the {@link PhysicalMap}. */
    public void flush() {
        flush(true);
    }

    /** Forgets translations, as a write to CR3 does ({@code globalToo} false). */
    public void flush(boolean globalToo) {
        userTlb.flush(globalToo);
        supervisorTlb.flush(globalToo);
        strictTlb.flush(globalToo);
        if (cpu.observer != null) {
            cpu.observer.flushed(globalToo);
        }
    }

    /** Forgets the page of {@code address}, as {@code invlpg} does. */
    public void flushPage(long address) {
        if ((cpu.system.efer & PageWalk.EFER_LMA) == 0) {
            flush(true);
            return;
        }
        userTlb.flushPage(address);
        supervisorTlb.flushPage(address);
        strictTlb.flushPage(address);
        if (cpu.observer != null) {
            cpu.observer.flushedPage(address);
        }
    }

    @Override
    public void becameCode(int frame) {
        userTlb.forbidWrites(frame);
        supervisorTlb.forbidWrites(frame);
        strictTlb.forbidWrites(frame);
    }

    @Override
    public void codeWritten(int address, int length) {
        // Translations do not depend on what is written.
    }

    // --------------------------------------------------------------------------------------------------- translation

    /** Machine address of the byte at {@code address}, or -1 if it is no memory; then {@link PageWalk#physical} is its address. */
    private int resolve(long address, int access) {
        int slot = (int) (address >>> SHIFT) & Tlb.SLOTS - 1;
        if (tlb.tags[access][slot] == (address & PAGE_MASK)) {
            return (int) address + tlb.deltas[access][slot];
        }
        long linear = wide ? address : address & LOW_HALF;
        if (linear << 16 >> 16 != linear) {
            throw cpu.raise(Fault.GP);
        }
        if (!walk.walk(linear, access, tlb == userTlb, tlb == strictTlb)) {
            throw cpu.pageFault(linear, walk.error);
        }
        int frame = map.machineFrame(walk.physical >>> SHIFT, access == Tlb.WRITE);
        if (frame < 0) {
            return -1;
        }
        if (cpu.observer != null) { // no translation is held, so that it is told of every access
            int machine = frame << SHIFT | (int) address & OFFSET;
            cpu.observer.accessed(access == Tlb.FETCH, linear, machine, walk.shift, walk.global, walk.levels());
        } else if (linear == address) {
            boolean code = memory.isCode(frame);
            if (access != Tlb.WRITE || !code) {
                tlb.fill(access, address, frame, walk.global, walk.shift);
            }
            if (access == Tlb.WRITE) {
                tlb.fill(Tlb.READ, address, frame, walk.global, walk.shift);
            }
        }
        return frame << SHIFT | (int) address & OFFSET;
    }

    /** Machine address of the byte of code at {@code address}. */
    public int fetch(long address) {
        int slot = (int) (address >>> SHIFT) & fetchTags.length - 1;
        if (fetchTags[slot] == (address & PAGE_MASK)) {
            return (int) address + fetchDeltas[slot];
        }
        int at = resolve(address, Tlb.FETCH);
        if (at < 0) {
            throw cpu.raise(Fault.GP);
        }
        return at;
    }

    /**
     * Machine address of the byte at {@code address}, or -1 if the access would fault or is none of memory. Accessed and dirty bits are
     * set as by the access itself. For the embedder, which so reaches what a guest points at.
     */
    public int probe(long address, boolean write, boolean user) {
        boolean canonical = address << 16 >> 16 == address;
        if (!canonical || !walk.walk(address, write ? Tlb.WRITE : Tlb.READ, user, false)) {
            return -1;
        }
        int frame = map.machineFrame(walk.physical >>> SHIFT, write);
        return frame < 0 ? -1 : frame << SHIFT | (int) address & OFFSET;
    }

    /** All of memory, by machine address: for who asked {@link #readable} or {@link #writable}. */
    byte[] bytes() {
        return bytes;
    }

    /** Machine address of the byte at {@code address} if the TLB knows it and all of its page may be read; else -1. */
    int readable(long address) {
        int slot = (int) (address >>> SHIFT) & readTags.length - 1;
        return readTags[slot] == (address & PAGE_MASK) ? (int) address + readDeltas[slot] : -1;
    }

    /** Machine address of the byte at {@code address} if the TLB knows it and all of its page may be written, unseen; else -1. */
    int writable(long address) {
        int slot = (int) (address >>> SHIFT) & writeTags.length - 1;
        return writeTags[slot] == (address & PAGE_MASK) ? (int) address + writeDeltas[slot] : -1;
    }

    /** Faults as a write of {@code length} bytes at {@code address} would: for instructions that write more than once, or read first. */
    public void checkWrite(long address, int length) {
        resolve(address, Tlb.WRITE);
        if ((address & OFFSET) + length > MachineMemory.PAGE_SIZE) {
            resolve(address + length - 1 & PAGE_MASK, Tlb.WRITE);
        }
    }

    // --------------------------------------------------------------------------------------------------------- reads

    /** Reads a byte, zero-extended. */
    public int read8(long address) {
        long[] tags = readTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address & PAGE_MASK)) {
            return bytes[(int) address + readDeltas[slot]] & 0xff;
        }
        return (int) readSlow(address, 1);
    }

    /** Reads 16 bits, zero-extended. */
    public int read16(long address) {
        long[] tags = readTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address + 1 & PAGE_MASK)) {
            return (short) SHORT.get(bytes, (int) address + readDeltas[slot]) & 0xffff;
        }
        return (int) readSlow(address, 2);
    }

    /** Reads 32 bits. */
    public int read32(long address) {
        long[] tags = readTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address + 3 & PAGE_MASK)) {
            return (int) INT.get(bytes, (int) address + readDeltas[slot]);
        }
        return (int) readSlow(address, 4);
    }

    /** Reads 64 bits. */
    public long read64(long address) {
        long[] tags = readTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address + 7 & PAGE_MASK)) {
            return (long) LONG.get(bytes, (int) address + readDeltas[slot]);
        }
        return readSlow(address, 8);
    }

    private long readSlow(long address, int length) {
        int first = (int) Math.min(length, MachineMemory.PAGE_SIZE - (address & OFFSET));
        int at = resolve(address, Tlb.READ);
        if (first == length) {
            return at < 0 ? io.read(walk.physical, length) & -1L >>> 64 - 8 * length : load(at, length);
        }
        int rest = at < 0 ? -1 : resolve(address + first, Tlb.READ);
        if (rest < 0) {
            throw cpu.raise(Fault.GP);
        }
        return load(at, first) | load(rest, length - first) << 8 * first;
    }

    private long load(int at, int length) {
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = value << 8 | bytes[at + i] & 0xff;
        }
        return value;
    }

    // -------------------------------------------------------------------------------------------------------- writes

    /** Writes the low byte of {@code value}. */
    public void write8(long address, int value) {
        long[] tags = writeTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address & PAGE_MASK)) {
            bytes[(int) address + writeDeltas[slot]] = (byte) value;
        } else {
            writeSlow(address, 1, value);
        }
    }

    /** Writes the low 16 bits of {@code value}. */
    public void write16(long address, int value) {
        long[] tags = writeTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address + 1 & PAGE_MASK)) {
            SHORT.set(bytes, (int) address + writeDeltas[slot], (short) value);
        } else {
            writeSlow(address, 2, value);
        }
    }

    /** Writes 32 bits. */
    public void write32(long address, int value) {
        long[] tags = writeTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address + 3 & PAGE_MASK)) {
            INT.set(bytes, (int) address + writeDeltas[slot], value);
        } else {
            writeSlow(address, 4, value);
        }
    }

    /** Writes 64 bits. */
    public void write64(long address, long value) {
        long[] tags = writeTags;
        int slot = (int) (address >>> SHIFT) & tags.length - 1;
        if (tags[slot] == (address + 7 & PAGE_MASK)) {
            LONG.set(bytes, (int) address + writeDeltas[slot], value);
        } else {
            writeSlow(address, 8, value);
        }
    }

    private void writeSlow(long address, int length, long value) {
        int first = (int) Math.min(length, MachineMemory.PAGE_SIZE - (address & OFFSET));
        int at = resolve(address, Tlb.WRITE);
        if (first == length) {
            if (at < 0) {
                io.write(walk.physical, length, value & -1L >>> 64 - 8 * length);
            } else {
                store(at, length, value);
            }
            return;
        }
        int rest = at < 0 ? -1 : resolve(address + first, Tlb.WRITE);
        if (rest < 0) {
            throw cpu.raise(Fault.GP);
        }
        store(at, first, value);
        store(rest, length - first, value >>> 8 * first);
    }

    private void store(int at, int length, long value) {
        memory.written(at, length);
        for (int i = 0; i < length; i++) {
            bytes[at + i] = (byte) (value >>> 8 * i);
        }
    }
}
