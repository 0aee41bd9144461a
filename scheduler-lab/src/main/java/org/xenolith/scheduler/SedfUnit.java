package org.xenolith.scheduler;

import org.xenolith.hypervisor.SchedUnit;

/** What {@link Sedf} keeps of a unit. Times are nanoseconds. */
final class SedfUnit {
    /** In what right a unit runs, the strongest first. */
    enum Mode {
        /** In its reserved slice. */
        RESERVED,
        /** In extra time, as compensation for slices lost by blocking. */
        COMPENSATION,
        /** In extra time, by weight. */
        EXTRA
    }

    private static final long MILLI = 1_000_000;

    final SchedUnit unit;

    /** Reserved time and its period. */
    long slice;

    long period;

    /** Share of what is not reserved, in the weight-driven mode; 0 outside it. */
    long weight;

    /** Share of extra time; 0 for as much as its reservation. */
    private long extraWeight;

    /** Whether it takes extra time. */
    boolean takesExtra;

    long deadline;

    /** Time used of the present slice. */
    long used;

    /** When it was dispatched last. */
    long startedAt;

    private boolean everBlocked;

    /** Slice lost by blocking that it is still to be compensated for. */
    private long lost;

    Mode mode = Mode.RESERVED;
    boolean wantsCompensation;

    /** Place in the queue for compensation: lower is earlier. */
    long compensationScore;

    /** Place in the queue for extra time: lower is earlier. */
    long extraScore;

    /** Whether it is in the queue of those that may run or that of those that wait for their period. */
    boolean queued;

    boolean queuedForCompensation;
    boolean queuedForExtra;

    SedfUnit(SchedUnit unit) {
        this.unit = unit;
        adjust();
    }

    /**
     * Takes over the domain's parameters.
     *
     * @throws IllegalArgumentException if they contradict each other; then nothing has changed
     */
    void adjust() {
        long givenPeriod = unit.parameter("period_us") * 1000;
        long givenSlice = unit.parameter("slice_us") * 1000;
        long givenWeight = unit.parameter("sedf_weight");
        boolean extra = unit.parameter("extratime") == 1;
        if (givenWeight == 0 && givenSlice > givenPeriod) {
            throw new IllegalArgumentException(
                    unit + ": slice_us " + givenSlice / 1000 + " is over period_us " + givenPeriod / 1000);
        }
        takesExtra = extra;
        weight = 0;
        extraWeight = 0;
        period = Sedf.WEIGHT_PERIOD;
        slice = 0;
        if (givenWeight > 0 && extra && givenPeriod == 0) {
            extraWeight = givenWeight;
        } else if (givenWeight > 0) {
            weight = givenWeight;
        } else if (givenPeriod > 0) {
            period = givenPeriod;
            slice = givenSlice;
            extraWeight = slice == 0 ? 1 : 0; // Xen divides by the slice here
        } else if (unit.domain().id() == 0) {
            period = 20 * MILLI;
            slice = 15 * MILLI;
        } else {
            extraWeight = 1;
        }
    }

    /** When its present period, or the next one if it has used up this one, begins. */
    long periodBegin() {
        return deadline - period;
    }

    /** The period after {@code now} begins at {@code now}. */
    void startPeriod(long now) {
        deadline = now + period;
        used = 0;
    }

    /** Moves on by at least one period, to the first deadline after {@code now}, with a fresh slice. */
    void skipTo(long now) {
        deadline += period;
        if (deadline < now) {
            deadline += (now - deadline + period - 1) / period * period;
        }
        used = 0;
    }

    /** Notes that it blocked or was paused. */
    void blocked() {
        everBlocked = true;
    }

    /** It woke within the period in which it blocked: the rest of its slice is lost, and to be made up for in extra time. */
    void loseSlice() {
        deadline += period;
        if (everBlocked) {
            lost = Math.max(0, slice - used);
            if (lost > 0) {
                wantsCompensation = true;
                scoreCompensation();
            }
        }
        used = 0;
    }

    /** It ran for {@code nanos} in compensation. */
    void compensate(long nanos) {
        lost -= nanos;
        if (lost <= 0) {
            lost = 0;
            wantsCompensation = false;
        } else {
            scoreCompensation();
        }
    }

    /** Who lost the larger part of its reservation comes first. */
    private void scoreCompensation() {
        compensationScore = (period << 10) / lost;
    }

    /** It ran in extra time; its next turn is the farther off the less it is due. */
    void scoreExtra() {
        extraScore = extraWeight == 0 ? (period << 10) / slice : (1 << 17) / extraWeight;
    }
}
