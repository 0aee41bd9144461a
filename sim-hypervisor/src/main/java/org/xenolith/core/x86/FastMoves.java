package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;

/** The moves that are most frequent, an op for each shape: what {@link MoveOps} does for all. */
final class FastMoves {
    private FastMoves() {}

    /** The op of {@code mov}, {@code movzx}, {@code movsx}, {@code movsxd} or {@code lea}; null if there is none for its shape. */
    static Op of(Insn insn) {
        Operand to = insn.operand(0);
        Operand from = insn.operand(1);
        if (insn.semantics().equals("lea")) {
            return to.bits() == 64 ? new Lea64(insn) : to.bits() == 32 ? new Lea32(insn) : null;
        }
        boolean signed = !insn.semantics().equals("mov") && !insn.semantics().equals("movzx");
        if (to.kind() == Kind.GPR && to.bits() >= 32) {
            return switch (from.kind()) {
                case GPR -> register(insn, signed, from.bits());
                case MEMORY -> load(insn, signed, to.bits(), from.bits());
                case IMMEDIATE -> new Constant(insn);
                default -> null;
            };
        }
        if (to.kind() == Kind.MEMORY) {
            return switch (from.kind()) {
                case GPR -> store(insn, to.bits());
                case IMMEDIATE -> storeConstant(insn, to.bits());
                default -> null;
            };
        }
        return null;
    }

    private static Op register(Insn insn, boolean signed, int bits) {
        if (!signed) {
            return bits == 64 ? new Copy64(insn) : new CopyMasked(insn, -1L >>> 64 - bits);
        }
        return insn.operand(0).bits() == 64 ? new CopySigned(insn, 64 - bits) : null;
    }

    private static Op load(Insn insn, boolean signed, int bits, int from) {
        if (!signed || from == 64) {
            return switch (from) {
                case 8 -> new Load8(insn);
                case 16 -> new Load16(insn);
                case 32 -> new Load32(insn);
                default -> new Load64(insn);
            };
        }
        if (from == 32) {
            return bits == 64 ? new LoadSigned32(insn) : new Load32(insn);
        }
        long mask = bits == 64 ? -1 : 0xffffffffL;
        return from == 8 ? new LoadSigned8(insn, mask) : new LoadSigned16(insn, mask);
    }

    private static Op store(Insn insn, int bits) {
        return switch (bits) {
            case 8 -> new Store8(insn);
            case 16 -> new Store16(insn);
            case 32 -> new Store32(insn);
            default -> new Store64(insn);
        };
    }

    private static Op storeConstant(Insn insn, int bits) {
        return switch (bits) {
            case 8 -> new StoreConstant8(insn);
            case 32 -> new StoreConstant32(insn);
            case 64 -> new StoreConstant64(insn);
            default -> null;
        };
    }

    private static final class Copy64 extends Op {
        private final int to;
        private final int from;

        Copy64(Insn insn) {
            to = insn.operand(0).register();
            from = insn.operand(1).register();
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = c.r[from];
        }
    }

    private static final class CopyMasked extends Op {
        private final int to;
        private final int from;
        private final long mask;

        CopyMasked(Insn insn, long mask) {
            to = insn.operand(0).register();
            from = insn.operand(1).register();
            this.mask = mask;
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = c.r[from] & mask;
        }
    }

    private static final class CopySigned extends Op {
        private final int to;
        private final int from;
        private final int shift;

        CopySigned(Insn insn, int shift) {
            to = insn.operand(0).register();
            from = insn.operand(1).register();
            this.shift = shift;
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = c.r[from] << shift >> shift;
        }
    }

    private static final class Constant extends Op {
        private final int to;
        private final long value;

        Constant(Insn insn) {
            to = insn.operand(0).register();
            value = insn.operand(1).value() & -1L >>> 64 - insn.operand(0).bits();
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = value;
        }
    }

    private static final class Lea64 extends Op {
        private final int to;
        private final Address address;

        Lea64(Insn insn) {
            to = insn.operand(0).register();
            address = new Address(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = address.offset(c);
        }
    }

    private static final class Lea32 extends Op {
        private final int to;
        private final Address address;

        Lea32(Insn insn) {
            to = insn.operand(0).register();
            address = new Address(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.r[to] = address.offset(c) & 0xffffffffL;
        }
    }

    /** A register and a place in memory. */
    private abstract static class Access extends Op {
        final Address address;
        final int register;

        Access(Insn insn, int registerOperand) {
            address = new Address(insn);
            register = insn.operand(registerOperand).register();
        }
    }

    private static final class Load64 extends Access {
        Load64(Insn insn) {
            super(insn, 0);
        }

        @Override
        public void exec(Cpu c) {
            c.r[register] = c.mmu.read64(address.of(c));
        }
    }

    private static final class Load32 extends Access {
        Load32(Insn insn) {
            super(insn, 0);
        }

        @Override
        public void exec(Cpu c) {
            c.r[register] = c.mmu.read32(address.of(c)) & 0xffffffffL;
        }
    }

    private static final class Load16 extends Access {
        Load16(Insn insn) {
            super(insn, 0);
        }

        @Override
        public void exec(Cpu c) {
            c.r[register] = c.mmu.read16(address.of(c));
        }
    }

    private static final class Load8 extends Access {
        Load8(Insn insn) {
            super(insn, 0);
        }

        @Override
        public void exec(Cpu c) {
            c.r[register] = c.mmu.read8(address.of(c));
        }
    }

    private static final class LoadSigned32 extends Access {
        LoadSigned32(Insn insn) {
            super(insn, 0);
        }

        @Override
        public void exec(Cpu c) {
            c.r[register] = c.mmu.read32(address.of(c));
        }
    }

    private static final class LoadSigned16 extends Access {
        private final long mask;

        LoadSigned16(Insn insn, long mask) {
            super(insn, 0);
            this.mask = mask;
        }

        @Override
        public void exec(Cpu c) {
            c.r[register] = (short) c.mmu.read16(address.of(c)) & mask;
        }
    }

    private static final class LoadSigned8 extends Access {
        private final long mask;

        LoadSigned8(Insn insn, long mask) {
            super(insn, 0);
            this.mask = mask;
        }

        @Override
        public void exec(Cpu c) {
            c.r[register] = (byte) c.mmu.read8(address.of(c)) & mask;
        }
    }

    private static final class Store64 extends Access {
        Store64(Insn insn) {
            super(insn, 1);
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.write64(address.of(c), c.r[register]);
        }
    }

    private static final class Store32 extends Access {
        Store32(Insn insn) {
            super(insn, 1);
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.write32(address.of(c), (int) c.r[register]);
        }
    }

    private static final class Store16 extends Access {
        Store16(Insn insn) {
            super(insn, 1);
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.write16(address.of(c), (int) c.r[register]);
        }
    }

    private static final class Store8 extends Access {
        Store8(Insn insn) {
            super(insn, 1);
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.write8(address.of(c), (int) c.r[register]);
        }
    }

    /** A constant and a place in memory. */
    private abstract static class ConstantAccess extends Op {
        final Address address;
        final long value;

        ConstantAccess(Insn insn) {
            address = new Address(insn);
            value = insn.operand(1).value();
        }
    }

    private static final class StoreConstant64 extends ConstantAccess {
        StoreConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.write64(address.of(c), value);
        }
    }

    private static final class StoreConstant32 extends ConstantAccess {
        StoreConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.write32(address.of(c), (int) value);
        }
    }

    private static final class StoreConstant8 extends ConstantAccess {
        StoreConstant8(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.mmu.write8(address.of(c), (int) value);
        }
    }
}
