package org.xenolith.trace;

/**
 * Takes trace records as they happen, in the order of virtual time per pCPU. Every implementation copies what it keeps:
 * the caller reuses the record.
 */
@FunctionalInterface
public interface TraceSink {
    /** Takes one record; its time stamp is never before that of the record before it on the same pCPU. */
    void accept(TraceRecord record);
}
