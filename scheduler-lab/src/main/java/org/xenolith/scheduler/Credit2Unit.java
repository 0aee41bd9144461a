package org.xenolith.scheduler;

import org.xenolith.hypervisor.SchedUnit;

/** What {@link Credit2} keeps of one unit. Credits and budgets are nanoseconds. */
final class Credit2Unit {
    /** Budget of a unit whose domain has no cap. */
    static final long UNCAPPED = Long.MAX_VALUE;

    final SchedUnit unit;
    final Credit2Cap cap;

    /** Runqueue it belongs to, whether queued, running or blocked. */
    Credit2Runqueue runqueue;

    long credit = Credit2.CREDIT_INIT;
    int weight;

    /** What was left over when credits were last divided by the weight. */
    long residual;

    /** System time from which on it is still to be charged. */
    long startNanos;

    /** Time it may still run before it must ask its domain for more; {@link #UNCAPPED} without a cap. */
    long budget = UNCAPPED;

    /** How much it takes out of the domain's budget at a time. */
    long quota;

    /** Its own load, averaged: 1 is {@code 1 << precision}. */
    long load;

    /** When {@link #load} was last brought up to date, in units of 1024 ns. */
    long loadUpdated;

    /** Chosen by a pCPU that has not let go of it yet. */
    boolean scheduled;

    /** To be queued as soon as its pCPU has let go of it. */
    boolean requeue;

    /** Gives way at the next decision. */
    boolean yielding;

    /** Hard affinity is a single pCPU. */
    boolean pinned;

    /** Prefers some of the pCPUs it may run on. */
    boolean hasSoftAffinity;

    /** Runqueue that the load balancer has ordered it to, or null. */
    Credit2Runqueue orderedTo;

    /** pCPU that has been tickled to run it, -1 if none. */
    int tickledPcpu = -1;

    boolean queued;
    Credit2Unit before;
    Credit2Unit after;

    Credit2Unit(SchedUnit unit, Credit2Cap cap, int weight, int loadPrecision, long now) {
        this.unit = unit;
        this.cap = cap;
        this.weight = weight;
        this.load = 1L << (loadPrecision - 1);
        this.loadUpdated = now >> Credit2Load.GRANULARITY_SHIFT;
    }

    boolean isCapped() {
        return budget != UNCAPPED;
    }

    @Override
    public String toString() {
        return unit + " credit " + credit;
    }
}
