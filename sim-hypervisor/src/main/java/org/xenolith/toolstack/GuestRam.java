package org.xenolith.toolstack;

import java.util.Locale;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Physmap;
import org.xenolith.machine.MachineMemory;

/** Physical memory of a domain that is being built: populated from 0 on, and filled from low addresses to high. */
final class GuestRam {
    /** Bytes in a page. */
    static final int PAGE = MachineMemory.PAGE_SIZE;

    private static final int SHIFT = MachineMemory.PAGE_SHIFT;

    private final String name;
    private final Physmap physmap;
    private final MachineMemory memory;
    private final long size;

    /** End of what has been placed. */
    private long end;

    /**
     * Populates the memory of {@code domain}.
     *
     * @throws InputException if the machine has less
     */
    GuestRam(Domain domain, int mebibytes) {
        name = domain.name();
        physmap = domain.physmap();
        memory = physmap.frames().memory();
        size = (long) mebibytes << 20;
        if (mebibytes < 1 || size >> SHIFT > memory.freeFrames()) {
            throw new InputException(name + ": memory of " + mebibytes + " MiB, of which the machine has "
                    + (memory.freeFrames() >> 20 - SHIFT) + " left; give another memory");
        }
        populate(0, pages());
    }

    /** Populates {@code count} more pages from {@code address} on. */
    void populate(long address, int count) {
        for (int i = 0; i < count; i++) {
            if (physmap.populate((address >> SHIFT) + i) < 0) {
                throw new InputException(
                        name + ": the machine has no frame left for its special pages; give it less memory");
            }
        }
    }

    /** Its pages, those populated besides not counted. */
    int pages() {
        return (int) (size >> SHIFT);
    }

    /** Its bytes, those populated besides not counted. */
    long size() {
        return size;
    }

    /** End of what has been placed, at the beginning of a page. */
    long end() {
        return end;
    }

    /**
     * Loads what there is to load of a kernel.
     *
     * @param offset what the file's physical addresses have on top of the guest's
     * @throws InputException if it does not fit
     */
    void load(KernelImage kernel, long offset) {
        for (ElfFile.Segment segment : kernel.elf().segments()) {
            long address = segment.physical() - offset;
            if (address < 0
                    || segment.memorySize() < 0
                    || segment.memorySize() > size
                    || address > size - segment.memorySize()) {
                throw new InputException(String.format(
                        Locale.ROOT,
                        "%s: the kernel %s loads %d KiB at 0x%x, the guest has memory of %d MiB; give more memory",
                        name,
                        kernel.name(),
                        segment.memorySize() >>> 10,
                        address,
                        size >> 20));
            }
            write(address, kernel.elf().bytes(), segment.offset(), segment.fileSize());
            end = Math.max(end, roundUp(address + segment.memorySize()));
        }
    }

    /**
     * Takes whole pages for {@code bytes} bytes behind all that has been placed; their address.
     *
     * @param what what is placed, for the refusal
     * @throws InputException if there are not as many
     */
    long place(long bytes, String what) {
        long address = end;
        if (bytes > size - end) {
            throw new InputException(name + ": no room for " + what + " of " + (bytes + 1023 >> 10) + " KiB: "
                    + (size - end >> 10) + " KiB are left of " + (size >> 20) + " MiB; give more memory");
        }
        end = roundUp(address + bytes);
        return address;
    }

    /** Places {@code bytes}; their address. */
    long place(byte[] bytes, String what) {
        long address = place(bytes.length, what);
        write(address, bytes, 0, bytes.length);
        return address;
    }

    /** Copies bytes to physical address {@code address}, which is populated. */
    void write(long address, byte[] from, int at, int length) {
        for (int done = 0; done < length; ) {
            int piece = Math.min(length - done, PAGE - (int) (address + done & PAGE - 1));
            memory.write(machine(address + done), from, at + done, piece);
            done += piece;
        }
    }

    /** Writes a 32-bit value, which lies in one page. */
    void put32(long address, int value) {
        memory.put32(machine(address), value);
    }

    /** Writes a 64-bit value, which lies in one page. */
    void put64(long address, long value) {
        memory.put64(machine(address), value);
    }

    /** The 64-bit value there, which lies in one page. */
    long get64(long address) {
        return memory.get64(machine(address));
    }

    /** Machine frame at physical address {@code address}. */
    int frame(long address) {
        return physmap.mfn(address >> SHIFT);
    }

    /** Physical address of a machine frame of the domain's. */
    long address(int mfn) {
        return (long) physmap.frames().gfn(mfn) << SHIFT;
    }

    private int machine(long address) {
        return frame(address) << SHIFT | (int) (address & PAGE - 1);
    }

    private static long roundUp(long address) {
        return address + PAGE - 1 & -PAGE;
    }
}
