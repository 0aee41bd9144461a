package org.xenolith.guest;

import java.util.ArrayDeque;

/**
 * A spinlock of a {@link GuestOs}'s kernel. Who holds it or waits for it keeps its vCPU from running other tasks; so if the hypervisor
 * preempts the vCPU of the holder, all who want the lock wait for the hypervisor (lock-holder preemption), and where waiters are
 * served in order, so they do if it preempts the next in line (lock-waiter preemption).
 *
 * <p>A waiter looks at the lock and burns cycles in between. With patience that has an end it then has the hypervisor
 * halt its vCPU, and whoever releases the lock kicks it: the paravirtual lock of Linux on Xen, which polls an event channel.
 */
final class OsLock implements OsWait {
    private final boolean ordered;
    private final long patienceNanos;
    private final ArrayDeque<OsTask> waiting = new ArrayDeque<>();
    private OsTask holder;
    private boolean holderSeenPreempted;

    /** How often it was taken. */
    long acquisitions;

    /** How often the holder was seen preempted by one who waited. */
    long holderPreemptions;

    /** Cycles that waiters burned. */
    long burnedCycles;

    /** Of these, while the holder was preempted. */
    long holderPreemptedCycles;

    /** Of these, while the lock was free but the next in line was preempted. */
    long waiterPreemptedCycles;

    /** How often a waiter's vCPU was kicked. */
    long kicks;

    /**
     * A free lock.
     *
     * @param ordered waiters get it in the order they came, rather than whoever looks first
     * @param patienceNanos burning for so long, in ns, a waiter has its vCPU halted; {@link #FOREVER} for never
     */
    OsLock(boolean ordered, long patienceNanos) {
        this.ordered = ordered;
        this.patienceNanos = patienceNanos;
    }

    /** {@code task} wants the lock; {@link #passes} tells whether it has it. */
    void want(OsTask task) {
        waiting.add(task);
    }

    /**
     * {@code task}, which holds it, releases it; returns a waiter whose vCPU has halted and is to be kicked, or null. While one that
     * was kicked is still to wake nobody is.
     */
    OsTask release(OsTask task) {
        if (holder != task) {
            throw new IllegalStateException("task " + task.id + " releases a lock that it does not hold");
        }
        holder = null;
        for (OsTask next : waiting) {
            if (next.halted && !next.kicked) {
                next.kicked = true;
                kicks++;
                return next;
            }
            if (ordered || next.halted) {
                return null; // it looks, or is about to
            }
        }
        return null;
    }

    @Override
    public boolean passes(OsTask task) {
        if (holder != null || ordered && waiting.peek() != task) {
            return false;
        }
        waiting.remove(task);
        holder = task;
        holderSeenPreempted = false;
        task.locks++;
        acquisitions++;
        return true;
    }

    @Override
    public long patienceNanos() {
        return patienceNanos;
    }

    @Override
    public boolean keepsVcpu() {
        return true;
    }

    @Override
    public void burned(OsTask task, long cycles, Workload.Task vcpu) {
        burnedCycles += cycles;
        if (holder == null) {
            if (ordered && waiting.peek() != task && vcpu.isPreempted(waiting.peek().vcpu)) {
                waiterPreemptedCycles += cycles;
            }
        } else if (vcpu.isPreempted(holder.vcpu)) {
            holderPreemptedCycles += cycles;
            if (!holderSeenPreempted) {
                holderSeenPreempted = true;
                holderPreemptions++;
            }
        }
    }
}
