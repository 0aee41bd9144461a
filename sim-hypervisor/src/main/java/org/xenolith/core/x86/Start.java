package org.xenolith.core.x86;

import java.util.Arrays;

/** The states in which a core begins. */
final class Start {
    private static final long ET = 1 << 4;
    private static final long LONG_CODE = Segments.FLAT_CODE & ~(1L << 54) | 1L << 53;
    private static final long LEVEL_3 = 3L << 45;
    private static final long REAL_CODE = 0x00009b000000ffffL;
    private static final long REAL_DATA = 0x000093000000ffffL;

    private Start() {}

    /** All but general registers, as after a reset; memory is left as it is. */
    private static void reset(Cpu c) {
        SystemState s = c.system;
        s.cr0 = ET;
        s.cr2 = 0;
        s.cr3 = 0;
        s.cr4 = 0;
        s.cr8 = 0;
        s.efer = 0;
        s.gdtBase = 0;
        s.gdtLimit = 0xffff;
        s.idtBase = 0;
        s.idtLimit = 0xffff;
        s.ldtSelector = 0;
        s.ldtBase = 0;
        s.ldtLimit = 0;
        s.taskSelector = 0;
        s.taskBase = 0;
        s.taskLimit = 0;
        s.taskType = 11;
        s.kernelGsBase = 0;
        s.star = 0;
        s.lstar = 0;
        s.cstar = 0;
        s.sfmask = 0;
        Arrays.fill(s.sysenter, 0);
        Arrays.fill(s.debug, 0);
        s.debug[6] = 0xffff0ff0L;
        s.debug[7] = 0x400;
        c.cpl = 0;
        c.mode = Insn.Mode.BITS_16;
        c.setRflags(0);
        c.interrupts.reset();
        c.mmu.io.clear();
        c.mmu.flush();
    }

    private static void data(Cpu c, int selector, long descriptor) {
        for (int segment = Cpu.ES; segment <= Cpu.GS; segment++) {
            if (segment != Cpu.CS) {
                c.segments.set(segment, selector, descriptor);
            }
        }
    }

    static void protected32(Cpu c, long eip) {
        reset(c);
        c.system.cr0 |= 1;
        data(c, 0x10, Segments.FLAT_DATA);
        c.segments.setCode(8, Segments.FLAT_CODE, 0);
        c.rip = eip;
    }

    static void realMode(Cpu c, int segment) {
        reset(c);
        data(c, 0, REAL_DATA);
        c.segments.set(Cpu.CS, segment, REAL_CODE | (long) segment << 20);
        c.segments.update();
        c.rip = 0;
    }

    static void pv(Cpu c, long rip, long rsp, long cr3) {
        reset(c);
        SystemState s = c.system;
        s.cr0 = 0x80050033L; // PG AM WP NE ET MP PE
        s.cr3 = cr3;
        s.cr4 = 0x678; // DE PSE PAE MCE OSFXSR OSXMMEXCPT
        s.efer = Control.EFER_SCE | 1 << 8 | PageWalk.EFER_LMA | PageWalk.EFER_NXE;
        data(c, 0, 0);
        c.segments.setCode(0xe033, LONG_CODE | LEVEL_3, 3);
        c.segments.set(Cpu.SS, 0xe02b, Segments.FLAT_DATA | LEVEL_3);
        c.setRflags(Cpu.IF);
        c.rip = rip;
        c.r[Cpu.RSP] = rsp;
    }
}
