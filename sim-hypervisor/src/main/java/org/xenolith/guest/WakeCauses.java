package org.xenolith.guest;

import java.util.List;

/** Decides what ended each wait, by the rules that {@link DemandExtractor} states, in their order. */
final class WakeCauses {
    private final Waits[] waits;
    private final HiddenEvents hidden;

    WakeCauses(List<VcpuLog> logs, boolean hypercallsVisible) {
        waits = new Waits[logs.size()];
        logs.forEach(v -> waits[v.index] = new Waits(v));
        if (hypercallsVisible) {
            logs.forEach(v -> decideByHypercalls(v.timerVisible, waits[v.index]));
        } else {
            logs.forEach(v -> PlaceInWork.decide(v, waits));
            logs.forEach(v -> UnlikeTimers.decide(v, logs, waits));
        }
        for (VcpuLog v : logs) {
            Waits w = waits[v.index];
            boolean ownsDevices = v.domain == 0;
            if (!hypercallsVisible && !ownsDevices) {
                decideByPcpu(w, true);
            }
            Regularity.decide(w);
            if (!hypercallsVisible && ownsDevices) {
                decideByPcpu(w, false);
            }
            for (int i : w.undecided()) {
                w.decide(i, ownsDevices ? DemandStep.AWAIT_OUTSIDE : DemandStep.SLEEP, WakeEvidence.ASSUMED);
            }
        }
        for (VcpuLog v : logs) {
            waits[v.index].findSent(v, waits);
            HiddenSleeps.find(waits[v.index]);
        }
        hidden = hypercallsVisible ? HiddenEvents.none(logs) : HiddenEvents.find(logs, waits);
    }

    /** The events that left no record. */
    HiddenEvents hidden() {
        return hidden;
    }

    /** The waits of {@code v}, decided. */
    Waits of(VcpuLog v) {
        return waits[v.index];
    }

    private static void decideByHypercalls(boolean timerVisible, Waits w) {
        boolean timerMayBeSet = true;
        for (int i = 0; i < w.size; i++) {
            if (w.flag(i, VcpuLog.TIMER_SET)) {
                timerMayBeSet = true;
            } else if (w.flag(i, VcpuLog.TIMER_STOPPED)) {
                timerMayBeSet = false;
            }
            if (w.flag(i, VcpuLog.SENT)) {
                w.decide(i, DemandStep.AWAIT_EVENT, WakeEvidence.HYPERCALL);
            } else if (timerVisible && !timerMayBeSet) {
                w.decide(i, DemandStep.AWAIT_OUTSIDE, WakeEvidence.NO_TIMER_SET);
            } else {
                timerMayBeSet = false; // it fires once
            }
        }
    }

    private static void decideByPcpu(Waits w, boolean sends) {
        for (int i : w.undecided()) {
            if (w.flag(i, VcpuLog.ELSEWHERE)) {
                boolean sent = sends && w.waker(i) >= 0;
                w.decide(i, sent ? DemandStep.AWAIT_EVENT : DemandStep.AWAIT_OUTSIDE, WakeEvidence.OTHER_PCPU);
            }
        }
    }
}
