package org.xenolith.scheduler;

import org.xenolith.hypervisor.SchedUnit;

/** What {@link Credit} keeps of one unit. */
final class CreditUnit {
    final SchedUnit unit;
    final CreditDomain domain;
    int priority = Credit.UNDER;
    int credit;

    /** Remainder of the last charge: a credit is a million of these. */
    long residual;

    /** System time from which on it is still to be charged, while it runs. */
    long startNanos;

    /** Time it ran that was not charged when it stopped, ns. */
    long unchargedNanos;

    /** System time at which it stopped running last. */
    long lastRanNanos;

    /** On its domain's list of units that earn credits. */
    boolean active;

    /** Paused because its domain's cap is used up. */
    boolean parked;

    /** Gives way at the next decision. */
    boolean yielding;

    /** Was placed anew since it woke last. */
    boolean migrating;

    /** Hard affinity is a single pCPU. */
    boolean pinned;

    /** Prefers some of the pCPUs it may run on. */
    boolean hasSoftAffinity;

    boolean queued;
    CreditUnit before;
    CreditUnit after;

    CreditUnit(SchedUnit unit, CreditDomain domain) {
        this.unit = unit;
        this.domain = domain;
    }

    @Override
    public String toString() {
        return unit + " " + Credit.priorityName(priority) + " " + credit;
    }
}
