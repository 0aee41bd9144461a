package org.xenolith.hypervisor;

import org.xenolith.machine.MachineMemory;
import org.xenolith.trace.TraceEvent;

/**
 * Writable page tables: a PV kernel that writes to a page table of the last level, which it may only read, has the write done for it, checked as
 * a hypercall would. As {@code ptwr} of Xen 4.17, for the instructions by which kernels change a word in memory.
 */
final class PtwrEmulator {
    private static final int WRITE = 2;
    private static final int PRESENT = 1;
    private static final int RESERVED = 8;
    private static final int FETCH = 16;
    private static final int TWO = PvInstruction.TWO_BYTES;

    private static final long CF = 1;
    private static final long PF = 1 << 2;
    private static final long AF = 1 << 4;
    private static final long ZF = 1 << 6;
    private static final long SF = 1 << 7;
    private static final long OF = 1 << 11;

    private final PvArch arch;
    private final Registers registers;
    private final PvInstruction insn = new PvInstruction();

    private long flags;

    PtwrEmulator(PvArch arch) {
        this.arch = arch;
        registers = arch.registers;
    }

    /** Does the write that faulted at {@code address} with {@code errorCode}; false if it is none that Xen does. */
    boolean emulate(long address, int errorCode) {
        if (!arch.kernelMode
                || (errorCode & (WRITE | PRESENT | RESERVED | FETCH)) != (WRITE | PRESENT)
                || !insn.fetch(registers)) {
            return false;
        }
        int entryAt = arch.entryOf(address);
        if (entryAt < 0) {
            return false;
        }
        MachineMemory memory = arch.frames.memory();
        long mapping = memory.get64(entryAt);
        long table = Pte.frame(mapping);
        if (!Pte.present(mapping)
                || !arch.types.mayUse(arch.domain(), table)
                || !arch.types.is((int) table, PageTypes.L1)) {
            return false;
        }
        int bytes = operandBytes();
        int offset = (int) address & 7;
        if (bytes == 0 || (offset & bytes - 1) != 0) {
            return false;
        }
        int at = ((int) table << MachineMemory.PAGE_SHIFT) + ((int) address & MachineMemory.PAGE_SIZE - 1 & ~7);
        long whole = memory.get64(at);
        long old = whole >>> 8 * offset & PvInstruction.mask(bytes);
        flags = registers.get(Register.RFLAGS);
        long value = result(old, bytes) & PvInstruction.mask(bytes);
        long entry = whole & ~(PvInstruction.mask(bytes) << 8 * offset) | value << 8 * offset;
        if (arch.types.replace(arch.domain(), at, entry, PageTypes.L1, false) != 0) {
            return false;
        }
        trace(entry, address);
        finish(old, bytes);
        return true;
    }

    /** Size of what the instruction writes, once its operands are taken; 0 if it is none of those known. */
    private int operandBytes() {
        int opcode = insn.opcode;
        boolean byteSize = (opcode & 1) == 0;
        int bytes = byteSize ? 1 : insn.size;
        boolean known =
                switch (opcode) {
                    case 0x00, 0x01, 0x08, 0x09, 0x20, 0x21, 0x28, 0x29, 0x30, 0x31, 0x86, 0x87, 0x88, 0x89 ->
                        insn.operands(0);
                    case TWO | 0xb0, TWO | 0xb1, TWO | 0xc0, TWO | 0xc1 -> insn.operands(0);
                    case 0x80, 0x83, 0xc6 -> insn.operands(1);
                    case 0x81, 0xc7 -> insn.operands(Math.min(bytes, 4));
                    case TWO | 0xba -> insn.operands(1) && (insn.register & 7) >= 5;
                    case TWO | 0xab, TWO | 0xb3, TWO | 0xbb -> insn.operands(0);
                    case 0xaa, 0xab -> !insn.repeat;
                    default -> false;
                };
        if (opcode == (TWO | 0xba) || opcode == (TWO | 0xab) || opcode == (TWO | 0xb3) || opcode == (TWO | 0xbb)) {
            bytes = insn.size;
        }
        boolean stores = opcode == 0xaa || opcode == 0xab;
        boolean arithmetic = opcode == 0x80 || opcode == 0x81 || opcode == 0x83;
        boolean unwanted =
                arithmetic && ((insn.register & 7) == 2 || (insn.register & 7) == 3 || (insn.register & 7) == 7);
        return known && (stores || insn.memory) && !unwanted ? bytes : 0;
    }

    private long result(long old, int bytes) {
        long source =
                insn.opcode < 0x100 && (insn.opcode & 0xf0) == 0xa0 ? 0 : insn.operand(registers, insn.register, bytes);
        return switch (insn.opcode) {
            case 0x00, 0x01, TWO | 0xc0, TWO | 0xc1 -> sum(old, source, bytes);
            case 0x08, 0x09 -> logic(old | source, bytes);
            case 0x20, 0x21 -> logic(old & source, bytes);
            case 0x28, 0x29 -> difference(old, source, bytes);
            case 0x30, 0x31 -> logic(old ^ source, bytes);
            case 0x80, 0x81, 0x83 -> arithmetic(old, insn.immediate & PvInstruction.mask(bytes), bytes);
            case 0x86, 0x87, 0x88, 0x89 -> source;
            case 0xaa, 0xab -> registers.get(Register.RAX);
            case 0xc6, 0xc7 -> insn.immediate;
            case TWO | 0xb0, TWO | 0xb1 -> {
                long expected = registers.get(Register.RAX) & PvInstruction.mask(bytes);
                difference(expected, old, bytes);
                yield expected == old ? source : old;
            }
            case TWO | 0xba -> bit(old, insn.immediate, bytes, insn.register & 3);
            case TWO | 0xab -> bit(old, source, bytes, 1);
            case TWO | 0xb3 -> bit(old, source, bytes, 2);
            default -> bit(old, source, bytes, 3);
        };
    }

    private long arithmetic(long old, long source, int bytes) {
        return switch (insn.register & 7) {
            case 0 -> sum(old, source, bytes);
            case 1 -> logic(old | source, bytes);
            case 4 -> logic(old & source, bytes);
            case 5 -> difference(old, source, bytes);
            default -> logic(old ^ source, bytes);
        };
    }

    /** Sets (1), clears (2) or turns (3) a bit of the word; carry is what it was. A fault address is within the word it names. */
    private long bit(long old, long number, int bytes, int how) {
        long one = 1L << (number & 8L * bytes - 1);
        flags = flags & ~CF | ((old & one) != 0 ? CF : 0);
        return switch (how) {
            case 1 -> old | one;
            case 2 -> old & ~one;
            default -> old ^ one;
        };
    }

    private long logic(long value, int bytes) {
        setFlags(value, bytes, false, false, false);
        return value;
    }

    private long sum(long a, long b, int bytes) {
        long value = a + b & PvInstruction.mask(bytes);
        long top = 1L << 8 * bytes - 1;
        setFlags(
                value,
                bytes,
                Long.compareUnsigned(value, a) < 0,
                ((a ^ value) & (b ^ value) & top) != 0,
                ((a ^ b ^ value) & 16) != 0);
        return value;
    }

    private long difference(long a, long b, int bytes) {
        long value = a - b & PvInstruction.mask(bytes);
        long top = 1L << 8 * bytes - 1;
        setFlags(
                value,
                bytes,
                Long.compareUnsigned(a, b) < 0,
                ((a ^ b) & (a ^ value) & top) != 0,
                ((a ^ b ^ value) & 16) != 0);
        return value;
    }

    private void setFlags(long value, int bytes, boolean carry, boolean overflow, boolean adjust) {
        boolean even = (Integer.bitCount((int) value & 0xff) & 1) == 0;
        boolean negative = (value >>> 8 * bytes - 1 & 1) != 0;
        flags = flags & ~(CF | PF | AF | ZF | SF | OF)
                | (carry ? CF : 0)
                | (even ? PF : 0)
                | (adjust ? AF : 0)
                | ((value & PvInstruction.mask(bytes)) == 0 ? ZF : 0)
                | (negative ? SF : 0)
                | (overflow ? OF : 0);
    }

    /** What the instruction does besides: the old value goes to a register, the flags are set. */
    private void finish(long old, int bytes) {
        switch (insn.opcode) {
            case 0x86, 0x87, TWO | 0xc0, TWO | 0xc1 -> insn.setOperand(registers, insn.register, bytes, old);
            case TWO | 0xb0, TWO | 0xb1 -> {
                if ((flags & ZF) == 0) {
                    insn.setOperand(registers, 0, bytes, old);
                }
            }
            case 0xaa, 0xab -> {
                boolean down = (flags & 1 << 10) != 0;
                registers.set(Register.RDI, registers.get(Register.RDI) + (down ? -bytes : bytes));
            }
            default -> {}
        }
        registers.set(Register.RFLAGS, flags);
        insn.done(registers);
    }

    private void trace(long entry, long address) {
        long rip = registers.get(Register.RIP);
        arch.hypervisor
                .trace()
                .emit(
                        TraceEvent.Pv.PTWR_EMULATION | TraceEvent.Pv.ADDRESSES_64,
                        6,
                        (int) entry,
                        (int) (entry >> 32),
                        (int) address,
                        (int) (address >> 32),
                        (int) rip,
                        (int) (rip >> 32),
                        0);
    }
}
