package org.xenolith.core.x86;

import org.xenolith.machine.MachineMemory;

/**
 * The state of one x86-64 CPU, and what every instruction needs of it: registers, lazily computed flags, exceptions. Memory is
 * reached through {@link #mmu}. One thread.
 */
public final class Cpu {
    /** Number of general register rax; the others follow in the order of their encoding. */
    public static final int RAX = 0;

    /** Number of rcx. */
    public static final int RCX = 1;

    /** Number of rdx. */
    public static final int RDX = 2;

    /** Number of rbx. */
    public static final int RBX = 3;

    /** Number of rsp. */
    public static final int RSP = 4;

    /** Number of rbp. */
    public static final int RBP = 5;

    /** Number of rsi. */
    public static final int RSI = 6;

    /** Number of rdi. */
    public static final int RDI = 7;

    /** Segment register es; cs ss ds fs gs follow. */
    public static final int ES = 0;

    /** Segment register cs. */
    public static final int CS = 1;

    /** Segment register ss. */
    public static final int SS = 2;

    /** Segment register ds. */
    public static final int DS = 3;

    /** Segment register fs. */
    public static final int FS = 4;

    /** Segment register gs. */
    public static final int GS = 5;

    /** RFLAGS: carry. */
    public static final long CF = 1;

    /** RFLAGS: parity. */
    public static final long PF = 1 << 2;

    /** RFLAGS: auxiliary carry. */
    public static final long AF = 1 << 4;

    /** RFLAGS: zero. */
    public static final long ZF = 1 << 6;

    /** RFLAGS: sign. */
    public static final long SF = 1 << 7;

    /** RFLAGS: single step. */
    public static final long TF = 1 << 8;

    /** RFLAGS: interrupts enabled. */
    public static final long IF = 1 << 9;

    /** RFLAGS: string instructions go down. */
    public static final long DF = 1 << 10;

    /** RFLAGS: overflow. */
    public static final long OF = 1 << 11;

    /** RFLAGS: alignment check, and supervisor access to user pages. */
    public static final long AC = 1 << 18;

    /** The six status flags. */
    public static final long STATUS = CF | PF | AF | ZF | SF | OF;

    /** Number of the register that no instruction names and that always is 0. */
    static final int ZERO = 16;

    /** rax to r15, and behind them one that always is 0, so that an address without a base or an index is computed as any other. */
    public final long[] r = new long[17];

    /** Linear address of code is this plus the base of cs (0 in 64-bit mode). See {@link Op} for who sets it when. */
    public long rip;

    /** xmm0 to xmm15: low half of xmm n at 2n, high half at 2n + 1. */
    public final long[] xmm = new long[32];

    /** SSE control and status. */
    public int mxcsr = 0x1f80;

    /** x87 and MMX. */
    public final Fpu fpu = new Fpu();

    // Status flags, computed when somebody asks. See setFlags for what these hold.
    private long flagResult = 1;
    private long flagCarries;

    /** RFLAGS without the status flags; bit 1 is set. */
    long otherFlags = 2;

    /** Segments: selectors, by number. */
    public final int[] selector = new int[6];

    /** Segments: bases that apply in the present mode, so in 64-bit mode 0 but for fs and gs. */
    public final long[] segmentBase = new long[6];

    /** System registers, descriptor tables, modes. */
    public final SystemState system = new SystemState();

    /** Current privilege level. */
    public int cpl;

    /** How instructions are decoded at present. */
    public Insn.Mode mode = Insn.Mode.BITS_32;

    /** Paging, TLB, and all access to memory. */
    public final Mmu mmu;

    /** Why it stopped. */
    public final CpuExit exit = new CpuExit();

    /** Segment registers, modes and privilege. */
    public final Segments segments = new Segments(this);

    /** Delivery of exceptions and interrupts. */
    public final Interrupts interrupts = new Interrupts(this);

    /** Transfers between segments and privileges. */
    final FarTransfer transfer = new FarTransfer(this);

    // Where the value of an input goes, whose instruction stopped the run.
    PortOps.Input input = PortOps.Input.TO_REGISTER;
    long inputAddress;

    /** Control registers and MSRs. */
    public final Control control = new Control(this);

    /** The time-stamp counter. */
    public TimeSource clock = executed -> executed;

    /** Whether the loop must call {@link Interrupts#attend} before it executes more. */
    boolean attention;

    /** Whether the run stops; {@link #exit} says why. A run begins by clearing it and setting {@link #attention}. */
    boolean stopping;

    /** Instructions that the present run may execute in all. */
    long granted;

    /**
     * Instructions that may still be executed, exact at the begin of a block and so within an op that is alone in its block. An op that
     * repeats takes off what it did but for one.
     */
    public long left;

    /**
     * Whether the core runs a guest that a hypervisor keeps out of ring 0 (a PV guest): no exception or interrupt goes through an
     * IDT, they end the run with {@link CpuExit.Reason#EXCEPTION} or {@link CpuExit.Reason#SYSCALL}.
     */
    public final boolean deprivileged;

    /** Is told what the core does, or null. */
    final CoreObserver observer;

    private final Fault fault = new Fault();
    final Interpreter interpreter;

    /** A core on {@code memory}, in the state after reset but for what its embedder sets. */
    public Cpu(MachineMemory memory, PhysicalMap map, boolean deprivileged) {
        this(memory, map, deprivileged, null);
    }

    /** The same with an observer, or null. */
    public Cpu(MachineMemory memory, PhysicalMap map, boolean deprivileged, CoreObserver observer) {
        this.observer = observer;
        this.mmu = new Mmu(this, memory, map);
        this.deprivileged = deprivileged;
        this.interpreter = new Interpreter(this, memory);
    }

    // ----------------------------------------------------------------------------------------------------- run

    /** Lets go of the memory: nothing more is executed, so that its decoded instructions need not be kept. */
    public void close() {
        interpreter.close();
        mmu.close();
    }

    /** Where (rip) the blocks of instructions executed last begin, the latest first; 0 where there were none. */
    public long[] recentBlocks() {
        return interpreter.recentBlocks();
    }

    /**
     * Executes at most {@code instructions} instructions; a repeated string instruction counts one for each repetition, one that faults
     * counts too. Why it stopped is in {@link #exit}. To run in budgets of any size comes to the same.
     *
     * @return how many it executed
     */
    public long run(long instructions) {
        granted = instructions;
        left = instructions;
        stopping = false;
        attention = true;
        exit.reason = CpuExit.Reason.BUDGET;
        while (left > 0) {
            long grant = attention ? interrupts.attend() : left;
            if (stopping) {
                break;
            }
            // What is not granted yet is put aside, so that nobody who looks at what is left goes too far.
            long aside = Math.max(0, left - grant);
            granted -= aside;
            left -= aside;
            Fault raised = interpreter.execute();
            granted += aside;
            left += aside;
            if (raised != null) {
                interrupts.deliver(raised);
            }
        }
        return granted - left;
    }

    /** Raises exception {@code vector} without an error code. Never returns: {@code throw c.raise(Fault.UD)}. */
    public Fault raise(int vector) {
        return raise(vector, Fault.hasErrorCode(vector) ? 0 : -1);
    }

    /** Raises exception {@code vector}: {@code throw c.raise(Fault.GP, selector)}. */
    public Fault raise(int vector, int errorCode) {
        fault.vector = vector;
        fault.errorCode = errorCode;
        return fault;
    }

    /** Stops the run behind the present instruction, which ends its block. */
    void stop(CpuExit.Reason reason) {
        exit.reason = reason;
        stopping = true;
        attention = true;
    }

    /** Stops the run before the present instruction, as if it had not begun: {@code throw c.stopBefore(reason)}. */
    Fault stopBefore(CpuExit.Reason reason) {
        stop(reason);
        return raise(Fault.STOP, -1);
    }

    /** Raises a page fault at linear {@code address}. */
    public Fault pageFault(long address, int errorCode) {
        fault.address = address;
        return raise(Fault.PF, errorCode);
    }

    /**
     * Gives the answer to the input that stopped the run: {@link CpuExit.Reason#IN} or {@link CpuExit.Reason#MMIO_READ}.
     *
     * @param value what was read, of which the low {@link CpuExit#size} bytes count
     */
    public void completeInput(long value) {
        switch (exit.reason) {
            case IN -> PortOps.complete(this, value);
            case MMIO_READ -> mmu.io.complete(value);
            default -> throw new IllegalStateException("the core stopped for no input but for " + exit.reason);
        }
    }

    /** Begins as a kernel's PVH entry expects: flat 32-bit segments, no paging, no interrupts, at {@code eip}. */
    public void startProtected32(long eip) {
        Start.protected32(this, eip);
    }

    /** Begins as after a startup IPI: in real mode, at offset 0 of {@code segment}. */
    public void startRealMode(int segment) {
        Start.realMode(this, segment);
    }

    /**
     * Begins as Xen lets a vCPU of a 64-bit PV guest begin: 64-bit code of privilege 3 in Xen's flat segments, interrupts enabled.
     *
     * @param rip linear address
     * @param rsp linear address
     * @param cr3 machine address of the top page table
     */
    public void startPv(long rip, long rsp, long cr3) {
        Start.pv(this, rip, rsp, cr3);
    }

    // --------------------------------------------------------------------------------------------------- flags

    /**
     * Sets all status flags from a result and the carries out of each bit: ZF is result = 0, SF its sign, PF the parity of its low
     * byte; CF is bit 63 of {@code carries}, OF bit 63 xor bit 62, AF bit 3.
     *
     * @param result the result, sign-extended to 64 bits
     * @param carries carry (or borrow) out of each bit of the operation, the whole shifted up so that the carry out of the operand's top
     *     bit is bit 63, and the carry out of bit 3 ored in at bit 3 again; bits 0 to 2 clear
     */
    public void setFlags(long result, long carries) {
        flagResult = result;
        flagCarries = carries;
    }

    /** Sets all status flags from {@code sum}, which is {@code a + b}. */
    void setSumFlags(long a, long b, long sum) {
        flagResult = sum;
        flagCarries = (a & b | (a | b) & ~sum) & ~7L;
    }

    /** Sets all status flags from {@code sum}, which is {@code a + b}. */
    void setSumFlags(int a, int b, int sum) {
        int carries = a & b | (a | b) & ~sum;
        flagResult = sum;
        flagCarries = (long) carries << 32 | carries & 8;
    }

    /** Sets all status flags from {@code difference}, which is {@code a - b}. */
    void setDifferenceFlags(long a, long b, long difference) {
        flagResult = difference;
        flagCarries = (~a & b | (~a | b) & difference) & ~7L;
    }

    /** Sets all status flags from {@code difference}, which is {@code a - b}. */
    void setDifferenceFlags(int a, int b, int difference) {
        int borrows = ~a & b | (~a | b) & difference;
        flagResult = difference;
        flagCarries = (long) borrows << 32 | borrows & 8;
    }

    /** Carry flag. */
    public boolean cf() {
        return flagCarries < 0;
    }

    /** Sets carry and overflow, and leaves the other status flags. */
    void setCarryAndOverflow(boolean carry, boolean overflow) {
        flagCarries = flagCarries & -1L >>> 2 | (carry ? 1L << 63 : 0) | (carry != overflow ? 1L << 62 : 0);
    }

    /** Sets the carry flag, and leaves the other status flags. */
    void setCarry(boolean carry) {
        if (cf() != carry) {
            flagCarries ^= 3L << 62;
        }
    }

    /** Sets the zero flag, and leaves the other status flags. */
    void setZero(boolean zero) {
        if (zf() != zero) {
            setStatus(status() ^ ZF);
        }
    }

    /** Sets all status flags as {@link #setFlags} does, but leaves carry. */
    void setFlagsButCarry(long result, long carries) {
        flagResult = result;
        flagCarries = carries ^ (carries ^ flagCarries) >> 63 & 3L << 62;
    }

    /** Zero flag. */
    public boolean zf() {
        return flagResult == 0;
    }

    /** Sign flag. Bit 0 of the carries turns it, for flags that no result has. */
    public boolean sf() {
        return (flagResult < 0) != ((flagCarries & 1) != 0);
    }

    /** Overflow flag. */
    public boolean of() {
        return (flagCarries ^ flagCarries << 1) < 0;
    }

    /** Whether SF and OF differ: a signed comparison says less. */
    boolean less() {
        return (flagResult ^ flagCarries << 63 ^ flagCarries ^ flagCarries << 1) < 0;
    }

    /** Auxiliary carry flag. */
    public boolean af() {
        return (flagCarries & 8) != 0;
    }

    /** Parity flag. Bit 1 of the carries turns it. */
    public boolean pf() {
        return ((Integer.bitCount((int) flagResult & 0xff) & 1) == 0) != ((flagCarries & 2) != 0);
    }

    /** Condition {@code cc} of jcc, setcc and cmovcc: 0 to 15 for o no b ae e ne be a s ns p np l ge le g. */
    public boolean condition(int cc) {
        boolean holds =
                switch (cc / 2) {
                    case 0 -> of();
                    case 1 -> cf();
                    case 2 -> zf();
                    case 3 -> cf() || zf();
                    case 4 -> sf();
                    case 5 -> pf();
                    case 6 -> sf() != of();
                    default -> zf() || sf() != of();
                };
        return holds != ((cc & 1) != 0);
    }

    /** The six status flags as bits of RFLAGS. */
    public long status() {
        return (cf() ? CF : 0)
                | (pf() ? PF : 0)
                | (af() ? AF : 0)
                | (zf() ? ZF : 0)
                | (sf() ? SF : 0)
                | (of() ? OF : 0);
    }

    /** Sets the six status flags from bits of RFLAGS; other bits are ignored. */
    public void setStatus(long flags) {
        boolean cf = (flags & CF) != 0;
        boolean of = (flags & OF) != 0;
        flagResult = (flags & ZF) != 0 ? 0 : 1;
        long carries = (cf ? 1L << 63 : 0) | (cf != of ? 1L << 62 : 0) | ((flags & AF) != 0 ? 8 : 0);
        carries |= (flags & SF) != 0 ? 1 : 0; // the result is not negative
        boolean parityOfResult = flagResult == 0;
        carries |= parityOfResult != ((flags & PF) != 0) ? 2 : 0;
        flagCarries = carries;
    }

    /** RFLAGS as a whole. */
    public long rflags() {
        return otherFlags | status();
    }

    /** Sets RFLAGS as a whole, without any check; bit 1 stays set. */
    public void setRflags(long flags) {
        setStatus(flags);
        otherFlags = flags & ~STATUS & 0x3f7fd7 | 2;
    }

    /** Whether string instructions go down. */
    public boolean df() {
        return (otherFlags & DF) != 0;
    }
}
