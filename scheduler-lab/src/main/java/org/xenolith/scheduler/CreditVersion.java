package org.xenolith.scheduler;

/** What differs between the versions of {@link Credit} that Xen shipped. */
enum CreditVersion {
    /** Until August 2009: whoever a tick finds running pays for all of the tick, everybody else nothing. */
    V3_4("3.4", true, false, 0),
    /** April 2010: time is charged to the nanosecond; no ratelimit (January 2012) yet. */
    V4_0("4.0", false, false, 0),
    /** December 2022, and what the recorded traces come from. */
    V4_17("4.17", false, true, 0),
    /** Looks for work elsewhere at most every millisecond, since September 2023. */
    V4_18("4.18", false, true, 1_000_000);

    /** Whether credits are taken by sampling. */
    final boolean sampled;

    /** Whether it knows a ratelimit. */
    final boolean ratelimited;

    /** Least time between two looks for work elsewhere if nothing else is said, ns. */
    final long balanceInterval;

    private final String version;

    CreditVersion(String version, boolean sampled, boolean ratelimited, long balanceInterval) {
        this.version = version;
        this.sampled = sampled;
        this.ratelimited = ratelimited;
        this.balanceInterval = balanceInterval;
    }

    @Override
    public String toString() {
        return version;
    }
}
