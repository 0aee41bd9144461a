package org.xenolith.guest;

import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.TscClock;

/**
 * What the hypervisor of the recorded machine spent inside a vCPU's RUNNING time, ns. The same costs are charged again
 * when the demand is replayed, so they must not be taken for work of the guest.
 */
final class RecordingCosts {
    /** From the record of a vCPU's start to its first instruction. */
    final long start;

    /** The same where the pCPU was idle before. */
    final long startFromIdle;

    /** What comes on top when it resumes from a block. */
    final long resume;

    final long interrupt;
    final long wake;
    final long schedule;
    final long hypercallEntry;

    /** A hypercall that does next to nothing: in and out. */
    final long hypercall;

    final long eventSend;

    RecordingCosts(CostProfile profile) {
        start = nanos(profile, Cost.CONTEXT_SWITCH, Cost.REFILL_SWITCH);
        startFromIdle = nanos(profile, Cost.CONTEXT_SWITCH_IDLE);
        resume = nanos(profile, Cost.HYPERCALL_EXIT, Cost.EVENT_UPCALL);
        interrupt = nanos(profile, Cost.TIMER_INTERRUPT);
        wake = nanos(profile, Cost.WAKE);
        schedule = nanos(profile, Cost.SCHEDULE);
        hypercallEntry = nanos(profile, Cost.HYPERCALL_ENTRY);
        hypercall = nanos(profile, Cost.HYPERCALL_ENTRY, Cost.HYPERCALL_EXIT);
        eventSend = nanos(profile, Cost.EVENT_SEND);
    }

    private static long nanos(CostProfile profile, Cost... costs) {
        long cycles = 0;
        for (Cost cost : costs) {
            cycles += profile.cycles(cost);
        }
        return new TscClock(profile.tscHertz()).toNanos(cycles);
    }
}
