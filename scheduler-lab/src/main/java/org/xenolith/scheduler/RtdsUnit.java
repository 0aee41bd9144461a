package org.xenolith.scheduler;

import org.xenolith.hypervisor.SchedUnit;

/** What {@link Rtds} keeps of one unit: its reservation and how much of it is left. Times are nanoseconds. */
final class RtdsUnit {
    final SchedUnit unit;

    /** Its place among those that may run, or among the depleted. */
    final RtdsQueue.Place turn = new RtdsQueue.Place(this);

    /** Its place among those that are to be replenished: while it is queued or runs. */
    final RtdsQueue.Place refill = new RtdsQueue.Place(this);

    long period;
    long budget;
    boolean extratime;

    /** Budget left until {@link #deadline}, which is the end of its present period. */
    long left;

    long deadline;

    /** How many budgets it has used up since its last replenishment, with extra time; 0 is its guaranteed time. */
    long level;

    /** System time up to which it is charged. */
    long chargedUntil;

    /** Has used up its budget, and was not replenished on a queue since. */
    boolean depleted;

    RtdsUnit(SchedUnit unit) {
        this.unit = unit;
    }

    /** Whether it has priority over {@code other}: the lower level has, among equal levels the earlier deadline. */
    boolean isAheadOf(RtdsUnit other) {
        return level != other.level ? level < other.level : deadline < other.deadline;
    }

    /** Whether it is on one of the queues on which units wait for a pCPU or for budget. */
    boolean isQueued() {
        return turn.queue != null;
    }

    @Override
    public String toString() {
        return unit + " level " + level + " deadline " + deadline + " left " + left;
    }
}
