package org.xenolith.core.x86;

/** What the core's time-stamp counter shows. */
@FunctionalInterface
public interface TimeSource {
    /**
     * The counter's value.
     *
     * @param executed instructions executed in the present run, without the one that asks
     */
    long tsc(long executed);
}
