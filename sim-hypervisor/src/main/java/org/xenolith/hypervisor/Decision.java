package org.xenolith.hypervisor;

/** A scheduler's answer to <em>whom to run, and for how long</em>. One object is reused for every decision. */
public final class Decision {
    /** A slice without an end: no timer is set. */
    public static final long UNLIMITED = -1;

    private SchedUnit next;
    private long sliceNanos;
    private boolean given;

    /** Run {@code unit} for at most {@code sliceNanos} ns, or {@link #UNLIMITED}. */
    public void run(SchedUnit unit, long sliceNanos) {
        this.next = unit;
        this.sliceNanos = sliceNanos;
        this.given = true;
    }

    /** Run nothing until tickled. */
    public void idle() {
        run(null, UNLIMITED);
    }

    /** The unit chosen, or null for idle. */
    public SchedUnit next() {
        return next;
    }

    /** Longest time until the next decision, ns, or negative for no limit. */
    public long sliceNanos() {
        return sliceNanos;
    }

    void clear() {
        next = null;
        given = false;
    }

    boolean isGiven() {
        return given;
    }
}
