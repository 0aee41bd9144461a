package org.xenolith.hypervisor;

/**
 * A physical CPU: its local clock, what it runs, and where its cycles went. At any moment every cycle up to
 * {@link #clock} is accounted as guest, hypervisor or idle.
 */
public final class Pcpu implements Hypervisor.EventOwner {
    private final Hypervisor hypervisor;
    private final int id;
    final CpuPool pool;

    /** Up to when this pCPU's doings are known, cycles. While it is idle or in a guest, since when it has been. */
    long clock;

    /** vCPU it runs, or null if idle. */
    Vcpu current;

    /** Whether it is to decide anew before it returns to a guest. */
    boolean scheduleSoftirq;

    /** Whether its guest promises nothing and is run step by step. */
    boolean stepping;

    /** Event: the guest's next exit. */
    final int exitSlot;

    /** Event: an interrupt from another pCPU. */
    final int ipiSlot;

    final XenTimer sliceTimer;

    /** vCPU that ran here last, idle aside. */
    Vcpu lastVcpu;

    /** When timers were handled last, cycles. */
    long timersHandledAt = Long.MIN_VALUE / 2;

    long idleSince;

    /** Work of the hypervisor that was begun before the end of the run and counted whole: what lies behind the end. */
    long overshoot;

    long guestCycles;
    long hypervisorCycles;
    long idleCycles;

    Pcpu(Hypervisor hypervisor, int id, CpuPool pool) {
        this.hypervisor = hypervisor;
        this.id = id;
        this.pool = pool;
        this.exitSlot = hypervisor.allocate(this);
        this.ipiSlot = hypervisor.allocate((Hypervisor.EventOwner) time -> hypervisor.interrupted(this, time));
        this.sliceTimer = new XenTimer(hypervisor, id, now -> scheduleSoftirq = true);
    }

    @Override
    public void fire(long time) {
        hypervisor.guestExited(this, time);
    }

    /** Its number. */
    public int id() {
        return id;
    }

    /** The vCPU it runs, or null if it is idle. */
    public Vcpu current() {
        return current;
    }

    /** Cycles spent in guests. */
    public long guestCycles() {
        return guestCycles;
    }

    /** Cycles spent in the hypervisor. */
    public long hypervisorCycles() {
        return hypervisorCycles - overshoot;
    }

    /** Cycles spent idle. */
    public long idleCycles() {
        return idleCycles;
    }

    /** Domain and vCPU of what it runs as trace records carry them; the idle vCPU's if it is idle. */
    int currentTraceWord() {
        return current == null ? Hypervisor.IDLE_DOMAIN << 16 | id : current.traceWord();
    }

    @Override
    public String toString() {
        return "pCPU " + id;
    }
}
