package org.xenolith.guest;

/** Why a {@link DemandExtractor} believes what it says of a wait's end, strongest first. */
public enum WakeEvidence {
    /** The waker's hypercall stands in the trace right before the wake. */
    HYPERCALL("seen as a hypercall"),
    /** The trace shows hypercalls, and the vCPU had set no timer. */
    NO_TIMER_SET("no timer was set"),
    /** It happened on a pCPU on which no timer of the vCPU can fire. */
    OTHER_PCPU("on another pCPU"),
    /** Wakes stand too often at one place of the other vCPU's work to be chance. */
    PLACE_IN_WORK("at one place of the waker's work"),
    /** Of no kind that the vCPU's timers are, and far more often while the other vCPU ran than else. */
    UNLIKE_TIMERS("unlike its timers, while the waker ran"),
    /** The wait, or it and some before it, always last as long. */
    SAME_LENGTH("always as long"),
    /** The wakes stand on a grid of time. */
    SAME_PERIOD("at a fixed period"),
    /** The wake stands on the grid of the vCPU's kernel tick. */
    TICK("on the kernel's tick"),
    /**
     * It ended before the vCPU was served after the wait before, so it did not come about: see {@link HiddenSleeps} and
     * {@link HiddenEvents}.
     */
    HIDDEN("hidden by the scheduler"),
    /** Nothing tells: taken for a timer in a domU, for the world outside in dom0. */
    ASSUMED("assumed");

    private final String text;

    WakeEvidence(String text) {
        this.text = text;
    }

    /** In a few words. */
    public String text() {
        return text;
    }
}
