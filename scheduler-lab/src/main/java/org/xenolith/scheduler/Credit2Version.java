package org.xenolith.scheduler;

/** What differs between the versions of {@link Credit2} that Xen shipped. */
enum Credit2Version {
    /** March 2011: no ratelimit (January 2012) and no caps (September 2017) yet, and short slices. */
    V4_1("4.1", 2_000_000, -(1L << 30), false, false),
    /** December 2022, and what the recorded traces come from. */
    V4_17("4.17", 10_000_000, -10_000_001, true, false),
    /** The unit that gives way counts when the next slice is computed, since July 2025. */
    V4_21("4.21", 10_000_000, -10_000_001, true, true);

    /** Longest slice, ns. */
    final long maxTimer;

    /** Credit of the idle unit. */
    final long idleCredit;

    /** Whether it knows ratelimit and caps. */
    final boolean limits;

    /** Whether the next slice takes into account the unit that gives way. */
    final boolean countsWhoGivesWay;

    private final String version;

    Credit2Version(String version, long maxTimer, long idleCredit, boolean limits, boolean countsWhoGivesWay) {
        this.version = version;
        this.maxTimer = maxTimer;
        this.idleCredit = idleCredit;
        this.limits = limits;
        this.countsWhoGivesWay = countsWhoGivesWay;
    }

    @Override
    public String toString() {
        return version;
    }
}
