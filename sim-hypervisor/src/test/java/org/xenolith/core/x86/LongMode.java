package org.xenolith.core.x86;

import java.util.HexFormat;
import org.xenolith.machine.MachineMemory;

/** A core in long mode with everything that interrupts need: descriptor tables, a TSS, stacks, and an identity map of its memory. */
final class LongMode {
    static final int CODE = 0x1000;
    static final int USER_CODE = 0x2000;
    static final int STACK = 0x9000;
    static final int USER_STACK = 0xa000;
    static final int STACK_0 = 0xb000; // rsp0 of the TSS
    static final int STACK_IST = 0xc000; // IST 1
    static final int GDT = 0x4000;
    static final int IDT = 0x5000;
    static final int TSS = 0x6000;
    static final int TOP = 0x7000; // page tables
    static final int HANDLERS = 0x10000; // handler of vector v at + 16 v

    static final int KERNEL_CS = 0x08;
    static final int KERNEL_SS = 0x10;
    static final int USER_CS = 0x1b;
    static final int USER_SS = 0x23;

    private static final long CODE_64 = 0x00af9b000000ffffL;
    private static final long DATA = 0x00cf93000000ffffL;
    private static final long LEVEL_3 = 3L << 45;
    private static final int FRAMES = 256;

    final MachineMemory memory = new MachineMemory(FRAMES);
    final Cpu cpu;

    LongMode() {
        this(null);
    }

    LongMode(CoreObserver observer) {
        cpu = new Cpu(memory, PhysicalMap.identity(FRAMES), false, observer);
        memory.put64(GDT + 8, CODE_64);
        memory.put64(GDT + 16, DATA);
        memory.put64(GDT + 24, CODE_64 | LEVEL_3);
        memory.put64(GDT + 32, DATA | LEVEL_3);
        memory.put64(TSS + 4, STACK_0);
        memory.put64(TSS + 36, STACK_IST);
        memory.put64(TOP, TOP + 0x1000 | 7);
        memory.put64(TOP + 0x1000, 0x87);
        for (int vector = 0; vector < 64; vector++) {
            gate(vector, KERNEL_CS, HANDLERS + 16 * vector, 0x8e00);
        }
        cpu.startProtected32(0);
        SystemState s = cpu.system;
        s.gdtBase = GDT;
        s.gdtLimit = 39;
        s.idtBase = IDT;
        s.idtLimit = 16 * 64 - 1;
        s.taskBase = TSS;
        s.taskLimit = 0x67;
        s.taskSelector = 0x28;
        s.cr3 = TOP;
        s.cr4 = PageWalk.CR4_PAE;
        s.efer = 0xd01;
        s.cr0 = 0x80010033L;
        cpu.segments.setCode(KERNEL_CS, CODE_64, 0);
        cpu.segments.set(Cpu.SS, KERNEL_SS, DATA);
        cpu.rip = CODE;
        cpu.r[Cpu.RSP] = STACK;
    }

    /** Fills gate {@code vector}; {@code type} is the second half of its second word: 8e00 plus privilege and IST. */
    void gate(int vector, int selector, int offset, int type) {
        memory.put64(
                IDT + vector * 16,
                offset & 0xffffL | (long) selector << 16 | (long) type << 32 | (offset & 0xffff0000L) << 32);
        memory.put64(IDT + vector * 16 + 8, 0);
    }

    /** Goes on at {@link #USER_CODE} with privilege 3. */
    LongMode user() {
        cpu.segments.setCode(USER_CS, CODE_64 | LEVEL_3, 3);
        cpu.segments.set(Cpu.SS, USER_SS, DATA | LEVEL_3);
        cpu.rip = USER_CODE;
        cpu.r[Cpu.RSP] = USER_STACK;
        return this;
    }

    /** Writes code or data, hexadecimal. */
    LongMode put(int address, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        memory.write(address, bytes, 0, bytes.length);
        return this;
    }

    /** The interrupt frame of 64-bit values at rsp, from the top of the stack down: as many as asked for. */
    long[] frame(int count) {
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            values[i] = memory.get64((int) cpu.r[Cpu.RSP] + 8 * i);
        }
        return values;
    }
}
