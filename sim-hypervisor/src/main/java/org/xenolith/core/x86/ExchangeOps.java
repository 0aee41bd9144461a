package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;

/** Exchanges. Cores of a machine take turns between instructions, so all of them are atomic, locked or not. */
final class ExchangeOps {
    private ExchangeOps() {}

    static void define(Semantics s) {
        s.define("xchg", Exchange::new);
        s.define("xadd", ExchangeAndAdd::new);
        s.define("cmpxchg", CompareAndExchange::new);
        s.define("cmpxchg8b", insn -> new CompareAndExchangeTwice(insn, 32));
        s.define("cmpxchg16b", insn -> new CompareAndExchangeTwice(insn, 64));
    }

    private static final class Exchange extends Op {
        private final Place left;
        private final Place right;

        Exchange(Insn insn) {
            boolean memoryIsRight = insn.operand(1).kind() == Kind.MEMORY;
            left = Place.of(insn, memoryIsRight ? 1 : 0);
            right = Place.of(insn, memoryIsRight ? 0 : 1);
        }

        @Override
        public void exec(Cpu c) {
            long was = left.update(c);
            left.set(c, right.get(c));
            right.set(c, was);
        }
    }

    private static final class ExchangeAndAdd extends Op {
        private final Place to;
        private final Place register;
        private final int shift;

        ExchangeAndAdd(Insn insn) {
            to = Place.of(insn, 0);
            register = Place.of(insn, 1);
            shift = 64 - to.bits;
        }

        @Override
        public void exec(Cpu c) {
            long was = to.update(c);
            long a = was << shift;
            long b = register.get(c) << shift;
            long sum = a + b;
            if (to.inMemory()) {
                to.set(c, sum >>> shift);
                register.set(c, was);
            } else {
                register.set(c, was);
                to.set(c, sum >>> shift);
            }
            c.setFlags(sum >> shift, ArithmeticOps.arranged(ArithmeticOps.carries(a, b, sum), shift));
        }
    }

    private static final class CompareAndExchange extends Op {
        private final Place to;
        private final Place from;
        private final Place accumulator;
        private final int shift;

        CompareAndExchange(Insn insn) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            accumulator = Place.register(Cpu.RAX, to.bits);
            shift = 64 - to.bits;
        }

        @Override
        public void exec(Cpu c) {
            long was = to.update(c);
            long expected = accumulator.get(c);
            if (was == expected) {
                to.set(c, from.get(c));
            } else {
                if (to.inMemory()) {
                    to.set(c, was);
                }
                accumulator.set(c, was);
            }
            ArithmeticOps.compare(c, expected << shift, was << shift, shift);
        }
    }

    /** Compares edx:eax (rdx:rax) with memory, and if equal writes ecx:ebx (rcx:rbx) there. */
    private static final class CompareAndExchangeTwice extends Op {
        private final Address address;
        private final int bits;

        CompareAndExchangeTwice(Insn insn, int bits) {
            address = new Address(insn);
            this.bits = bits;
        }

        @Override
        public void exec(Cpu c) {
            int bytes = bits / 8;
            long at = address.of(c);
            if (bits == 64 && (at & 15) != 0) {
                throw c.raise(Fault.GP);
            }
            c.mmu.checkWrite(at, 2 * bytes);
            long low = Place.read(c, at, bits);
            long high = Place.read(c, at + bytes, bits);
            long mask = Address.mask(bits);
            boolean equal = low == (c.r[Cpu.RAX] & mask) && high == (c.r[Cpu.RDX] & mask);
            Place.write(c, at, bits, equal ? c.r[Cpu.RBX] : low);
            Place.write(c, at + bytes, bits, equal ? c.r[Cpu.RCX] : high);
            if (!equal) {
                c.r[Cpu.RAX] = low;
                c.r[Cpu.RDX] = high;
            }
            c.setZero(equal);
        }
    }
}
