package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Operand;

/** Ports: who may use which, and the stops of the run at which the embedder carries the access out. */
final class PortOps {
    private static final int IO_MAP = 102; // where the TSS says where its bitmap is

    private PortOps() {}

    static void define(Semantics s) {
        s.define("in", PortOps::in);
        s.define("out", PortOps::out);
        s.define("ins", insn -> new Text(insn, true));
        s.define("outs", insn -> new Text(insn, false));
    }

    /** #GP unless the program may use {@code bytes} ports from {@code port}. */
    private static void check(Cpu c, int port, int bytes) {
        if (c.transfer.interruptFlagOpen()) {
            return;
        }
        SystemState s = c.system;
        boolean hasMap = (s.taskType & 8) != 0 && Integer.compareUnsigned(s.taskLimit, IO_MAP + 1) >= 0;
        if (hasMap) {
            int map = (int) c.segments.readSystem64(s.taskBase + IO_MAP) & 0xffff;
            int at = map + port / 8;
            if (Integer.compareUnsigned(at + 1, s.taskLimit) <= 0) {
                int bits = (int) c.segments.readSystem64(s.taskBase + at) & 0xffff;
                if ((bits >>> (port & 7) & (1 << bytes) - 1) == 0) {
                    return;
                }
            }
        }
        throw c.raise(Fault.GP);
    }

    private static void stop(Cpu c, CpuExit.Reason reason, int port, int bytes, long value) {
        c.exit.number = port;
        c.exit.size = bytes;
        c.exit.value = value;
        c.stop(reason);
    }

    private static int port(Cpu c, Operand o) {
        return (int) (o.kind() == Insn.Kind.IMMEDIATE ? o.value() & 0xff : c.r[Cpu.RDX] & 0xffff);
    }

    private static Op in(Insn insn) {
        int bytes = insn.operand(0).bits() / 8;
        Operand port = insn.operand(1);
        return Rare.last(insn, c -> {
            int number = port(c, port);
            check(c, number, bytes);
            stop(c, CpuExit.Reason.IN, number, bytes, 0);
            c.input = Input.TO_REGISTER;
        });
    }

    private static Op out(Insn insn) {
        Operand port = insn.operand(0);
        Place from = Place.of(insn, 1);
        return Rare.last(insn, c -> {
            int number = port(c, port);
            check(c, number, from.bits / 8);
            stop(c, CpuExit.Reason.OUT, number, from.bits / 8, from.get(c));
        });
    }

    /** Where the value of an {@link CpuExit.Reason#IN} goes. */
    enum Input {
        TO_REGISTER,
        TO_MEMORY
    }

    /** Finishes the {@code in} or {@code ins} that stopped the run. */
    static void complete(Cpu c, long value) {
        int bits = c.exit.size * 8;
        if (c.input == Input.TO_REGISTER) {
            Place.register(Cpu.RAX, bits).set(c, value);
            return;
        }
        c.mmu.io.forbid();
        try {
            Place.write(c, c.inputAddress, bits, value);
        } catch (Fault fault) {
            // The page was writable when the instruction was executed; the embedder has taken it away since, and the
            // value with it.
        } finally {
            c.mmu.select();
        }
    }

    /** {@code ins} and {@code outs}: each repetition stops the run. */
    private static final class Text extends Op {
        private final Insn insn;
        private final boolean in;
        private final int bytes;
        private final boolean repeats;
        private final int segment;
        private final long mask;
        private final long next;

        Text(Insn insn, boolean in) {
            this.insn = insn;
            this.in = in;
            this.bytes = Math.min(4, bits(insn) / 8);
            this.repeats = insn.has(Insn.PREFIX_REP) || insn.has(Insn.PREFIX_REPNE);
            this.segment =
                    in ? Cpu.ES : insn.memory() == null ? Cpu.DS : insn.memory().segment();
            this.mask = Address.mask(insn.addressBits());
            this.next = Rare.next(insn);
        }

        private static int bits(Insn insn) {
            return insn.operands().isEmpty() ? insn.operandBits() : width(insn);
        }

        private static int width(Insn insn) {
            for (Operand o : insn.operands()) {
                if (o.kind() == Insn.Kind.MEMORY) {
                    return o.bits();
                }
            }
            return insn.operandBits();
        }

        @Override
        public void exec(Cpu c) {
            if (repeats && (c.r[Cpu.RCX] & mask) == 0) {
                c.rip = next;
                return;
            }
            int pointer = in ? Cpu.RDI : Cpu.RSI;
            int port = (int) c.r[Cpu.RDX] & 0xffff;
            check(c, port, bytes);
            long linear = c.segmentBase[segment] + (c.r[pointer] & mask) & Address.linearMask(insn.mode());
            if (in) {
                c.mmu.checkWrite(linear, bytes);
                stop(c, CpuExit.Reason.IN, port, bytes, 0);
                c.input = Input.TO_MEMORY;
                c.inputAddress = linear;
            } else {
                stop(c, CpuExit.Reason.OUT, port, bytes, Place.read(c, linear, bytes * 8));
            }
            set(c, pointer, c.r[pointer] + (c.df() ? -bytes : bytes));
            boolean more = false;
            if (repeats) {
                set(c, Cpu.RCX, c.r[Cpu.RCX] - 1);
                more = (c.r[Cpu.RCX] & mask) != 0;
            }
            c.rip = more ? insn.address() : next;
        }

        private void set(Cpu c, int register, long value) {
            Place.register(register, insn.addressBits()).set(c, value);
        }

        @Override
        public boolean ends() {
            return true;
        }

        @Override
        public boolean alone() {
            return true;
        }
    }
}
