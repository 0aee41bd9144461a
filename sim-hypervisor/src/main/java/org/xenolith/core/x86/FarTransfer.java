package org.xenolith.core.x86;

/**
 * Transfers that load cs: far jumps, calls and returns, {@code iret}, {@code syscall} and its kin. Everything is checked before anything
 * changes.
 */
final class FarTransfer {
    private static final long NT = 1 << 14;
    private static final long RF = 1 << 16;
    private static final long VM = 1 << 17;
    private static final long AC_ID = Cpu.AC | 1 << 21;
    private static final long IOPL = 3 << 12;

    private final Cpu c;
    private final Segments segments;

    FarTransfer(Cpu c) {
        this.c = c;
        this.segments = c.segments;
    }

    private static long cut(long value, int bits) {
        return bits == 64 ? value : value & (1L << bits) - 1;
    }

    private void checkTarget(long code, long offset) {
        boolean reached = segments.is64(code)
                ? offset << 16 >> 16 == offset
                : offset >>> 32 == 0 && Integer.compareUnsigned((int) offset, Segments.limit(code)) <= 0;
        if (!reached) {
            throw c.raise(Fault.GP);
        }
    }

    private void checkReal(long offset) {
        if (offset > 0xffff) {
            throw c.raise(Fault.GP);
        }
    }

    /** The descriptor of the code segment that a jump or call to {@code selector}:{@code offset} goes to. */
    private long target(int selector, long offset) {
        if (Segments.isNull(selector)) {
            throw c.raise(Fault.GP);
        }
        long code = segments.tables.read(selector);
        int dpl = Segments.dpl(code);
        boolean open = Segments.conforming(code) ? dpl <= c.cpl : dpl == c.cpl && (selector & 3) <= c.cpl;
        return usable(selector, code, open, offset);
    }

    /** The descriptor of the code segment that a return to {@code selector}:{@code offset} goes to. */
    private long origin(int selector, long offset) {
        if (Segments.isNull(selector)) {
            throw c.raise(Fault.GP);
        }
        long code = segments.tables.read(selector);
        int rpl = selector & 3;
        int dpl = Segments.dpl(code);
        boolean open = rpl >= c.cpl && (Segments.conforming(code) ? dpl <= rpl : dpl == rpl);
        return usable(selector, code, open, offset);
    }

    private long usable(int selector, long code, boolean open, long offset) {
        boolean both = segments.is64(code) && Segments.big(code);
        if (!Segments.code(code) || !open || both) {
            throw c.raise(Fault.GP, selector & 0xfffc);
        }
        if (!Segments.present(code)) {
            throw c.raise(Fault.NP, selector & 0xfffc);
        }
        checkTarget(code, offset);
        segments.touch(selector, code);
        return code;
    }

    /** Far jump. */
    void jump(int selector, long offset) {
        if (!segments.protectedMode()) {
            checkReal(offset);
            segments.setReal(Cpu.CS, selector);
        } else {
            segments.setCode(selector, target(selector, offset), c.cpl);
        }
        c.rip = offset;
    }

    /** Far call that returns to {@code next}; what it pushes is {@code bits} wide. */
    void call(int selector, long offset, long next, int bits) {
        long code = 0;
        if (!segments.protectedMode()) {
            checkReal(offset);
        } else {
            code = target(selector, offset);
        }
        int size = bits / 8;
        long sp = c.r[Cpu.RSP];
        c.mmu.checkWrite(stack(sp - size), size);
        c.mmu.checkWrite(stack(sp - 2L * size), size);
        Place.write(c, stack(sp - size), bits, c.selector[Cpu.CS]);
        Place.write(c, stack(sp - 2L * size), bits, next);
        moveStack(sp - 2L * size);
        if (segments.protectedMode()) {
            segments.setCode(selector, code, c.cpl);
        } else {
            segments.setReal(Cpu.CS, selector);
        }
        c.rip = offset;
    }

    private void moveStack(long rsp) {
        StackOps.setRsp(c, rsp, StackOps.mask(c));
    }

    private long stack(long rsp) {
        return StackOps.linear(c, rsp, StackOps.mask(c));
    }

    private long popped(int i, int bits) {
        return Place.read(c, stack(c.r[Cpu.RSP] + i * (bits / 8L)), bits);
    }

    /** Far return, which releases {@code extra} bytes of arguments. */
    void ret(int bits, int extra) {
        int size = bits / 8;
        long rip = popped(0, bits);
        int selector = (int) popped(1, bits) & 0xffff;
        if (!segments.protectedMode()) {
            checkReal(rip);
            segments.setReal(Cpu.CS, selector);
            moveStack(c.r[Cpu.RSP] + 2L * size + extra);
            c.rip = rip;
            return;
        }
        long code = origin(selector, rip);
        int cpl = selector & 3;
        if (cpl == c.cpl) {
            long sp = c.r[Cpu.RSP] + 2L * size + extra;
            segments.setCode(selector, code, cpl);
            moveStack(sp);
        } else {
            long at = c.r[Cpu.RSP] + 2L * size + extra;
            long sp = Place.read(c, stack(at), bits);
            int stackSelector = (int) Place.read(c, stack(at + size), bits) & 0xffff;
            toOuter(selector, code, stackSelector, outerStack(stackSelector, code, cpl));
            moveStack(sp + extra);
        }
        c.rip = rip;
    }

    private long outerStack(int selector, long code, int cpl) {
        long stack = segments.stackSegment(selector, cpl, segments.is64(code), Fault.GP, 0);
        segments.touch(selector, stack);
        return stack;
    }

    private void toOuter(int selector, long code, int stackSelector, long stack) {
        int cpl = selector & 3;
        boolean outer = cpl > c.cpl;
        segments.setCode(selector, code, cpl);
        segments.set(Cpu.SS, stackSelector, stack);
        if (outer) {
            segments.dropInner(cpl);
        }
    }

    /** {@code iret}. */
    void iret(int bits) {
        long rip = popped(0, bits);
        int selector = (int) popped(1, bits) & 0xffff;
        long flags = popped(2, bits);
        int size = bits / 8;
        int oldCpl = c.cpl;
        boolean open = interruptFlagOpen();
        if (!segments.protectedMode()) {
            checkReal(rip);
            segments.setReal(Cpu.CS, selector);
            moveStack(c.r[Cpu.RSP] + 3L * size);
        } else {
            boolean virtual = (flags & VM) != 0 && bits == 32 && c.cpl == 0 && !segments.longMode();
            if ((c.otherFlags & NT) != 0 || virtual) {
                throw c.raise(Fault.GP);
            }
            long code = origin(selector, rip);
            int cpl = selector & 3;
            if (cpl == c.cpl && c.mode != Insn.Mode.BITS_64) {
                long sp = c.r[Cpu.RSP] + 3L * size;
                segments.setCode(selector, code, cpl);
                moveStack(sp);
            } else {
                long sp = popped(3, bits);
                int stackSelector = (int) popped(4, bits) & 0xffff;
                toOuter(selector, code, stackSelector, outerStack(stackSelector, code, cpl));
                moveStack(sp);
            }
        }
        c.rip = rip;
        setFlags(flags, bits, oldCpl, open, RF);
    }

    /** Whether the program may change IF, and use ports without asking the TSS: CPL is at most IOPL. */
    boolean interruptFlagOpen() {
        return !segments.protectedMode() || c.cpl <= (c.otherFlags & IOPL) >>> 12;
    }

    /** Sets those of the low {@code bits} of RFLAGS that popf may change, and those of {@code more}. */
    void popFlags(long flags, int bits) {
        setFlags(flags, bits, c.cpl, interruptFlagOpen(), 0);
    }

    private void setFlags(long flags, int bits, int cpl, boolean open, long more) {
        long mask = Cpu.STATUS | Cpu.TF | Cpu.DF | NT | AC_ID | more;
        mask |= open ? Cpu.IF : 0;
        mask |= cpl == 0 ? IOPL : 0;
        mask = cut(mask, bits);
        long value = c.rflags() & ~mask & ~RF | flags & mask;
        boolean access = ((value ^ c.otherFlags) & Cpu.AC) != 0;
        c.setRflags(value);
        if (access) {
            c.mmu.select();
        }
        c.interrupts.flagsChanged();
    }

    // ------------------------------------------------------------------------------------------- syscall and its kin

    /** {@code syscall}, which returns to {@code next}. */
    void syscall(long next) {
        SystemState s = c.system;
        if ((s.efer & Control.EFER_SCE) == 0 || !segments.longMode()) {
            throw c.raise(Fault.UD);
        }
        boolean wide = c.mode == Insn.Mode.BITS_64;
        c.r[Cpu.RCX] = next;
        c.r[11] = c.rflags() & ~RF;
        if (c.deprivileged) {
            c.rip = next;
            c.stop(CpuExit.Reason.SYSCALL);
            return;
        }
        int selector = (int) (s.star >>> 32) & 0xffff;
        c.setRflags(c.rflags() & ~s.sfmask & ~RF);
        segments.setFlat(selector, selector + 8, 0, true);
        c.rip = wide ? s.lstar : s.cstar;
    }

    /** {@code sysret} to 64-bit code or to compatibility mode. */
    void sysret(boolean wide) {
        SystemState s = c.system;
        if ((s.efer & Control.EFER_SCE) == 0 || !segments.longMode()) {
            throw c.raise(Fault.UD);
        }
        long rip = wide ? c.r[Cpu.RCX] : c.r[Cpu.RCX] & 0xffffffffL;
        if (c.cpl != 0 || rip << 16 >> 16 != rip) {
            throw c.raise(Fault.GP);
        }
        int selector = (int) (s.star >>> 48);
        c.setRflags(c.r[11] & 0x3c7fd7);
        segments.setFlat(wide ? selector + 16 : selector, selector + 8, 3, wide);
        c.rip = rip;
        c.interrupts.flagsChanged();
    }

    /** {@code sysenter}; {@code next} is behind it. */
    void sysenter(long next) {
        SystemState s = c.system;
        int selector = (int) s.sysenter[0] & 0xfffc;
        if (c.deprivileged) {
            c.rip = next;
            c.stop(CpuExit.Reason.SYSENTER);
            return;
        }
        if (!segments.protectedMode() || selector == 0) {
            throw c.raise(Fault.GP);
        }
        boolean wide = segments.longMode();
        c.otherFlags &= ~(Cpu.IF | RF | VM);
        segments.setFlat(selector, selector + 8, 0, wide);
        c.r[Cpu.RSP] = cut(s.sysenter[1], wide ? 64 : 32);
        c.rip = cut(s.sysenter[2], wide ? 64 : 32);
    }

    /** {@code sysexit} to 64-bit code or to 32-bit code. */
    void sysexit(boolean wide) {
        int selector = (int) c.system.sysenter[0] & 0xfffc;
        long rip = cut(c.r[Cpu.RDX], wide ? 64 : 32);
        long rsp = cut(c.r[Cpu.RCX], wide ? 64 : 32);
        boolean canonical = rip << 16 >> 16 == rip && rsp << 16 >> 16 == rsp;
        if (!segments.protectedMode() || selector == 0 || c.cpl != 0 || !canonical) {
            throw c.raise(Fault.GP);
        }
        int code = wide ? selector + 32 : selector + 16;
        segments.setFlat(code, code + 8, 3, wide);
        c.rip = rip;
        c.r[Cpu.RSP] = rsp;
    }
}
