package org.xenolith.experiment.decisions;

import java.util.List;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceRecord;

/**
 * Knows one scheduler of Xen so well that {@link DecisionReplay} can hold our model of it against a recording: which trace
 * records tell its state, and how what they tell is put in place of the model's own. Found by {@code ServiceLoader}.
 */
public interface RecordedState {
    /** What a record that tells state is about. */
    enum Kind {
        /** Credits or budget that a unit has burnt. */
        BURN,
        /** Credits or budget that a unit was given, or what came of it at once. */
        GRANT,
        /** Other state of a unit. */
        OTHER
    }

    /** Name of the scheduler. */
    String scheduler();

    /** The event with which a decision begins. */
    int scheduleEvent();

    /** System time at the first record, ns, as far as the records tell: what matters is what the timers are aligned to. */
    default long systemTime(List<TraceRecord> records, TraceDescription description) {
        return records.get(0).tsc;
    }

    /** Takes over a scheduler. Called once, before all that follows. */
    void attach(SchedulerStepper stepper);

    /**
     * Gives the scheduler the state at the first record, as far as that is known. All domains exist, and who ran then does.
     *
     * @param records all records of scheduling, times in ns
     * @param offset system time less time stamp
     * @return what had to be assumed, or was taken from later records; a line each
     */
    List<String> start(List<TraceRecord> records, long offset, TraceDescription description);

    /** What records of {@code event} tell, or null if they tell no state of a unit. */
    Kind kind(int event);

    /** The unit that a record which tells state is about, packed as in trace records. */
    int unitWord(TraceRecord record);

    /** Whether two records of the same event about the same unit tell the same state; times of the clock aside. */
    boolean isSame(TraceRecord recorded, TraceRecord simulated);

    /**
     * How long the unit of {@code record} ran since it was charged last, ns, if the record tells; negative if not. That says
     * exactly when it was charged.
     */
    default long chargedNanos(TraceRecord record) {
        return -1;
    }

    /** Whether who runs is charged anew from the instant on at which it is given something. */
    default boolean grantsRestartCharging() {
        return false;
    }

    /** Whether there is always a record of a unit's having left its pCPU, so that it may be queued. */
    default boolean recordsLeaving() {
        return false;
    }

    /** Whether {@code record}, a sleep or a wake at {@code at}, is the scheduler's own doing, and not the world's. */
    default boolean isOwn(TraceRecord record, long at) {
        return false;
    }

    /**
     * The timer whose handler wrote {@code record}, or null. Xen handles a timer up to some 50 us late, because of others; when
     * it did is taken from the recording, as wakes are.
     */
    default XenTimer timerOf(TraceRecord record) {
        return null;
    }

    /** {@code recorded} was written at {@code at}, and the state is as it tells: brings the timers in step. */
    default void told(TraceRecord recorded, long at) {}

    /**
     * Sets what is kept of {@code unit} to what the recording tells.
     *
     * @param recorded the record that tells, or null if {@code simulated} should not have been
     * @param simulated what the scheduler told in its place, or null if it told nothing
     */
    void correct(SchedUnit unit, TraceRecord recorded, TraceRecord simulated);

    /**
     * The scheduler has decided for {@code chosen}, but {@code recorded} runs (either may be null for idle): makes it go on as
     * if it had decided so. {@code chosen} has not run at all.
     */
    void runInstead(int pcpu, SchedUnit chosen, SchedUnit recorded, long now);
}
