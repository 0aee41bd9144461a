package org.xenolith.core.x86;

/**
 * State of the x87 unit, with registers of 80 bits; MMX registers are their significands. And the units that compute for SSE and x87.
 *
 * <p>A simplification: the addresses of the last x87 instruction and its operand are not kept, they read as zero (as fxsave gives them on AMD's
 * CPUs unless an exception waits).
 */
public final class Fpu {
    /** Status: stack fault. */
    static final int STACK_FAULT = 0x40;

    /** Status: an unmasked exception waits: summary and busy. */
    static final int WAITING = 0x8080;

    /** Status: condition code 0. */
    static final int C0 = 0x100;

    /** Status: condition code 1: rounded up, or stack overflow. */
    static final int C1 = 0x200;

    /** Status: condition code 2. */
    static final int C2 = 0x400;

    /** Status: condition code 3. */
    static final int C3 = 0x4000;

    /** Bits of the control word that exist; bit 6 is always set. */
    static final int CONTROL = 0x1f7f;

    /** The six exceptions, as flags in the status word and as masks in the control word. */
    static final int EXCEPTIONS = 0x3f;

    /** Significands of the physical registers 0 to 7. */
    final long[] significand = new long[8];

    /** Sign (bit 15) and exponent of the physical registers. */
    final int[] signExponent = new int[8];

    /** Control word. */
    int control = 0x37f;

    /** Status word without the top-of-stack field. */
    int status;

    /** Top of stack, 0 to 7. */
    int top;

    /** Which physical registers are in use, a bit each. */
    int valid;

    /** Computes for SSE. */
    final SseUnit sse = new SseUnit();

    /** Computes for x87. */
    final SoftFloat soft = new SoftFloat();

    /** First operand, while an instruction executes. */
    final Unpacked x = new Unpacked();

    /** Second operand. */
    final Unpacked y = new Unpacked();

    /** Another operand, of the functions that need one more. */
    final Unpacked part = new Unpacked();

    /** Result. */
    final Unpacked z = new Unpacked();

    /** What every MMX instruction does to the x87 state: all registers are in use, and 0 is the top of the stack. */
    void useMmx() {
        top = 0;
        valid = 0xff;
    }

    /** Reads an MMX register. */
    long mmx(int register) {
        useMmx();
        return significand[register];
    }

    /** Writes an MMX register. */
    void setMmx(int register, long value) {
        useMmx();
        significand[register] = value;
        signExponent[register] = 0xffff;
    }

    /** As fninit leaves it; registers keep their contents. */
    void initialise() {
        control = 0x37f;
        status = 0;
        top = 0;
        valid = 0;
    }

    /** The status word as a whole. */
    int statusWord() {
        return status | top << 11;
    }

    /** Sets the status word; whether an exception waits follows from flags and masks. */
    void setStatusWord(int word) {
        top = word >> 11 & 7;
        status = word & 0x477f;
        summarise();
    }

    /** Sets the control word. */
    void setControl(int word) {
        control = word & CONTROL | 0x40;
        summarise();
    }

    private void summarise() {
        status = status & ~WAITING | ((status & ~control & EXCEPTIONS) != 0 ? WAITING : 0);
    }

    /** Physical number of stack register {@code i}. */
    int physical(int i) {
        return top + i & 7;
    }

    /** Whether stack register {@code i} is empty. */
    boolean empty(int i) {
        return (valid >> physical(i) & 1) == 0;
    }

    /** Takes stack register {@code i} apart. */
    void get(int i, Unpacked to) {
        int p = physical(i);
        to.unpack80(significand[p], signExponent[p]);
    }

    /** Writes stack register {@code i}, which is in use then. */
    void set(int i, Unpacked from) {
        setRaw(i, from.significand80(), from.signExponent80());
    }

    /** Writes stack register {@code i}, which is in use then. */
    void setRaw(int i, long newSignificand, int newSignExponent) {
        int p = physical(i);
        significand[p] = newSignificand;
        signExponent[p] = newSignExponent;
        valid |= 1 << p;
    }

    /** Makes the register below the top the top: its value is to be set. */
    void push() {
        top = top - 1 & 7;
    }

    /** Empties the top register. */
    void pop() {
        valid &= ~(1 << top);
        top = top + 1 & 7;
    }

    /** Begins an instruction that may raise exceptions. */
    void begin() {
        soft.begin(control >> 10 & 3, control & EXCEPTIONS, false);
        status &= ~C1;
    }

    /** Precision that the control word asks for, in bits. */
    int precision() {
        return switch (control >> 8 & 3) {
            case 0 -> 24;
            case 2 -> 53;
            default -> 64;
        };
    }

    /** Rounds the result to {@code bits} bits and the exponents of the 80-bit format. */
    void round(int bits) {
        soft.round(z, bits, 1 - Unpacked.BIAS, Unpacked.BIAS);
    }

    /** Tells the status word what was raised. True if the instruction goes on to write its result. */
    boolean end() {
        boolean goesOn = !soft.prevented();
        if (soft.flags != 0) {
            status |= soft.flags;
            if ((soft.flags & ~soft.masks) != 0) {
                status |= WAITING;
            }
        }
        if (goesOn && soft.roundedUp) {
            status |= C1;
        }
        return goesOn;
    }

    /** An operand is empty, or the register below the top is not: the result is indefinite. True if it is to be written. */
    boolean stackFault(boolean overflow) {
        z.setIndefinite();
        soft.flags = SoftFloat.INVALID;
        status |= STACK_FAULT | (overflow ? C1 : 0);
        return end();
    }

    /** z = what an operation on x and y yields if one of them is a NaN or unsupported. */
    void nan(Unpacked a, Unpacked b) {
        if (a.kind == Unpacked.UNSUPPORTED || b.kind == Unpacked.UNSUPPORTED) {
            soft.invalid(z);
            return;
        }
        boolean signalling = a.kind == Unpacked.SIGNALLING_NAN || b.kind == Unpacked.SIGNALLING_NAN;
        if (signalling) {
            soft.flags |= SoftFloat.INVALID;
        }
        z.set(survivor(a, b));
        z.kind = Unpacked.QUIET_NAN;
        z.significand |= Unpacked.QUIET;
    }

    /** The NaN that survives: a quiet one beside a signalling one, else the one with the greater significand, else the positive one. */
    private static Unpacked survivor(Unpacked a, Unpacked b) {
        if (!a.isNan() || !b.isNan()) {
            return a.isNan() ? a : b;
        }
        if (a.kind != b.kind) {
            return a.kind == Unpacked.QUIET_NAN ? a : b;
        }
        int order = Long.compareUnsigned(a.significand, b.significand);
        return order != 0 ? order > 0 ? a : b : a.negative ? b : a;
    }
}
