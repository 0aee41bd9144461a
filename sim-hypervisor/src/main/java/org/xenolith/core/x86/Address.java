package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Memory;

/** How the linear address of a memory operand is computed. */
final class Address {
    private final int base;
    private final int index;
    private final int shift;
    private final long displacement;

    /** Whether the offset is the linear address: 64-bit addresses, in a segment without a base. */
    private final boolean flat;

    private final int segment;
    private final long offsetMask;
    private final long linearMask;

    Address(Insn insn) {
        Memory m = insn.memory();
        base = m.base() >= 0 && m.base() != Memory.RIP ? m.base() : Cpu.ZERO;
        index = m.index() >= 0 ? m.index() : Cpu.ZERO;
        shift = Integer.numberOfTrailingZeros(Math.max(1, m.scale()));
        displacement = m.displacement();
        segment = m.segment();
        offsetMask = mask(insn.addressBits());
        linearMask = linearMask(insn.mode());
        flat = insn.addressBits() == 64 && !hasBase(insn.mode(), segment);
    }

    /** Offsets of {@code addressBits} keep these bits. */
    static long mask(int addressBits) {
        return addressBits == 64 ? -1 : (1L << addressBits) - 1;
    }

    /** Linear addresses of {@code mode} keep these bits. */
    static long linearMask(Insn.Mode mode) {
        return mode == Insn.Mode.BITS_64 ? -1 : 0xffffffffL;
    }

    /** Whether {@code segment} may have a base other than 0. */
    static boolean hasBase(Insn.Mode mode, int segment) {
        return mode != Insn.Mode.BITS_64 || segment >= Cpu.FS;
    }

    /** The offset in its segment, as lea computes it. */
    long offset(Cpu c) {
        return c.r[base] + (c.r[index] << shift) + displacement & offsetMask;
    }

    /** The linear address. */
    long of(Cpu c) {
        long offset = c.r[base] + (c.r[index] << shift) + displacement;
        return flat ? offset : c.segmentBase[segment] + (offset & offsetMask) & linearMask;
    }

    /** The linear address of the item {@code bytes} farther, which may be negative. */
    long of(Cpu c, long bytes) {
        long offset = c.r[base] + (c.r[index] << shift) + displacement + bytes;
        return flat ? offset : c.segmentBase[segment] + (offset & offsetMask) & linearMask;
    }
}
