package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Operand;

/** An operand as a place to read and write, of whatever kind and width: the general way, beside which stand faster ones for hot shapes. */
abstract class Place {
    /** Width in bits. */
    final int bits;

    Place(int bits) {
        this.bits = bits;
    }

    /** The value, zero-extended; an immediate as it is in the instruction, sign-extended. */
    abstract long get(Cpu c);

    /** The value, sign-extended. */
    final long signed(Cpu c) {
        return get(c) << 64 - bits >> 64 - bits;
    }

    /** The value, to be written next: faults as a write does. */
    long update(Cpu c) {
        return get(c);
    }

    /** Whether it is memory. */
    boolean inMemory() {
        return false;
    }

    /** Writes the low {@link #bits} of {@code value}; to a 32-bit register as the CPU does, with zeroes above. */
    abstract void set(Cpu c, long value);

    /** Reads {@code bits} at linear {@code address}, zero-extended. */
    static long read(Cpu c, long address, int bits) {
        return switch (bits) {
            case 8 -> c.mmu.read8(address) & 0xffL;
            case 16 -> c.mmu.read16(address) & 0xffffL;
            case 32 -> c.mmu.read32(address) & 0xffffffffL;
            default -> c.mmu.read64(address);
        };
    }

    /** Writes the low {@code bits} of {@code value} at linear {@code address}. */
    static void write(Cpu c, long address, int bits, long value) {
        switch (bits) {
            case 8 -> c.mmu.write8(address, (int) value);
            case 16 -> c.mmu.write16(address, (int) value);
            case 32 -> c.mmu.write32(address, (int) value);
            default -> c.mmu.write64(address, value);
        }
    }

    /** Operand {@code i} of {@code insn}: a general register, memory or an immediate. */
    static Place of(Insn insn, int i) {
        Operand o = insn.operand(i);
        return switch (o.kind()) {
            case GPR -> register(o.register(), o.bits());
            case HIGH_BYTE -> new HighByte(o.register());
            case MEMORY -> new InMemory(new Address(insn), o.bits());
            case IMMEDIATE, TARGET -> new Immediate(o.value());
            default -> throw new IllegalStateException(insn + " has no general operand " + i);
        };
    }

    /** General register {@code number}, its low {@code bits}. */
    static Place register(int number, int bits) {
        return switch (bits) {
            case 64 -> new Whole(number);
            case 32 -> new Half(number);
            default -> new Part(number, bits);
        };
    }

    private static final class Whole extends Place {
        private final int register;

        Whole(int register) {
            super(64);
            this.register = register;
        }

        @Override
        long get(Cpu c) {
            return c.r[register];
        }

        @Override
        void set(Cpu c, long value) {
            c.r[register] = value;
        }
    }

    private static final class Half extends Place {
        private final int register;

        Half(int register) {
            super(32);
            this.register = register;
        }

        @Override
        long get(Cpu c) {
            return c.r[register] & 0xffffffffL;
        }

        @Override
        void set(Cpu c, long value) {
            c.r[register] = value & 0xffffffffL;
        }
    }

    private static final class Part extends Place {
        private final int register;
        private final long mask;

        Part(int register, int bits) {
            super(bits);
            this.register = register;
            mask = (1L << bits) - 1;
        }

        @Override
        long get(Cpu c) {
            return c.r[register] & mask;
        }

        @Override
        void set(Cpu c, long value) {
            c.r[register] = c.r[register] & ~mask | value & mask;
        }
    }

    private static final class HighByte extends Place {
        private final int register;

        HighByte(int register) {
            super(8);
            this.register = register;
        }

        @Override
        long get(Cpu c) {
            return c.r[register] >>> 8 & 0xff;
        }

        @Override
        void set(Cpu c, long value) {
            c.r[register] = c.r[register] & ~0xff00L | (value & 0xff) << 8;
        }
    }

    private static final class Immediate extends Place {
        private final long value;

        Immediate(long value) {
            super(64);
            this.value = value;
        }

        @Override
        long get(Cpu c) {
            return value;
        }

        @Override
        void set(Cpu c, long ignored) {
            throw new IllegalStateException("an immediate is not written");
        }
    }

    private static final class InMemory extends Place {
        private final Address address;

        InMemory(Address address, int bits) {
            super(bits);
            this.address = address;
        }

        @Override
        boolean inMemory() {
            return true;
        }

        @Override
        long get(Cpu c) {
            return read(c, address.of(c), bits);
        }

        @Override
        long update(Cpu c) {
            long at = address.of(c);
            c.mmu.checkWrite(at, bits / 8);
            return read(c, at, bits);
        }

        @Override
        void set(Cpu c, long value) {
            write(c, address.of(c), bits, value);
        }
    }
}
