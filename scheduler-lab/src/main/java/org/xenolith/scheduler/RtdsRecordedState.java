package org.xenolith.scheduler;

import java.util.List;
import org.xenolith.experiment.decisions.RecordedState;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** What trace records of Xen's RTDS tell of its state: every budget burnt, and every deadline and budget given. */
public final class RtdsRecordedState implements RecordedState {
    /** From a deadline to the record of the replenishment then, ns. */
    private static final long DEADLINE_TO_RECORD = 2_500;

    private Rtds scheduler;

    @Override
    public String scheduler() {
        return "rtds";
    }

    @Override
    public int scheduleEvent() {
        return TraceEvent.Rtds.SCHEDULE;
    }

    /** A replenishment comes at the old deadline, if not because of a wake after it. */
    @Override
    public long systemTime(List<TraceRecord> records, TraceDescription description) {
        long ahead = Long.MIN_VALUE;
        for (TraceRecord r : records) {
            DomainDescription d =
                    r.event == TraceEvent.Rtds.REPLENISH ? description.domain(TraceEvent.domainOf(r.word[0])) : null;
            if (d != null && d.rtds() != null) {
                ahead = Math.max(ahead, r.longWord(2) - d.rtds().periodMicros() * 1000 - r.tsc);
            }
        }
        long first = records.get(0).tsc;
        return ahead == Long.MIN_VALUE ? first : first + ahead + DEADLINE_TO_RECORD;
    }

    @Override
    public void attach(SchedulerStepper stepper) {
        this.scheduler = (Rtds) stepper.scheduler();
    }

    @Override
    public List<String> start(List<TraceRecord> records, long offset, TraceDescription description) {
        return List.of("deadline and budget of a vCPU are taken from the first record that tells them");
    }

    @Override
    public Kind kind(int event) {
        return switch (event) {
            case TraceEvent.Rtds.BURN -> Kind.BURN;
            case TraceEvent.Rtds.REPLENISH -> Kind.GRANT;
            case TraceEvent.Rtds.RUNQ_PICK -> Kind.OTHER;
            default -> null;
        };
    }

    @Override
    public int unitWord(TraceRecord record) {
        return record.word[0];
    }

    @Override
    public boolean isSame(TraceRecord recorded, TraceRecord simulated) {
        return switch (recorded.event) {
            case TraceEvent.Rtds.BURN ->
                recorded.longWord(1) == simulated.longWord(1) && recorded.word[4] == simulated.word[4];
            case TraceEvent.Rtds.REPLENISH ->
                recorded.longWord(2) == simulated.longWord(2) && recorded.longWord(4) == simulated.longWord(4);
            default -> recorded.longWord(1) == simulated.longWord(1) && recorded.longWord(3) == simulated.longWord(3);
        };
    }

    @Override
    public long chargedNanos(TraceRecord record) {
        return record.event == TraceEvent.Rtds.BURN ? record.word[3] : -1;
    }

    @Override
    public boolean grantsRestartCharging() {
        return true;
    }

    @Override
    public XenTimer timerOf(TraceRecord record) {
        return record.event == TraceEvent.Rtds.REPLENISH ? scheduler.replenishment : null;
    }

    @Override
    public void correct(SchedUnit unit, TraceRecord recorded, TraceRecord simulated) {
        if (recorded == null) {
            return; // what it tells is told again soon
        }
        RtdsUnit u = unit.data();
        switch (recorded.event) {
            case TraceEvent.Rtds.BURN -> {
                u.left = recorded.longWord(1);
                u.level = recorded.word[4];
            }
            case TraceEvent.Rtds.REPLENISH -> {
                u.left = recorded.longWord(4);
                u.level = 0;
                u.depleted = false;
                scheduler.dueAt(u, recorded.longWord(2));
            }
            default -> {
                u.left = recorded.longWord(3);
                scheduler.dueAt(u, recorded.longWord(1));
            }
        }
    }

    @Override
    public void runInstead(int pcpu, SchedUnit chosen, SchedUnit recorded, long now) {
        if (chosen != null) {
            scheduler.putBack(chosen.data());
        }
        if (recorded != null) {
            RtdsUnit u = recorded.data();
            if (u.isQueued()) {
                RtdsQueue.remove(u.turn);
            }
            u.chargedUntil = now;
        }
    }
}
