package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** What one domain's vCPU did in a recording: when it woke, and for how long it then ran until it blocked. */
final class Bursts {
    private final int domain;
    private final long switchCycles;
    private final long sleepCycles;
    private final List<long[]> found = new ArrayList<>();
    private long wokeAt = -1;
    private long runningSince = -1;
    private long ran;

    /**
     * @param switchCycles what of each of its runs is the hypervisor's work of switching to it
     * @param sleepCycles what of the last run before it blocks is the hypervisor's work of setting a timer and blocking
     */
    Bursts(int domain, long switchCycles, long sleepCycles) {
        this.domain = domain;
        this.switchCycles = switchCycles;
        this.sleepCycles = sleepCycles;
    }

    void accept(TraceRecord r) {
        if (r.event == TraceEvent.Sched.WAKE && r.word[0] == domain) {
            wokeAt = wokeAt < 0 ? r.tsc : wokeAt;
        } else if (r.event == TraceEvent.Sched.BLOCK && r.word[0] == domain && wokeAt >= 0) {
            stop(r.tsc);
            found.add(new long[] {wokeAt, Math.max(1, ran - sleepCycles)});
            wokeAt = -1;
            ran = 0;
        } else if (TraceEvent.isRunstateChange(r.event) && TraceEvent.domainOf(r.word[0]) == domain) {
            if (TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING) {
                runningSince = r.tsc;
            } else {
                stop(r.tsc);
            }
        }
    }

    private void stop(long at) {
        ran += runningSince < 0 ? 0 : at - runningSince - switchCycles;
        runningSince = -1;
    }

    /** Pairs of the time at which it woke and the work it then did, cycles; the last one may be unfinished. */
    List<long[]> list() {
        List<long[]> all = new ArrayList<>(found);
        if (wokeAt >= 0) {
            all.add(new long[] {wokeAt, Math.max(1, ran)});
        }
        return all;
    }
}
