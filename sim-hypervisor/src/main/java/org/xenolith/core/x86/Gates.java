package org.xenolith.core.x86;

/**
 * Entry into handlers through the IDT in protected and long mode, and through real mode's vectors (Intel SDM volume 3, chapter 6). All
 * checks come before the first change, so an entry that faults leaves the core as it was.
 */
final class Gates {
    /** Kind of event: {@code int n}, {@code int3} or {@code into}, for which the gate's privilege counts. */
    static final int SOFTWARE = 0;

    /** Kind of event: any other. It is bit 0 of the error codes that it leads to. */
    static final int EXTERNAL = 1;

    /** RFLAGS.RF, which the frame of a fault has set. */
    static final long RESUME = 1 << 16;

    private static final long NT = 1 << 14;
    private static final long VM = 1 << 17;
    private static final int INTERRUPT_16 = 6;
    private static final int TRAP_16 = 7;
    private static final int INTERRUPT_32 = 14;
    private static final int TRAP_32 = 15;

    private final Cpu c;

    Gates(Cpu c) {
        this.c = c;
    }

    /**
     * Enters the handler of {@code vector}.
     *
     * @param errorCode to be pushed, or -1
     * @param event {@link #SOFTWARE} or {@link #EXTERNAL}
     * @param rip where the handler returns to
     * @param resume {@link #RESUME} or 0, for the pushed flags
     */
    void enter(int vector, int errorCode, int event, long rip, long resume) {
        if (!c.segments.protectedMode()) {
            enterReal(vector, rip);
        } else if (c.segments.longMode()) {
            enterLong(vector, errorCode, event, rip, resume);
        } else {
            enterProtected(vector, errorCode, event, rip, resume);
        }
    }

    private void enterReal(int vector, long rip) {
        if (vector * 4 + 3 > c.system.idtLimit) {
            throw c.raise(Fault.GP);
        }
        int entry = (int) c.segments.readSystem64(c.system.idtBase + vector * 4L);
        long sp = c.r[Cpu.RSP];
        c.mmu.io.forbid();
        try {
            long[] frame = {c.rflags(), c.selector[Cpu.CS], rip};
            for (int i = 1; i <= 3; i++) {
                c.mmu.checkWrite(stack(sp - 2L * i), 2);
            }
            for (int i = 1; i <= 3; i++) {
                c.mmu.write16(stack(sp - 2L * i), (int) frame[i - 1]);
            }
        } finally {
            c.mmu.select();
        }
        moveStack(sp - 6);
        c.otherFlags &= ~(Cpu.IF | Cpu.TF | Cpu.AC);
        c.segments.setReal(Cpu.CS, entry >>> 16);
        c.rip = entry & 0xffff;
        c.segments.update();
    }

    private void moveStack(long rsp) {
        StackOps.setRsp(c, rsp, StackOps.mask(c));
    }

    private long stack(long rsp) {
        return StackOps.linear(c, rsp, StackOps.mask(c));
    }

    private long gate(int vector, int size, int external) {
        int offset = vector * size;
        if (Integer.compareUnsigned(offset + size - 1, c.system.idtLimit) > 0) {
            throw c.raise(Fault.GP, vector * 8 + 2 | external);
        }
        return c.segments.readSystem64(c.system.idtBase + offset);
    }

    private void checkGate(long gate, int vector, int event, boolean known) {
        boolean closed = event == SOFTWARE && Segments.dpl(gate) < c.cpl;
        if (!known || closed) {
            throw c.raise(Fault.GP, vector * 8 + 2 | event);
        }
        if (!Segments.present(gate)) {
            throw c.raise(Fault.NP, vector * 8 + 2 | event);
        }
    }

    /** The descriptor of the handler's code segment. */
    private long target(int selector, int external) {
        if (Segments.isNull(selector)) {
            throw c.raise(Fault.GP, external);
        }
        long code = c.segments.tables.read(selector);
        if (!Segments.code(code) || Segments.dpl(code) > c.cpl) {
            throw c.raise(Fault.GP, selector & 0xfffc | external);
        }
        if (!Segments.present(code)) {
            throw c.raise(Fault.NP, selector & 0xfffc | external);
        }
        return code;
    }

    private void clearFlags(boolean interruptGate) {
        c.otherFlags &= ~(Cpu.TF | NT | VM | RESUME | (interruptGate ? Cpu.IF : 0));
    }

    // ----------------------------------------------------------------------------------------------------- long mode

    private void enterLong(int vector, int errorCode, int event, long rip, long resume) {
        long gate = gate(vector, 16, event);
        int type = Segments.type(gate);
        boolean known = Segments.system(gate) && (type == INTERRUPT_32 || type == TRAP_32);
        checkGate(gate, vector, event, known);
        long high = c.segments.readSystem64(c.system.idtBase + vector * 16L + 8);
        long handler = gate & 0xffff | gate >>> 32 & 0xffff0000L | high << 32;
        int selector = (int) (gate >>> 16) & 0xffff;
        long code = target(selector, event);
        if (!c.segments.is64(code) || Segments.big(code)) {
            throw c.raise(Fault.GP, selector & 0xfffc | event);
        }
        if (handler << 16 >> 16 != handler) {
            throw c.raise(Fault.GP, event);
        }
        int cpl = Segments.conforming(code) ? c.cpl : Segments.dpl(code);
        int ist = (int) (gate >>> 32) & 7;
        long sp = c.r[Cpu.RSP];
        if (ist != 0) {
            sp = stackOfTask(28 + ist * 8, event);
        } else if (cpl < c.cpl) {
            sp = stackOfTask(4 + cpl * 8, event);
        }
        sp &= -16L;
        c.segments.touch(selector, code);
        pushLong(sp, cpl, rip, resume, errorCode);

        boolean inner = cpl < c.cpl;
        c.r[Cpu.RSP] = sp - (errorCode < 0 ? 40 : 48);
        c.segments.setCode(selector, code, cpl);
        if (inner) {
            c.segments.set(Cpu.SS, cpl, 0);
        }
        c.rip = handler;
        clearFlags(type == INTERRUPT_32);
    }

    private long stackOfTask(int offset, int external) {
        if (Integer.compareUnsigned(offset + 7, c.system.taskLimit) > 0) {
            throw c.raise(Fault.TS, c.system.taskSelector & 0xfffc | external);
        }
        return c.segments.readSystem64(c.system.taskBase + offset);
    }

    /** Pushes the frame below {@code sp}, with the rights that the handler will have. */
    private void pushLong(long sp, int cpl, long rip, long resume, int errorCode) {
        Insn.Mode mode = c.mode;
        int outer = c.cpl;
        c.cpl = cpl;
        c.mode = Insn.Mode.BITS_64;
        c.mmu.select();
        c.mmu.io.forbid();
        try {
            int size = errorCode < 0 ? 40 : 48;
            c.mmu.checkWrite(sp - size, size);
            c.mmu.write64(sp - 8, c.selector[Cpu.SS]);
            c.mmu.write64(sp - 16, c.r[Cpu.RSP]);
            c.mmu.write64(sp - 24, c.rflags() | resume);
            c.mmu.write64(sp - 32, c.selector[Cpu.CS]);
            c.mmu.write64(sp - 40, rip);
            if (errorCode >= 0) {
                c.mmu.write64(sp - 48, errorCode);
            }
        } finally {
            c.cpl = outer;
            c.mode = mode;
            c.mmu.select();
        }
    }

    // ------------------------------------------------------------------------------------------------ protected mode

    private void enterProtected(int vector, int errorCode, int event, long rip, long resume) {
        long gate = gate(vector, 8, event);
        int type = Segments.type(gate);
        boolean wide = type == INTERRUPT_32 || type == TRAP_32;
        boolean known = Segments.system(gate) && (wide || type == INTERRUPT_16 || type == TRAP_16);
        checkGate(gate, vector, event, known);
        long handler = gate & 0xffff | (wide ? gate >>> 32 & 0xffff0000L : 0);
        int selector = (int) (gate >>> 16) & 0xffff;
        long code = target(selector, event);
        if (Integer.compareUnsigned((int) handler, Segments.limit(code)) > 0) {
            throw c.raise(Fault.GP, event);
        }
        int cpl = Segments.conforming(code) ? c.cpl : Segments.dpl(code);
        boolean inner = cpl < c.cpl;
        int size = wide ? 4 : 2;
        long[] frame = new long[6];
        int count = 0;
        long sp = c.r[Cpu.RSP];
        int stackSelector = c.selector[Cpu.SS];
        long stack = 0;
        if (inner) {
            boolean wideTask = (c.system.taskType & 8) != 0;
            int offset = wideTask ? 4 + cpl * 8 : 2 + cpl * 4;
            long pair = stackOfTask(offset, event);
            sp = wideTask ? pair & 0xffffffffL : pair & 0xffff;
            stackSelector = (int) (pair >>> (wideTask ? 32 : 16)) & 0xffff;
            stack = c.segments.stackSegment(stackSelector, cpl, false, Fault.TS, event);
            c.segments.touch(stackSelector, stack);
            frame[count++] = c.selector[Cpu.SS];
            frame[count++] = c.r[Cpu.RSP];
        }
        frame[count++] = c.rflags() | resume;
        frame[count++] = c.selector[Cpu.CS];
        frame[count++] = rip;
        if (errorCode >= 0) {
            frame[count++] = errorCode;
        }
        c.segments.touch(selector, code);
        long base = inner ? Segments.base(stack) : c.segmentBase[Cpu.SS];
        long mask = inner ? Segments.big(stack) ? 0xffffffffL : 0xffff : StackOps.mask(c);
        push(frame, count, size, base, sp, mask, cpl);

        if (inner) {
            c.segments.set(Cpu.SS, stackSelector, stack);
        }
        c.segments.setCode(selector, code, cpl);
        moveStack(sp - (long) count * size);
        c.rip = handler;
        clearFlags(type == INTERRUPT_32 || type == INTERRUPT_16);
    }

    private void push(long[] frame, int count, int size, long base, long sp, long mask, int cpl) {
        int outer = c.cpl;
        c.cpl = cpl;
        c.mmu.select();
        c.mmu.io.forbid();
        try {
            for (int i = 1; i <= count; i++) {
                c.mmu.checkWrite(base + (sp - (long) i * size & mask) & 0xffffffffL, size);
            }
            for (int i = 1; i <= count; i++) {
                Place.write(c, base + (sp - (long) i * size & mask) & 0xffffffffL, size * 8, frame[i - 1]);
            }
        } finally {
            c.cpl = outer;
            c.mmu.select();
        }
    }
}
