package org.xenolith.hypervisor;

/**
 * Hears why a scheduler decided. A scheduler asks {@link SchedulerHost#explaining} first, so that nothing is built when
 * nobody listens. Strings passed are constants.
 */
public interface DecisionListener {
    /** {@code pcpu} starts to decide at {@code tsc} cycles; {@code current} is what it ran, or null if it was idle. */
    void deciding(int pcpu, long tsc, SchedUnit current);

    /**
     * A unit was looked at.
     *
     * @param metric what it was judged by, such as {@code credit} or {@code deadline}
     * @param value its value of that, in the scheduler's own unit
     * @param verdict a few words on what came of it, such as {@code best so far} or {@code pinned elsewhere}
     */
    void considered(SchedUnit unit, String metric, long value, String verdict);

    /** Why the decision is as it is, in a few words, with a number that matters to it. */
    void because(String reason, long value);

    /** The decision: {@code next} (null for idle) for {@code sliceNanos} ns at most (negative: no limit). */
    void decided(SchedUnit next, long sliceNanos);
}
