package org.xenolith.guest;

import java.util.ArrayList;
import java.util.List;

/** A barrier of a {@link GuestOs}: tasks that come wait, burning cycles for a while and then asleep, until all have come. */
final class OsBarrier implements OsWait {
    private final int parties;
    private final long patienceNanos;
    private final List<OsTask> asleep = new ArrayList<>();
    private int come;
    private long phase;

    /** A barrier for {@code parties} tasks, at which each burns cycles for {@code patienceNanos} ns at most before it sleeps. */
    OsBarrier(int parties, long patienceNanos) {
        this.parties = parties;
        this.patienceNanos = patienceNanos;
    }

    /** {@code task} has come; returns whether it is the last, so that {@link #asleep} are to be woken. */
    boolean come(OsTask task) {
        task.phase = phase;
        if (++come < parties) {
            return false;
        }
        come = 0;
        phase++;
        return true;
    }

    /** Those who wait asleep; whoever wakes them clears it. */
    List<OsTask> asleep() {
        return asleep;
    }

    /** How often all have come. */
    long phase() {
        return phase;
    }

    @Override
    public boolean passes(OsTask task) {
        return task.phase != phase;
    }

    @Override
    public long patienceNanos() {
        return patienceNanos;
    }

    @Override
    public boolean keepsVcpu() {
        return false;
    }

    @Override
    public void burned(OsTask task, long cycles, Workload.Task vcpu) {}
}
