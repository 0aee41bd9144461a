package org.xenolith.scheduler;

import java.util.List;
import org.xenolith.guest.Workload;

/** A guest as it was recorded: wakes when it woke, and does the work it did. */
final class Recorded implements Workload {
    private final List<long[]> bursts;
    private final long shift;
    private int next;
    private boolean slept;

    /**
     * @param bursts time of waking and work, cycles of 1 ns
     * @param shift what is added to the times
     */
    Recorded(List<long[]> bursts, long shift) {
        this.bursts = bursts;
        this.shift = shift;
    }

    @Override
    public void next(Task task) {
        if (next == bursts.size()) {
            task.sleepFor(1_000_000_000_000L);
        } else if (!slept && task.nowNanos() < bursts.get(next)[0] + shift) {
            slept = true;
            task.sleepUntil(bursts.get(next)[0] + shift);
        } else {
            slept = false;
            task.compute(bursts.get(next++)[1]);
        }
    }
}
