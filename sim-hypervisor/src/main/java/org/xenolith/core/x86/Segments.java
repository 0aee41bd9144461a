package org.xenolith.core.x86;

/**
 * Segment registers, descriptors, and the mode and privilege that follow from them (Intel SDM volume 3, chapters 3 and 5).
 *
 * <p>Simplifications: limits are checked when a segment is loaded or jumped to, not at each access; call gates, task gates and
 * virtual-8086 mode do not exist (#GP).
 */
public final class Segments {
    private static final int CODE_OR_DATA = 1 << 4;
    private static final int EXECUTABLE = 1 << 3;
    private static final int CONFORMING = 1 << 2;
    private static final int READABLE_OR_WRITABLE = 1 << 1;
    private static final int PRESENT = 1 << 7;
    private static final int LONG = 1 << 13;
    private static final int BIG = 1 << 14;
    private static final int GRANULAR = 1 << 15;

    /** Descriptor of a flat 32-bit code segment of privilege 0; 64-bit and other privileges differ by a few bits. */
    static final long FLAT_CODE = 0x00cf9b000000ffffL;

    /** Descriptor of a flat data segment of privilege 0. */
    static final long FLAT_DATA = 0x00cf93000000ffffL;

    private final Cpu c;
    private final SystemState s;

    /** Where descriptors are found; a hypervisor may put its own in place. */
    public DescriptorTables tables;

    Segments(Cpu c) {
        this.c = c;
        this.s = c.system;
        this.tables = DescriptorTables.inMemory(c);
    }

    // --------------------------------------------------------------------------------------- what a descriptor says

    static int attributes(long descriptor) {
        return (int) (descriptor >>> 40) & 0xf0ff;
    }

    static long base(long descriptor) {
        return descriptor >>> 16 & 0xffffff | descriptor >>> 32 & 0xff000000L;
    }

    /** Last valid offset, as an unsigned int. */
    static int limit(long descriptor) {
        int limit = (int) (descriptor & 0xffff | descriptor >>> 32 & 0xf0000);
        return (attributes(descriptor) & GRANULAR) != 0 ? limit << 12 | 0xfff : limit;
    }

    static int dpl(long descriptor) {
        return (int) (descriptor >>> 45) & 3;
    }

    /** Type of a system descriptor, or the low four attributes of another. */
    static int type(long descriptor) {
        return (int) (descriptor >>> 40) & 15;
    }

    private static boolean has(long descriptor, int attribute) {
        return (attributes(descriptor) & attribute) != 0;
    }

    static boolean present(long descriptor) {
        return has(descriptor, PRESENT);
    }

    static boolean system(long descriptor) {
        return !has(descriptor, CODE_OR_DATA);
    }

    static boolean code(long descriptor) {
        return !system(descriptor) && has(descriptor, EXECUTABLE);
    }

    static boolean conforming(long descriptor) {
        return code(descriptor) && has(descriptor, CONFORMING);
    }

    static boolean writable(long descriptor) {
        return !system(descriptor) && !has(descriptor, EXECUTABLE) && has(descriptor, READABLE_OR_WRITABLE);
    }

    static boolean readable(long descriptor) {
        return !system(descriptor) && (!has(descriptor, EXECUTABLE) || has(descriptor, READABLE_OR_WRITABLE));
    }

    static boolean big(long descriptor) {
        return has(descriptor, BIG);
    }

    static boolean isNull(int selector) {
        return (selector & 0xfffc) == 0;
    }

    /** Whether code in the segment is 64-bit code. */
    boolean is64(long descriptor) {
        return longMode() && has(descriptor, LONG);
    }

    // ---------------------------------------------------------------------------------------------------------- modes

    /** Whether the CPU is out of real mode. */
    boolean protectedMode() {
        return (s.cr0 & 1) != 0;
    }

    /** Whether long mode is active (64-bit or compatibility mode). */
    boolean longMode() {
        return (s.efer & PageWalk.EFER_LMA) != 0;
    }

    /** Follows a change of privilege, of CR0, CR4, EFER, RFLAGS.AC or the attributes of cs. */
    void update() {
        int attributes = s.segmentAttributes[Cpu.CS];
        boolean wasWide = c.mode == Insn.Mode.BITS_64;
        boolean wide = longMode() && (attributes & LONG) != 0;
        if (wide) {
            c.mode = Insn.Mode.BITS_64;
        } else {
            c.mode = (attributes & BIG) != 0 ? Insn.Mode.BITS_32 : Insn.Mode.BITS_16;
        }
        if (wide != wasWide) {
            for (int i = Cpu.ES; i <= Cpu.DS; i++) {
                c.segmentBase[i] = wide ? 0 : s.loadedBase[i];
            }
        }
        c.mmu.select();
    }

    // -------------------------------------------------------------------------------------------------------- loading

    /** Reads 64 bits as the CPU reads its own tables. */
    long readSystem64(long address) {
        c.mmu.selectSystem();
        try {
            return c.mmu.read64(address);
        } finally {
            c.mmu.select();
        }
    }

    /** Marks the descriptor of {@code selector} as accessed, which may fault: to be done before anything changes. */
    void touch(int selector, long descriptor) {
        if (descriptor != 0 && (type(descriptor) & 1) == 0) {
            tables.markAccessed(selector);
        }
    }

    /** Puts {@code descriptor} into {@code segment}, without any check. After cs, call {@link #update}. */
    void set(int segment, int selector, long descriptor) {
        c.selector[segment] = selector;
        s.segmentAttributes[segment] = attributes(descriptor) | (descriptor == 0 ? 0 : 1);
        s.segmentLimit[segment] = limit(descriptor);
        setBase(segment, base(descriptor));
    }

    private void setBase(int segment, long base) {
        if (segment <= Cpu.DS) {
            s.loadedBase[segment] = base;
            c.segmentBase[segment] = c.mode == Insn.Mode.BITS_64 ? 0 : base;
        } else {
            c.segmentBase[segment] = base;
        }
    }

    /** Loads code segment {@code selector} for privilege {@code cpl}, and enters the mode it asks for. */
    void setCode(int selector, long descriptor, int cpl) {
        set(Cpu.CS, selector & 0xfffc | cpl, descriptor);
        c.cpl = cpl;
        update();
    }

    /** Loads {@code segment} as real mode does: limit and attributes stay. */
    void setReal(int segment, int selector) {
        c.selector[segment] = selector;
        setBase(segment, (long) selector << 4);
    }

    /** Loads {@code segment} (not cs) as {@code mov} does, with its faults. */
    void load(int segment, int selector) {
        if (!protectedMode()) {
            setReal(segment, selector);
        } else if (segment == Cpu.SS) {
            long d = stackSegment(selector, c.cpl, c.mode == Insn.Mode.BITS_64, Fault.GP, 0);
            touch(selector, d);
            set(Cpu.SS, selector, d);
        } else if (isNull(selector)) {
            set(segment, selector, 0);
        } else {
            long d = tables.read(selector);
            boolean bound = !conforming(d);
            if (!readable(d) || bound && (dpl(d) < c.cpl || dpl(d) < (selector & 3))) {
                throw c.raise(Fault.GP, selector & 0xfffc);
            }
            if (!present(d)) {
                throw c.raise(Fault.NP, selector & 0xfffc);
            }
            touch(selector, d);
            set(segment, selector, d);
        }
    }

    /**
     * The descriptor of stack segment {@code selector} for privilege {@code cpl}; 0 for the null selector where 64-bit code allows it.
     *
     * @param wide whether it is for 64-bit code
     * @param vector the fault if it is none: #GP, or #TS for one out of a TSS
     * @param external 1 if an event outside the program loads it
     */
    long stackSegment(int selector, int cpl, boolean wide, int vector, int external) {
        if (isNull(selector)) {
            if (wide && cpl < 3 && (selector & 3) == cpl) {
                return 0;
            }
            throw c.raise(vector, external);
        }
        long d = tables.read(selector);
        if (!writable(d) || (selector & 3) != cpl || dpl(d) != cpl) {
            throw c.raise(vector, selector & 0xfffc | external);
        }
        if (!present(d)) {
            throw c.raise(Fault.SS, selector & 0xfffc | external);
        }
        return d;
    }

    /** Loads cs with {@code selector}, of the present privilege, and enters the mode it asks for; with its faults. */
    private void loadCode(int selector) {
        long d = tables.read(selector);
        boolean open = conforming(d) ? dpl(d) <= c.cpl : dpl(d) == c.cpl;
        if (!code(d) || !open || (selector & 3) != c.cpl || is64(d) && big(d)) {
            throw c.raise(Fault.GP, selector & 0xfffc);
        }
        if (!present(d)) {
            throw c.raise(Fault.NP, selector & 0xfffc);
        }
        touch(selector, d);
        setCode(selector, d, c.cpl);
    }

    /**
     * Loads {@code segment} with {@code selector} for the embedder, cs without a change of privilege; false, and nothing changed, where the CPU
     * would fault.
     */
    public boolean tryLoad(int segment, int selector) {
        try {
            if (segment == Cpu.CS) {
                loadCode(selector);
            } else {
                load(segment, selector);
            }
            return true;
        } catch (Fault fault) {
            return false;
        }
    }

    /** {@code lldt}. */
    void loadLdt(int selector) {
        SystemOps.needProtectedMode(c);
        SystemOps.privileged(c);
        if (isNull(selector)) {
            s.ldtSelector = selector;
            s.ldtBase = 0;
            s.ldtLimit = 0;
            return;
        }
        long d = systemDescriptor(selector, 2, 2);
        s.ldtBase = systemBase(selector, d);
        s.ldtLimit = limit(d);
        s.ldtSelector = selector;
    }

    /** {@code ltr}. */
    void loadTask(int selector) {
        SystemOps.needProtectedMode(c);
        SystemOps.privileged(c);
        if (isNull(selector)) {
            throw c.raise(Fault.GP);
        }
        long d = systemDescriptor(selector, 9, longMode() ? 9 : 1);
        long base = systemBase(selector, d);
        c.mmu.selectSystem();
        try {
            long at = s.gdtBase + (selector & 0xfff8) + 5;
            c.mmu.write8(at, c.mmu.read8(at) | 2); // busy
        } finally {
            c.mmu.select();
        }
        s.taskBase = base;
        s.taskLimit = limit(d);
        s.taskType = type(d) | 2;
        s.taskSelector = selector;
    }

    /** The system descriptor of {@code selector}, which must be in the GDT, of one of two types, and present. */
    private long systemDescriptor(int selector, int type, int otherType) {
        long d = (selector & 4) != 0 ? 0 : tables.read(selector);
        boolean fits = d != 0 && system(d) && (type(d) == type || type(d) == otherType);
        if (!fits) {
            throw c.raise(Fault.GP, selector & 0xfffc);
        }
        if (!present(d)) {
            throw c.raise(Fault.NP, selector & 0xfffc);
        }
        return d;
    }

    private long systemBase(int selector, long d) {
        long base = base(d);
        if (longMode()) {
            base |= tables.read((selector & 0xfff8) + 8) << 32;
            if (base << 16 >> 16 != base) {
                throw c.raise(Fault.GP, selector & 0xfffc);
            }
        }
        return base;
    }

    /** On the way to privilege {@code cpl}: empties the data segments that it may not use. */
    void dropInner(int cpl) {
        for (int segment = Cpu.ES; segment <= Cpu.GS; segment++) {
            int attributes = s.segmentAttributes[segment];
            boolean conforming = (attributes & (EXECUTABLE | CONFORMING)) == (EXECUTABLE | CONFORMING);
            boolean data = segment != Cpu.CS && segment != Cpu.SS && !isNull(c.selector[segment]);
            if (data && !conforming && (attributes >>> 5 & 3) < cpl) {
                set(segment, 0, 0);
            }
        }
    }

    /** cs and ss as {@code syscall} and its kin load them: flat, from the selectors alone. */
    void setFlat(int codeSelector, int stackSelector, int cpl, boolean wide) {
        long privilege = (long) cpl << 45;
        long code = FLAT_CODE | privilege;
        setCode(codeSelector, wide ? code & ~(1L << 54) | 1L << 53 : code, cpl);
        set(Cpu.SS, stackSelector & 0xfffc | cpl, FLAT_DATA | privilege);
    }
}
