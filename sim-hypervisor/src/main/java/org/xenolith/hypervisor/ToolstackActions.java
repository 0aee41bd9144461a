package org.xenolith.hypervisor;

import java.util.ArrayDeque;

/**
 * What the toolstack does at set times, one thing after the other: while what it asked for last is still going on (a pCPU leaves its pool, a
 * domain moves or ends), it asks again a little later, as {@code xl} does, and does nothing else.
 */
final class ToolstackActions {
    private static final long RETRY_NANOS = 10_000;

    private final Hypervisor hypervisor;
    private final ArrayDeque<Runnable> due = new ArrayDeque<>();
    private final int retrySlot;

    ToolstackActions(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
        this.retrySlot = hypervisor.allocate(this::next);
    }

    /** The time of {@code action} has come. */
    void fire(long time, Runnable action) {
        due.add(action);
        if (due.size() == 1) {
            next(time);
        }
    }

    private void next(long time) {
        hypervisor.onPcpu0(() -> {
            while (!due.isEmpty() && !hypervisor.isSettling()) {
                due.remove().run();
            }
        });
        if (!due.isEmpty()) {
            hypervisor.arm(retrySlot, time + hypervisor.clock().toCycles(RETRY_NANOS));
        }
    }
}
