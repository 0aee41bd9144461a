package org.xenolith.core.x86;

import org.xenolith.core.x86.FastShapes.MemoryAndConstant;
import org.xenolith.core.x86.FastShapes.MemoryAndRegister;
import org.xenolith.core.x86.FastShapes.RegisterAndConstant;
import org.xenolith.core.x86.FastShapes.RegisterAndMemory;
import org.xenolith.core.x86.FastShapes.TwoRegisters;

/** The additions, subtractions and comparisons that are most frequent, an op for each shape: what {@link ArithmeticOps} does for all. */
final class FastArithmetic {
    private FastArithmetic() {}

    static void define(FastShapes s) {
        s.define("add r r 64", AddRegisters64::new);
        s.define("add r r 32", AddRegisters32::new);
        s.define("add r i 64", AddConstant64::new);
        s.define("add r i 32", AddConstant32::new);
        s.define("add r m 64", AddLoad64::new);
        s.define("add r m 32", AddLoad32::new);
        s.define("sub r r 64", SubtractRegisters64::new);
        s.define("sub r r 32", SubtractRegisters32::new);
        s.define("sub r i 64", SubtractConstant64::new);
        s.define("sub r i 32", SubtractConstant32::new);
        s.define("sub r m 64", SubtractLoad64::new);
        s.define("sub r m 32", SubtractLoad32::new);
        s.define("cmp r r 64", CompareRegisters64::new);
        s.define("cmp r r 32", CompareRegisters32::new);
        s.define("cmp r i 64", CompareConstant64::new);
        s.define("cmp r i 32", CompareConstant32::new);
        s.define("cmp r m 64", CompareLoad64::new);
        s.define("cmp r m 32", CompareLoad32::new);
        s.define("cmp m i 64", CompareMemoryConstant64::new);
        s.define("cmp m r 64", CompareMemoryRegister64::new);
        s.define("cmp m i 32", CompareMemoryConstant32::new);
        s.define("cmp m r 32", CompareMemoryRegister32::new);
        s.define("cmp m i 8", CompareMemoryConstant8::new);
    }

    private static final class AddRegisters64 extends TwoRegisters {
        AddRegisters64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = c.r[from];
            long a = c.r[to];
            long result = a + b;
            c.r[to] = result;
            c.setSumFlags(a, b, result);
        }
    }

    private static final class SubtractRegisters64 extends TwoRegisters {
        SubtractRegisters64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = c.r[from];
            long a = c.r[to];
            long result = a - b;
            c.r[to] = result;
            c.setDifferenceFlags(a, b, result);
        }
    }

    private static final class CompareRegisters64 extends TwoRegisters {
        CompareRegisters64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = c.r[from];
            long a = c.r[to];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class AddRegisters32 extends TwoRegisters {
        AddRegisters32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = (int) c.r[from];
            int a = (int) c.r[to];
            int result = a + b;
            c.r[to] = result & 0xffffffffL;
            c.setSumFlags(a, b, result);
        }
    }

    private static final class SubtractRegisters32 extends TwoRegisters {
        SubtractRegisters32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = (int) c.r[from];
            int a = (int) c.r[to];
            int result = a - b;
            c.r[to] = result & 0xffffffffL;
            c.setDifferenceFlags(a, b, result);
        }
    }

    private static final class CompareRegisters32 extends TwoRegisters {
        CompareRegisters32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = (int) c.r[from];
            int a = (int) c.r[to];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class AddConstant64 extends RegisterAndConstant {
        AddConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = constant;
            long a = c.r[to];
            long result = a + b;
            c.r[to] = result;
            c.setSumFlags(a, b, result);
        }
    }

    private static final class SubtractConstant64 extends RegisterAndConstant {
        SubtractConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = constant;
            long a = c.r[to];
            long result = a - b;
            c.r[to] = result;
            c.setDifferenceFlags(a, b, result);
        }
    }

    private static final class CompareConstant64 extends RegisterAndConstant {
        CompareConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = constant;
            long a = c.r[to];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class AddConstant32 extends RegisterAndConstant {
        AddConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = (int) constant;
            int a = (int) c.r[to];
            int result = a + b;
            c.r[to] = result & 0xffffffffL;
            c.setSumFlags(a, b, result);
        }
    }

    private static final class SubtractConstant32 extends RegisterAndConstant {
        SubtractConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = (int) constant;
            int a = (int) c.r[to];
            int result = a - b;
            c.r[to] = result & 0xffffffffL;
            c.setDifferenceFlags(a, b, result);
        }
    }

    private static final class CompareConstant32 extends RegisterAndConstant {
        CompareConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = (int) constant;
            int a = (int) c.r[to];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class AddLoad64 extends RegisterAndMemory {
        AddLoad64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = c.mmu.read64(address.of(c));
            long a = c.r[to];
            long result = a + b;
            c.r[to] = result;
            c.setSumFlags(a, b, result);
        }
    }

    private static final class SubtractLoad64 extends RegisterAndMemory {
        SubtractLoad64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = c.mmu.read64(address.of(c));
            long a = c.r[to];
            long result = a - b;
            c.r[to] = result;
            c.setDifferenceFlags(a, b, result);
        }
    }

    private static final class CompareLoad64 extends RegisterAndMemory {
        CompareLoad64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long b = c.mmu.read64(address.of(c));
            long a = c.r[to];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class AddLoad32 extends RegisterAndMemory {
        AddLoad32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = c.mmu.read32(address.of(c));
            int a = (int) c.r[to];
            int result = a + b;
            c.r[to] = result & 0xffffffffL;
            c.setSumFlags(a, b, result);
        }
    }

    private static final class SubtractLoad32 extends RegisterAndMemory {
        SubtractLoad32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = c.mmu.read32(address.of(c));
            int a = (int) c.r[to];
            int result = a - b;
            c.r[to] = result & 0xffffffffL;
            c.setDifferenceFlags(a, b, result);
        }
    }

    private static final class CompareLoad32 extends RegisterAndMemory {
        CompareLoad32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int b = c.mmu.read32(address.of(c));
            int a = (int) c.r[to];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class CompareMemoryConstant64 extends MemoryAndConstant {
        CompareMemoryConstant64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long a = c.mmu.read64(address.of(c));
            long b = constant;
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class CompareMemoryRegister64 extends MemoryAndRegister {
        CompareMemoryRegister64(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long a = c.mmu.read64(address.of(c));
            long b = c.r[from];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class CompareMemoryConstant32 extends MemoryAndConstant {
        CompareMemoryConstant32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int a = c.mmu.read32(address.of(c));
            int b = (int) constant;
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class CompareMemoryRegister32 extends MemoryAndRegister {
        CompareMemoryRegister32(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            int a = c.mmu.read32(address.of(c));
            int b = (int) c.r[from];
            c.setDifferenceFlags(a, b, a - b);
        }
    }

    private static final class CompareMemoryConstant8 extends MemoryAndConstant {
        CompareMemoryConstant8(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            ArithmeticOps.compare(c, (long) c.mmu.read8(address.of(c)) << 56, constant << 56, 56);
        }
    }
}
