package org.xenolith.core.x86;

/**
 * How exceptions and interrupts reach the guest, and what the execution loop has to look after between instructions: stops, single
 * steps, the shadow in which no interrupt comes, and the window in which one may.
 *
 * <p>The loop asks {@link #attend} before each block while {@link Cpu#attention} is set, and hands {@link #deliver} each fault it
 * catches. Whoever changes what interrupts depend on calls {@link #flagsChanged} or {@link #shadow}.
 */
public final class Interrupts {
    private static final long SINGLE_STEP = 1 << 14; // of dr6

    private final Cpu c;
    private final Gates gates;

    /** 0 none; 1 the next instruction is in the shadow; 2 it has been started. */
    private int shadow;

    /** Whether the instruction that is executed ends in a single-step trap. */
    private boolean stepping;

    private boolean windowWanted;
    private boolean shutDown;

    Interrupts(Cpu c) {
        this.c = c;
        this.gates = new Gates(c);
    }

    /** As after a reset: nothing is due, nothing wanted. */
    void reset() {
        entered();
        windowWanted = false;
        shutDown = false;
    }

    // ---------------------------------------------------------------------------------------- between instructions

    /**
     * Does what is due between two instructions. Tells how many instructions may be executed before it is called again: 0 ends the
     * run ({@link CpuExit} says why), 1, or {@link Long#MAX_VALUE} for as many as one likes.
     */
    long attend() {
        if (shutDown) {
            c.stop(CpuExit.Reason.TRIPLE_FAULT);
        }
        if (c.stopping) {
            return 0;
        }
        if (c.mmu.io.replay()) {
            return 1;
        }
        if (shadow == 2) {
            shadow = 0;
        }
        if (stepping && shadow == 0) {
            stepping = false;
            c.system.debug[6] |= SINGLE_STEP;
            exception(Fault.DB, -1, 0, 0);
            if (c.stopping) {
                return 0;
            }
        }
        if (windowWanted && interruptible()) {
            windowWanted = false;
            c.stop(CpuExit.Reason.WINDOW);
            return 0;
        }
        stepping = (c.otherFlags & Cpu.TF) != 0;
        if (shadow == 1) {
            shadow = 2;
            return 1;
        }
        c.attention = stepping;
        return stepping ? 1 : Long.MAX_VALUE;
    }

    /** RFLAGS may have changed in its interrupt or trap flag. */
    void flagsChanged() {
        if ((c.otherFlags & (Cpu.TF | Cpu.IF)) != 0) {
            c.attention = true;
        }
    }

    /** No interrupt comes before the next instruction is over: behind {@code sti} and loads of ss. */
    void shadow() {
        shadow = 1;
        c.attention = true;
    }

    /** Whether the guest would take an external interrupt before its next instruction. */
    public boolean interruptible() {
        return (c.otherFlags & Cpu.IF) != 0 && shadow != 1 && !c.mmu.io.pending();
    }

    /** Ends a run with {@link CpuExit.Reason#WINDOW} as soon as the guest is {@link #interruptible}, once. */
    public void requestWindow() {
        windowWanted = true;
        c.attention = true;
    }

    /** Takes {@link #requestWindow} back. */
    public void cancelWindow() {
        windowWanted = false;
    }

    // ----------------------------------------------------------------------------------------------------- delivery

    /** External interrupt {@code vector} (0 to 255), now: for a guest that is {@link #interruptible}. */
    public void interrupt(int vector) {
        exception(vector, -1, 0, 0);
    }

    /**
     * Exception {@code vector} (0 to 31), now, as if the instruction at rip had raised it: for an embedder that refuses what the guest
     * asked of it.
     *
     * @param errorCode 0 if the exception has none
     */
    public void inject(int vector, int errorCode) {
        exception(vector, Fault.hasErrorCode(vector) ? errorCode : -1, c.system.cr2, Gates.RESUME);
    }

    /** Delivers {@code fault}, which the instruction at rip raised; the guest goes on in its handler, or the run stops. */
    void deliver(Fault fault) {
        c.mmu.io.clear();
        exception(fault.vector, fault.errorCode, fault.address, fault.vector == Fault.DB ? 0 : Gates.RESUME);
    }

    /**
     * Software interrupt {@code vector}; the handler returns to {@code next}.
     *
     * @param checked whether the gate must be open to the present privilege: not so for {@code int1}
     */
    void software(int vector, long next, boolean checked) {
        if (c.deprivileged) {
            c.rip = next;
            exit(vector, -1, 0, true);
        } else {
            gates.enter(vector, -1, checked ? Gates.SOFTWARE : Gates.EXTERNAL, next, 0);
        }
        entered();
    }

    private void entered() {
        shadow = 0;
        stepping = false;
    }

    private void exit(int vector, int errorCode, long address, boolean software) {
        c.stop(CpuExit.Reason.EXCEPTION);
        c.exit.number = vector;
        c.exit.errorCode = errorCode;
        c.exit.address = address;
        c.exit.software = software;
    }

    private void exception(int firstVector, int firstError, long firstAddress, long resume) {
        entered();
        int vector = firstVector;
        int error = firstError;
        long address = firstAddress;
        while (true) {
            if (vector == Fault.PF) {
                c.system.cr2 = address;
            }
            if (c.deprivileged) {
                exit(vector, error, address, false);
                return;
            }
            try {
                gates.enter(vector, error, Gates.EXTERNAL, c.rip, resume);
                return;
            } catch (Fault second) {
                if (vector == Fault.DF) {
                    shutDown = true;
                    c.stop(CpuExit.Reason.TRIPLE_FAULT);
                    return;
                }
                boolean both = contributory(vector) && contributory(second.vector)
                        || vector == Fault.PF && (second.vector == Fault.PF || contributory(second.vector));
                vector = both ? Fault.DF : second.vector;
                error = both ? 0 : second.errorCode;
                address = second.address;
            }
        }
    }

    /** Whether two such exceptions in a row make a double fault. */
    private static boolean contributory(int vector) {
        return vector == Fault.DE || vector >= Fault.TS && vector <= Fault.GP;
    }
}
