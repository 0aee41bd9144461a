package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;

/** Moves, conversions and what only touches single flags. Moves to and from system registers are the system's. */
final class MoveOps {
    private MoveOps() {}

    static void define(Semantics s) {
        s.define("mov", insn -> {
            for (Insn.Operand o : insn.operands()) {
                String system =
                        switch (o.kind()) {
                            case SEGMENT -> "mov_segment";
                            case CONTROL -> "mov_control";
                            case DEBUG -> "mov_debug";
                            default -> null;
                        };
                if (system != null) {
                    return s.named(system, insn);
                }
            }
            return new Move(insn, false);
        });
        s.define("movzx", insn -> new Move(insn, false));
        s.define("movsx", insn -> new Move(insn, true));
        s.define("movsxd", insn -> new Move(insn, true));
        s.define("lea", Lea::new);
        s.define("cmovcc", ConditionalMove::new);
        s.define("setcc", SetOnCondition::new);
        s.define("cbw", Widen::new);
        s.define("cwd", SignIntoData::new);
        s.define("xlat", Translate::new);
        s.define("lahf", insn -> new LoadFlags());
        s.define("sahf", insn -> new StoreFlags());
        s.define("clc", insn -> new Carry(false, false));
        s.define("stc", insn -> new Carry(true, false));
        s.define("cmc", insn -> new Carry(false, true));
        s.define("cld", insn -> new Direction(false));
        s.define("std", insn -> new Direction(true));
        for (String nothing : new String[] {"nop", "pause", "endbr", "mfence", "lfence", "sfence", "prefetch"}) {
            s.define(nothing, insn -> Nothing.INSTANCE);
        }
        s.define("clflush", Touch::new);
    }

    /** Carries nothing out. */
    private static final class Nothing extends Op {
        static final Nothing INSTANCE = new Nothing();

        @Override
        public void exec(Cpu c) {
            // there is nothing to do
        }
    }

    /** Copies, or zero-extends, or sign-extends. */
    private static final class Move extends Op {
        private final Place to;
        private final Place from;
        private final boolean signed;

        Move(Insn insn, boolean signed) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            this.signed = signed;
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, signed ? from.signed(c) : from.get(c));
        }
    }

    private static final class Lea extends Op {
        private final Place to;
        private final Address address;

        Lea(Insn insn) {
            to = Place.of(insn, 0);
            address = new Address(insn);
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, address.offset(c));
        }
    }

    /** Reads its source in any case, and writes a 32-bit register in any case. */
    private static final class ConditionalMove extends Op {
        private final Place to;
        private final Place from;
        private final int condition;

        ConditionalMove(Insn insn) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            condition = insn.condition();
        }

        @Override
        public void exec(Cpu c) {
            long value = from.get(c);
            to.set(c, c.condition(condition) ? value : to.get(c));
        }
    }

    private static final class SetOnCondition extends Op {
        private final Place to;
        private final int condition;

        SetOnCondition(Insn insn) {
            to = Place.of(insn, 0);
            condition = insn.condition();
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, c.condition(condition) ? 1 : 0);
        }
    }

    /** cbw, cwde, cdqe. */
    private static final class Widen extends Op {
        private final Place from;
        private final Place to;

        Widen(Insn insn) {
            from = Place.register(Cpu.RAX, insn.operandBits() / 2);
            to = Place.register(Cpu.RAX, insn.operandBits());
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, from.signed(c));
        }
    }

    /** cwd, cdq, cqo. */
    private static final class SignIntoData extends Op {
        private final Place from;
        private final Place to;

        SignIntoData(Insn insn) {
            from = Place.register(Cpu.RAX, insn.operandBits());
            to = Place.register(Cpu.RDX, insn.operandBits());
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, from.signed(c) >> 63);
        }
    }

    /** al becomes the byte at rbx + al. */
    private static final class Translate extends Op {
        private final int segment;
        private final long offsetMask;
        private final long linearMask;

        Translate(Insn insn) {
            segment = insn.memory() == null ? Cpu.DS : insn.memory().segment();
            offsetMask = Address.mask(insn.addressBits());
            linearMask = Address.linearMask(insn.mode());
        }

        @Override
        public void exec(Cpu c) {
            long offset = c.r[Cpu.RBX] + (c.r[Cpu.RAX] & 0xff) & offsetMask;
            int value = c.mmu.read8(c.segmentBase[segment] + offset & linearMask) & 0xff;
            c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xffL | value;
        }
    }

    /** lahf: SF, ZF, AF, PF, 1, CF into ah. */
    private static final class LoadFlags extends Op {
        @Override
        public void exec(Cpu c) {
            c.r[Cpu.RAX] = c.r[Cpu.RAX] & ~0xff00L | (c.status() & 0xd5 | 2) << 8;
        }
    }

    /** sahf. */
    private static final class StoreFlags extends Op {
        @Override
        public void exec(Cpu c) {
            c.setStatus(c.r[Cpu.RAX] >>> 8 & 0xd5 | (c.of() ? Cpu.OF : 0));
        }
    }

    private static final class Carry extends Op {
        private final boolean value;
        private final boolean complement;

        Carry(boolean value, boolean complement) {
            this.value = value;
            this.complement = complement;
        }

        @Override
        public void exec(Cpu c) {
            c.setCarry(complement ? !c.cf() : value);
        }
    }

    private static final class Direction extends Op {
        private final boolean down;

        Direction(boolean down) {
            this.down = down;
        }

        @Override
        public void exec(Cpu c) {
            c.otherFlags = down ? c.otherFlags | Cpu.DF : c.otherFlags & ~Cpu.DF;
        }
    }

    /** clflush: faults as a read of a byte would. */
    private static final class Touch extends Op {
        private final Address address;

        Touch(Insn insn) {
            address = insn.operand(0).kind() == Kind.MEMORY ? new Address(insn) : null;
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.read8(address.of(c));
        }
    }
}
