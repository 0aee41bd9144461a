package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * What one domain's vCPU did in a recording: when it woke, and for how long it then ran until it blocked, less the work of the
 * hypervisor while it ran. A simulation adds that work again.
 */
final class Bursts {
    /** Records of one interrupt's handlers are nearer together than this, and those of two are not, ns. */
    private static final long ONE_INTERRUPT = 30_000;

    private final int domain;
    private final CostProfile costs;
    private final List<long[]> found = new ArrayList<>();
    private long wokeAt = -1;
    private long runningSince = -1;
    private long ran;
    private long interruptedAt;

    /** @param costs what the recorded hypervisor's work costs */
    Bursts(int domain, CostProfile costs) {
        this.domain = domain;
        this.costs = costs;
    }

    void accept(TraceRecord r) {
        if (runningSince >= 0) {
            subtractHandlers(r);
        }
        if (r.event == TraceEvent.Sched.WAKE && r.word[0] == domain) {
            wokeAt = wokeAt < 0 ? r.tsc : wokeAt;
        } else if (r.event == TraceEvent.Sched.BLOCK && r.word[0] == domain && wokeAt >= 0) {
            stop(r.tsc);
            ran -= 2 * costs.cycles(Cost.HYPERCALL_ENTRY); // it set a timer and blocked
            found.add(new long[] {wokeAt, Math.max(1, ran)});
            wokeAt = -1;
            ran = 0;
        } else if (TraceEvent.isRunstateChange(r.event) && TraceEvent.domainOf(r.word[0]) == domain) {
            if (TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING) {
                runningSince = r.tsc;
            } else if (runningSince >= 0) {
                subtractInterrupt(r.tsc); // its slice has ended, or another woke up
                ran -= costs.cycles(Cost.SCHEDULE);
                stop(r.tsc);
            }
        }
    }

    /** Another's wake-up while it ran, or a tick of credit's. */
    private void subtractHandlers(TraceRecord r) {
        boolean wake = r.event == TraceEvent.Sched.WAKE && r.word[0] != domain;
        if (wake) {
            ran -= costs.cycles(Cost.WAKE);
        }
        if (wake
                || r.event == TraceEvent.Credit.BOOST_END
                || r.event == TraceEvent.Credit.ACCOUNT_START
                || r.event == TraceEvent.Credit.PICKED_CPU) {
            subtractInterrupt(r.tsc);
        }
    }

    private void subtractInterrupt(long at) {
        if (at - interruptedAt > ONE_INTERRUPT) {
            interruptedAt = at;
            ran -= costs.cycles(Cost.TIMER_INTERRUPT);
        }
    }

    private void stop(long at) {
        ran += runningSince < 0 ? 0 : at - runningSince - costs.cycles(Cost.CONTEXT_SWITCH);
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
