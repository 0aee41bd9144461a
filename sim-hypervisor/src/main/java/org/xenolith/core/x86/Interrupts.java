package org.xenolith.core.x86;

/**
 * How exceptions and interrupts reach the guest, and what the execution loop has to look after between instructions: stops, single
 * steps, the shadow in which no interrupt comes, and the window in which one may.
 *
 * <p>The loop asks {@link #attend} before each block while {@link Cpu#attention} is set, and hands {@link #deliver} each fault it
 * catches. Whoever changes what interrupts depend on calls {@link #flagsChanged} or {@link #shadow}.
 */
public final class Interrupts {
    private final Cpu c;

    /** 0 none; 1 the next instruction is in the shadow; 2 it has been started. */
    private int shadow;

    /** Whether the instruction that is executed ends in a single-step trap. */
    private boolean stepping;

    private boolean windowWanted;
    private boolean shutDown;

    Interrupts(Cpu c) {
        this.c = c;
    }

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
        if (shadow == 2) {
            shadow = 0;
        }
        if (stepping && shadow == 0) {
            stepping = false;
            c.system.debug[6] |= 1 << 14;
            exception(Fault.DB, -1, 0);
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

    /** External interrupt {@code vector} (0 to 255), now: for a guest that is {@link #interruptible}. */
    public void interrupt(int vector) {
        exception(vector, -1, 0);
    }

    /** Delivers {@code fault}, which the instruction at rip raised; the guest goes on in its handler, or the run stops. */
    void deliver(Fault fault) {
        if (fault.vector == Fault.STOP) {
            return;
        }
        exception(fault.vector, fault.errorCode, fault.address);
    }

    private void exception(int vector, int errorCode, long address) {
        shadow = 0;
        stepping = false;
        if (vector == Fault.PF) {
            c.system.cr2 = address;
        }
        if (c.deprivileged) {
            c.stop(CpuExit.Reason.EXCEPTION);
            c.exit.number = vector;
            c.exit.errorCode = errorCode;
            c.exit.address = address;
            c.exit.software = false;
        } else {
            shutDown = true;
            c.stop(CpuExit.Reason.TRIPLE_FAULT);
        }
    }
}
