package org.xenolith.hypervisor;

import java.util.List;

/**
 * An instruction that Xen has to emulate for a PV guest, as far as its form goes: prefixes, opcode, ModRM and length. Of 64-bit code, and of
 * 32-bit code where that is the same. What it cannot make out has no {@link #length}.
 */
final class PvInstruction {
    /** General registers by number. */
    static final List<Register> GENERAL = List.of(
            Register.RAX,
            Register.RCX,
            Register.RDX,
            Register.RBX,
            Register.RSP,
            Register.RBP,
            Register.RSI,
            Register.RDI,
            Register.R8,
            Register.R9,
            Register.R10,
            Register.R11,
            Register.R12,
            Register.R13,
            Register.R14,
            Register.R15);

    /** Opcodes behind the byte 0f have this set. */
    static final int TWO_BYTES = 0x0f00;

    private static final int LONGEST = 15;

    private final byte[] bytes = new byte[LONGEST];
    private int available;
    private int at;
    private int rex;

    /** Opcode; {@link #TWO_BYTES} is set in one that comes behind 0f. */
    int opcode;

    /** Operand size by prefixes, bytes: 2, 4 or 8. */
    int size;

    /** Whether a repeat prefix stands before it. */
    boolean repeat;

    /** The ModRM byte's register, and its register or memory operand, with their extensions. */
    int register;

    int base;

    /** Whether the ModRM byte says memory, and the byte itself. */
    boolean memory;

    int modrm;

    /** Immediate, sign-extended. */
    long immediate;

    /** Bytes of it all. */
    int length;

    /** Takes the instruction at rip; false if it ends too early. */
    boolean fetch(Registers registers) {
        available = registers.fetch(bytes);
        at = 0;
        rex = 0;
        size = 4;
        repeat = false;
        boolean is64Bit = registers.is64Bit();
        while (true) {
            int b = next();
            if (b < 0) {
                return false;
            }
            if (b == 0x66) {
                size = 2;
                rex = 0;
            } else if (b == 0xf2 || b == 0xf3) {
                repeat = true;
                rex = 0;
            } else if (b == 0x2e || b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65 || b == 0x67
                    || b == 0xf0) {
                rex = 0;
            } else if (is64Bit && (b & 0xf0) == 0x40) {
                rex = b;
            } else {
                opcode = b;
                break;
            }
        }
        if ((rex & 8) != 0) {
            size = 8;
        }
        if (opcode == 0x0f) {
            int second = next();
            opcode = TWO_BYTES | second;
            if (second < 0) {
                return false;
            }
        }
        length = at;
        return true;
    }

    /** Goes on behind the opcode with a ModRM byte, its address and {@code immediateBytes} of an immediate; false if it ends too early. */
    boolean operands(int immediateBytes) {
        modrm = next();
        if (modrm < 0) {
            return false;
        }
        int mod = modrm >> 6;
        memory = mod != 3;
        register = modrm >> 3 & 7 | (rex & 4) << 1;
        base = modrm & 7 | (rex & 1) << 3;
        if (memory) {
            int low = modrm & 7;
            int displacement = mod == 1 ? 1 : mod == 2 || low == 5 ? 4 : 0;
            if (low == 4) {
                int sib = next();
                if (sib < 0) {
                    return false;
                }
                if (mod == 0 && (sib & 7) == 5) {
                    displacement = 4;
                }
            }
            at += displacement;
        }
        return immediate(immediateBytes);
    }

    /** Goes on with an immediate of {@code count} bytes, 0, 1, 2 or 4. */
    boolean immediate(int count) {
        if (at + count > available) {
            return false;
        }
        immediate = 0;
        for (int i = 0; i < count; i++) {
            immediate |= (bytes[at + i] & 0xffL) << 8 * i;
        }
        if (count > 0) {
            int unused = 64 - 8 * count;
            immediate = immediate << unused >> unused;
        }
        at += count;
        length = at;
        return true;
    }

    private int next() {
        return at < available ? bytes[at++] & 0xff : -1;
    }

    /** Value of general register {@code number} as an operand of {@code bytes} bytes, zero-extended. */
    long operand(Registers registers, int number, int bytes) {
        if (bytes == 1 && rex == 0 && number >= 4) {
            return registers.get(GENERAL.get(number - 4)) >> 8 & 0xff;
        }
        return registers.get(GENERAL.get(number)) & mask(bytes);
    }

    /** Sets general register {@code number} as an operand of {@code bytes} bytes: 4 clear the upper half, 1 and 2 leave the rest. */
    void setOperand(Registers registers, int number, int bytes, long value) {
        if (bytes == 1 && rex == 0 && number >= 4) {
            Register high = GENERAL.get(number - 4);
            registers.set(high, registers.get(high) & ~0xff00L | (value & 0xff) << 8);
            return;
        }
        Register general = GENERAL.get(number);
        long kept = bytes >= 4 ? 0 : registers.get(general) & ~mask(bytes);
        registers.set(general, kept | value & mask(bytes));
    }

    /** The low {@code bytes} bytes. */
    static long mask(int bytes) {
        return bytes == 8 ? -1 : (1L << 8 * bytes) - 1;
    }

    /** Goes on behind it. */
    void done(Registers registers) {
        registers.set(Register.RIP, registers.get(Register.RIP) + length);
    }
}
