package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.XenTimer;

/** A pCPU under {@link Bvt}: who is runnable there, the one that runs included, in the order in which they were queued. */
final class BvtPcpu {
    /** Ends a slice early because a unit woke up. */
    final XenTimer preemption;

    /** System virtual time. */
    long svt;

    /** Units whose pCPU it is. */
    int placed;

    /** When the present slice ends, ns. */
    long sliceEnd;

    private final List<BvtUnit> queue = new ArrayList<>();

    BvtPcpu(XenTimer preemption) {
        this.preemption = preemption;
    }

    int size() {
        return queue.size();
    }

    BvtUnit get(int i) {
        return queue.get(i);
    }

    void addFirst(BvtUnit u) {
        queue.add(0, u);
        u.queued = true;
    }

    void addLast(BvtUnit u) {
        queue.add(u);
        u.queued = true;
    }

    void remove(BvtUnit u) {
        queue.remove(u);
        u.queued = false;
    }

    /** Has the present slice end at {@code nanos} if it lasts longer. */
    void preemptAt(long nanos) {
        if (nanos < sliceEnd) {
            sliceEnd = nanos;
            preemption.set(nanos);
        }
    }
}
