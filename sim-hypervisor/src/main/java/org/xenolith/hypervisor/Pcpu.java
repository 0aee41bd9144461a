package org.xenolith.hypervisor;

import java.util.Arrays;

/**
 * A physical CPU: its local clock, what it runs, and where its cycles went. At any moment every cycle up to
 * {@link #clock} is accounted as guest, hypervisor or idle.
 */
public final class Pcpu implements Hypervisor.EventOwner {
    /** A time no run lasts to. */
    private static final long PUT_OFF = Long.MAX_VALUE - 1;

    private final Hypervisor hypervisor;
    private final int id;
    /** The cpupool it is in, or leaves; null if it is free. */
    CpuPool pool;

    /** Whether it leaves its pool and still runs something. */
    boolean leaving;

    /** Up to when this pCPU's doings are known, cycles. While it is idle or in a guest, since when it has been. */
    long clock;

    /** vCPU it runs, or null if idle. */
    Vcpu current;

    /** Whether it is to decide anew before it returns to a guest. */
    boolean scheduleSoftirq;

    /** Under core scheduling: the pCPUs it is scheduled together with; otherwise null. */
    SchedResource resource;

    /** Under core scheduling: whether a sibling calls it. */
    boolean slaveSoftirq;

    /** Whether it waits in the hypervisor for its siblings. */
    boolean waiting;

    /** Events that came while it waited, by slot. */
    private int[] putOff = new int[4];

    private int putOffCount;

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

    Pcpu(Hypervisor hypervisor, int id) {
        this.hypervisor = hypervisor;
        this.id = id;
        this.exitSlot = hypervisor.allocate(this);
        this.ipiSlot = hypervisor.allocate((Hypervisor.EventOwner) time -> hypervisor.interrupted(this, time));
        this.sliceTimer = new XenTimer(hypervisor, id, now -> scheduleSoftirq = true);
    }

    @Override
    public void fire(long time) {
        hypervisor.guestExited(this, time);
    }

    /** Brings what it does up to {@code time}: it idles, or its guest runs and may stop for something exactly then. */
    void advance(long time) {
        long elapsed = time - clock;
        Vcpu v = current;
        if (waiting) {
            hypervisorCycles += elapsed;
        } else if (v == null) {
            idleCycles += elapsed;
        } else {
            long lost = Math.min(elapsed, v.refillDebt);
            v.refillDebt -= lost;
            clock += lost;
            if (!v.exitPending) {
                long used = v.guest.run(elapsed - lost, v.exit);
                v.exitPending = v.exit.reason != GuestExit.Reason.BUDGET;
                if (used != elapsed - lost) {
                    throw new IllegalStateException(
                            v + " stopped " + (elapsed - lost - used) + " cycles early, inside its lookahead");
                }
            }
            guestCycles += elapsed;
        }
        clock = time;
    }

    /** Runs its guest for {@code budget} cycles or until it stops for something; returns whether it did. */
    boolean step(long budget) {
        Vcpu v = current;
        long lost = Math.min(budget, v.refillDebt);
        v.refillDebt -= lost;
        clock += lost;
        guestCycles += lost;
        long used = v.guest.run(budget - lost, v.exit);
        clock += used;
        guestCycles += used;
        v.exitPending = v.exit.reason != GuestExit.Reason.BUDGET;
        return v.exitPending;
    }

    /** Spends {@code cycles} in the hypervisor. */
    void work(long cycles) {
        clock += cycles;
        hypervisorCycles += cycles;
    }

    /** Puts the event of {@code slot} off until it does not wait any more; it may be moved or cancelled meanwhile. */
    void putOff(int slot) {
        hypervisor.arm(slot, PUT_OFF);
        if (putOffCount == putOff.length) {
            putOff = Arrays.copyOf(putOff, 2 * putOffCount);
        }
        putOff[putOffCount++] = slot;
    }

    /** It does not wait any more: what was put off comes now. */
    void takeUp() {
        for (int i = 0; i < putOffCount; i++) {
            if (hypervisor.timeOf(putOff[i]) == PUT_OFF) {
                hypervisor.arm(putOff[i], clock);
            }
        }
        putOffCount = 0;
    }

    /** The run ends at {@code end}, or goes on after it: checks that no cycle is lost or counted twice. */
    void settle(long end) {
        long sum = guestCycles + hypervisorCycles + idleCycles;
        overshoot = clock - end;
        if (sum != clock) {
            throw new IllegalStateException(this + ": time is not conserved: " + sum + " of " + clock + " cycles");
        }
    }

    /** Its number. */
    public int id() {
        return id;
    }

    /** The cpupool it is in, or leaves at present; null if it is free. */
    public CpuPool pool() {
        return pool;
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
        return current == null ? idleTraceWord() : current.traceWord();
    }

    /** The same of its idle vCPU. */
    int idleTraceWord() {
        return Hypervisor.IDLE_DOMAIN << 16 | id;
    }

    @Override
    public String toString() {
        return "pCPU " + id;
    }
}
