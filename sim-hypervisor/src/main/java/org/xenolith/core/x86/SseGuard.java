package org.xenolith.core.x86;

/** Whether SSE, MMX and x87 may be used: what CR0 and CR4 say. */
final class SseGuard {
    /** CR0: no x87. */
    static final int CR0_EM = 4;

    /** CR0: the task was switched. */
    static final int CR0_TS = 8;

    /** CR4: the system saves SSE state. */
    static final int CR4_OSFXSR = 1 << 9;

    /** CR4: the system takes #XM. */
    static final int CR4_OSXMMEXCPT = 1 << 10;

    /** x87: the status word's exception summary. */
    static final int PENDING = 0x80;

    private SseGuard() {}

    /** Before every SSE instruction: #UD or #NM if the system does not let it. */
    static void sse(Cpu c) {
        if ((c.system.cr0 & (CR0_EM | CR0_TS)) != 0 || (c.system.cr4 & CR4_OSFXSR) == 0) {
            throw refuseSse(c);
        }
    }

    private static Fault refuseSse(Cpu c) {
        boolean undefined = (c.system.cr0 & CR0_EM) != 0 || (c.system.cr4 & CR4_OSFXSR) == 0;
        return c.raise(undefined ? Fault.UD : Fault.NM);
    }

    /** Before every MMX instruction: #UD, #NM, or #MF for an x87 exception that waits. */
    static void mmx(Cpu c) {
        if ((c.system.cr0 & CR0_EM) != 0) {
            throw c.raise(Fault.UD);
        }
        x87(c);
    }

    /** Before every x87 instruction that waits for exceptions: #NM or #MF. */
    static void x87(Cpu c) {
        x87NoWait(c);
        if ((c.fpu.status & PENDING) != 0) {
            throw c.raise(Fault.MF);
        }
    }

    /** Before the x87 instructions that do not wait: #NM. */
    static void x87NoWait(Cpu c) {
        if ((c.system.cr0 & (CR0_EM | CR0_TS)) != 0) {
            throw c.raise(Fault.NM);
        }
    }

    /** Raises #GP unless {@code address} is a multiple of 16. */
    static void aligned(Cpu c, long address) {
        if ((address & 15) != 0) {
            throw c.raise(Fault.GP);
        }
    }
}
