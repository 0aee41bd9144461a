package org.xenolith.hypervisor;

/**
 * A software timer of the hypervisor, bound to a pCPU on which its handler runs; Xen's {@code struct timer}. Times are
 * nanoseconds of system time.
 */
public final class XenTimer {
    /** What happens when a timer expires. */
    @FunctionalInterface
    public interface Handler {
        /** The timer expired; {@code now} is the system time at which it is handled. The timer is no longer set. */
        void expired(long now);
    }

    /** A time no run lasts to, 18 years; later ones are taken for it. */
    static final long NEVER = 1L << 59;

    private final Hypervisor hypervisor;
    final Handler handler;
    final int slot;
    int pcpu;

    /** When it expires, cycles; its interrupt may come later. */
    long expiry;

    XenTimer(Hypervisor hypervisor, int pcpu, Handler handler) {
        this.hypervisor = hypervisor;
        this.pcpu = pcpu;
        this.handler = handler;
        this.slot = hypervisor.allocate(this);
    }

    /** Sets the timer for {@code nanos}; in place of what it was set to. A time in the past expires at once. */
    public void set(long nanos) {
        hypervisor.setTimer(this, nanos);
    }

    /** Stops the timer, if it is set. */
    public void stop() {
        hypervisor.stopTimer(this);
    }

    /** Whether the timer is set. */
    public boolean isSet() {
        return hypervisor.isTimerSet(this);
    }

    /** Binds the timer to another pCPU; if it is set it stays so. */
    public void migrate(int pcpu) {
        this.pcpu = pcpu;
    }

    /** The pCPU the timer is bound to. */
    public int pcpu() {
        return pcpu;
    }
}
