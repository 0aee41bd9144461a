package org.xenolith.core.x86;

import java.util.HexFormat;
import org.xenolith.machine.MachineMemory;

/** A few instructions on a core of their own: code at {@link #CODE}, data where the test wants, no paging. */
final class Snippet {
    /** Where code lies: at a page's begin. */
    static final int CODE = 0x10000;

    /** A page of data. */
    static final int DATA = 0x20000;

    /** Top of the stack. */
    static final int STACK = 0x30000;

    final MachineMemory memory = new MachineMemory(256);
    final Cpu cpu = new Cpu(memory, PhysicalMap.identity(256), true);

    /** A core about to execute {@code code}, hexadecimal bytes with blanks as one likes, in {@code mode}, at CPL 0 with flat segments. */
    Snippet(Insn.Mode mode, String... code) {
        cpu.mode = mode;
        cpu.mmu.select();
        cpu.rip = CODE;
        cpu.r[Cpu.RSP] = STACK;
        cpu.system.segmentAttributes[Cpu.SS] = mode == Insn.Mode.BITS_16 ? 0 : 1 << 14;
        put(CODE, code);
    }

    /** In 64-bit mode. */
    static Snippet of(String... code) {
        return new Snippet(Insn.Mode.BITS_64, code);
    }

    /** The same core about to execute other code. */
    Snippet again(String... code) {
        cpu.rip = CODE;
        return put(CODE, code);
    }

    /** Writes bytes, hexadecimal, at {@code address}. */
    Snippet put(int address, String... code) {
        byte[] bytes = HexFormat.of().parseHex(String.join("", code).replace(" ", ""));
        memory.write(address, bytes, 0, bytes.length);
        return this;
    }

    /** Sets register {@code number}. */
    Snippet with(int number, long value) {
        cpu.r[number] = value;
        return this;
    }

    /** Executes {@code instructions} instructions; it must not stop before. */
    Snippet run(long instructions) {
        long executed = cpu.run(instructions);
        if (executed != instructions || cpu.exit.reason != CpuExit.Reason.BUDGET) {
            throw new AssertionError("stopped with " + cpu.exit.reason + " (" + cpu.exit.number + ") after " + executed
                    + " instructions at " + Long.toHexString(cpu.rip));
        }
        return this;
    }

    /** Value of register {@code number}. */
    long r(int number) {
        return cpu.r[number];
    }
}
