package org.xenolith.guest;

import java.util.ArrayDeque;

/** A counting semaphore of a {@link GuestOs}; those who wait for it are served in the order they came. */
final class OsSemaphore {
    private long count;
    private final ArrayDeque<OsTask> waiting = new ArrayDeque<>(1);

    /** Adds one; returns the task that gets it and is to be woken, or null if none waits. */
    OsTask post() {
        OsTask next = waiting.poll();
        if (next == null) {
            count++;
        }
        return next;
    }

    /** Takes one; if there is none {@code task} waits, and it returns false. */
    boolean take(OsTask task) {
        if (count > 0) {
            count--;
            return true;
        }
        waiting.add(task);
        return false;
    }
}
