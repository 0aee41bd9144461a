package org.xenolith.scheduler.kit;

/**
 * A promise that was broken.
 *
 * @param what what happened and to whom, in a line
 * @param fromNanos when it began, ns from the start of the run
 * @param atNanos when it was broken for certain, ns
 */
record Violation(String what, long fromNanos, long atNanos) {
    @Override
    public String toString() {
        return "at " + atNanos + " ns: " + what;
    }
}
