package org.xenolith.scheduler;

import org.xenolith.hypervisor.XenTimer;

/** The runqueue of one pCPU under {@link Credit}: by priority class, first in first out within a class. */
final class CreditRunqueue {
    CreditUnit first;
    private CreditUnit last;

    /** Units that wait here or run here. */
    int runnable;

    /** Accounting epoch in which it was sorted last. */
    int sortedEpoch;

    /** pCPU that was picked last as an idle one near this. */
    int idleBias;

    /** The tick. */
    XenTimer ticker;

    /** System time at which this pCPU looked for work elsewhere last. */
    long lastBalanceNanos = Long.MIN_VALUE / 2;

    /** Queues {@code u} behind its equals; if it yields, behind one more that is of lower priority. */
    void insert(CreditUnit u) {
        CreditUnit next = first;
        while (next != null && u.priority <= next.priority) {
            next = next.after;
        }
        if (u.yielding && next != null) {
            next = next.after;
        }
        insertBefore(u, next);
    }

    private void insertBefore(CreditUnit u, CreditUnit next) {
        u.after = next;
        u.before = next == null ? last : next.before;
        if (u.before == null) {
            first = u;
        } else {
            u.before.after = u;
        }
        if (next == null) {
            last = u;
        } else {
            next.before = u;
        }
        u.queued = true;
    }

    void remove(CreditUnit u) {
        if (u.before == null) {
            first = u.after;
        } else {
            u.before.after = u.after;
        }
        if (u.after == null) {
            last = u.before;
        } else {
            u.after.before = u.before;
        }
        u.before = null;
        u.after = null;
        u.queued = false;
    }

    /** Moves those that have credit in front of those that have not, keeping the order otherwise: one pass. */
    void sort() {
        CreditUnit firstOver = first;
        while (firstOver != null && firstOver.priority >= Credit.UNDER) {
            firstOver = firstOver.after;
        }
        CreditUnit u = firstOver;
        while (u != null) {
            CreditUnit next = u.after;
            if (u.priority >= Credit.UNDER) {
                remove(u);
                insertBefore(u, firstOver);
            }
            u = next;
        }
    }
}
