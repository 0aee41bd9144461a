package org.xenolith.scheduler;

import org.xenolith.guest.Workload;

/**
 * A guest that does one thing, sleeps, and does another from then on: so that it is asleep when it is paused and unpaused.
 *
 * @param first what it does at first
 * @param until system time from which on it sleeps, ns; it ends what it is doing
 * @param again when it wakes, ns
 * @param then what it does then
 */
record Interrupted(Workload first, long until, long again, Workload then) implements Workload {
    @Override
    public void next(Task task) {
        long now = task.nowNanos();
        if (now < until) {
            first.next(task);
        } else if (now < again) {
            task.sleepUntil(again);
        } else {
            then.next(task);
        }
    }
}
