package org.xenolith.core.x86;

import org.xenolith.core.x86.FastShapes.MemoryAndConstant;
import org.xenolith.core.x86.FastShapes.RegisterAndConstant;
import org.xenolith.core.x86.FastShapes.RegisterAndMemory;
import org.xenolith.core.x86.FastShapes.TwoRegisters;

/** The bitwise logic that is most frequent, an op for each shape: what {@link LogicOps} does for all. */
final class FastLogic {
    private FastLogic() {}

    static void define(FastShapes s) {
        s.define("and r r 64", AndRegisters64::new);
        s.define("and r r 32", AndRegisters32::new);
        s.define("and r i 64", AndConstant64::new);
        s.define("and r i 32", AndConstant32::new);
        s.define("and r m 64", AndLoad64::new);
        s.define("and r m 32", AndLoad32::new);
        s.define("or r r 64", OrRegisters64::new);
        s.define("or r r 32", OrRegisters32::new);
        s.define("or r i 64", OrConstant64::new);
        s.define("or r i 32", OrConstant32::new);
        s.define("or r m 64", OrLoad64::new);
        s.define("or r m 32", OrLoad32::new);
        s.define("xor r r 64", XorRegisters64::new);
        s.define("xor r r 32", XorRegisters32::new);
        s.define("xor r i 64", XorConstant64::new);
        s.define("xor r i 32", XorConstant32::new);
        s.define("xor r m 64", XorLoad64::new);
        s.define("xor r m 32", XorLoad32::new);
        s.define("test r r 64", TestRegisters64::new);
        s.define("test r r 32", TestRegisters32::new);
        s.define("test r i 64", TestConstant64::new);
        s.define("test r i 32", TestConstant32::new);
        s.define("test r r 8", TestRegisters8::new);
        s.define("test r i 8", TestConstant8::new);
        s.define("test m i 8", TestMemoryConstant8::new);
        s.define("test m i 32", TestMemoryConstant32::new);
    }

    private static final class AndRegisters64 extends TwoRegisters {
        AndRegisters64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] & c.r[from];
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class AndRegisters32 extends TwoRegisters {
        AndRegisters32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] & c.r[from]);
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class AndConstant64 extends RegisterAndConstant {
        AndConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] & constant;
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class AndConstant32 extends RegisterAndConstant {
        AndConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] & constant);
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class AndLoad64 extends RegisterAndMemory {
        AndLoad64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] & c.mmu.read64(address.of(c));
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class AndLoad32 extends RegisterAndMemory {
        AndLoad32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] & c.mmu.read32(address.of(c)));
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class OrRegisters64 extends TwoRegisters {
        OrRegisters64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] | c.r[from];
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class OrRegisters32 extends TwoRegisters {
        OrRegisters32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] | c.r[from]);
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class OrConstant64 extends RegisterAndConstant {
        OrConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] | constant;
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class OrConstant32 extends RegisterAndConstant {
        OrConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] | constant);
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class OrLoad64 extends RegisterAndMemory {
        OrLoad64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] | c.mmu.read64(address.of(c));
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class OrLoad32 extends RegisterAndMemory {
        OrLoad32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] | c.mmu.read32(address.of(c)));
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class XorRegisters64 extends TwoRegisters {
        XorRegisters64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] ^ c.r[from];
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class XorRegisters32 extends TwoRegisters {
        XorRegisters32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] ^ c.r[from]);
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class XorConstant64 extends RegisterAndConstant {
        XorConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] ^ constant;
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class XorConstant32 extends RegisterAndConstant {
        XorConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] ^ constant);
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class XorLoad64 extends RegisterAndMemory {
        XorLoad64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long result = c.r[to] ^ c.mmu.read64(address.of(c));
            c.r[to] = result;
            c.setFlags(result, 0);
        }
    }

    private static final class XorLoad32 extends RegisterAndMemory {
        XorLoad32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] ^ c.mmu.read32(address.of(c)));
            c.r[to] = result & 0xffffffffL;
            c.setFlags(result, 0);
        }
    }

    private static final class TestRegisters64 extends TwoRegisters {
        TestRegisters64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.setFlags(c.r[to] & c.r[from], 0);
        }
    }

    private static final class TestRegisters32 extends TwoRegisters {
        TestRegisters32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] & c.r[from]);
            c.setFlags(result, 0);
        }
    }

    private static final class TestConstant64 extends RegisterAndConstant {
        TestConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.setFlags(c.r[to] & constant, 0);
        }
    }

    private static final class TestConstant32 extends RegisterAndConstant {
        TestConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.r[to] & constant);
            c.setFlags(result, 0);
        }
    }

    private static final class TestRegisters8 extends TwoRegisters {
        TestRegisters8(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.setFlags((byte) (c.r[to] & c.r[from]), 0);
        }
    }

    private static final class TestConstant8 extends RegisterAndConstant {
        TestConstant8(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.setFlags((byte) (c.r[to] & constant), 0);
        }
    }

    private static final class TestMemoryConstant8 extends MemoryAndConstant {
        TestMemoryConstant8(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            c.setFlags((byte) (c.mmu.read8(address.of(c)) & constant), 0);
        }
    }

    private static final class TestMemoryConstant32 extends MemoryAndConstant {
        TestMemoryConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int result = (int) (c.mmu.read32(address.of(c)) & constant);
            c.setFlags(result, 0);
        }
    }
}
