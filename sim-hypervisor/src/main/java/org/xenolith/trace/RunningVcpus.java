package org.xenolith.trace;

import java.util.Arrays;

/** Which vCPU runs on each pCPU, followed from the runstate changes of a trace. */
final class RunningVcpus {
    /** Not known, as at the beginning of a trace or after lost records. */
    static final int UNKNOWN = -1;

    private int[] running = {};

    /** Packed vCPU that runs on {@code cpu}, or {@link #UNKNOWN}. */
    int on(int cpu) {
        return cpu < running.length ? running[cpu] : UNKNOWN;
    }

    /** How many pCPUs have had a record so far, counted up to the highest number. */
    int pcpus() {
        return running.length;
    }

    /** Takes note of {@code record}; to be called after what it says has been printed. */
    void follow(TraceRecord record) {
        if (record.cpu >= running.length) {
            int known = running.length;
            running = Arrays.copyOf(running, record.cpu + 1);
            Arrays.fill(running, known, running.length, UNKNOWN);
        }
        if (record.event == TraceEvent.Gen.LOST_RECORDS) {
            running[record.cpu] = UNKNOWN;
        } else if (TraceEvent.isRunstateChange(record.event) && record.words > 0) {
            if (TraceEvent.newRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
                running[record.cpu] = record.word[0];
            } else if (TraceEvent.oldRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
                running[record.cpu] = UNKNOWN;
            }
        } else if (record.event == TraceEvent.Sched.CONTINUE_RUNNING && record.words > 0) {
            running[record.cpu] = record.word[0];
        }
    }
}
