package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.xenolith.experiment.decisions.RecordedState;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * What trace records of Xen's credit2 tell of its state: nearly all, since it records every credit that it burns or gives. Not
 * recorded is when the budget of a capped domain is filled up, unless a vCPU waits for it.
 */
public final class Credit2RecordedState implements RecordedState {
    /** From the expiry of a budget's timer to the record of queueing the vCPU that waited for it, ns. */
    private static final long UNPARKING = 4_600;

    private SchedulerStepper stepper;
    private Credit2 scheduler;

    @Override
    public String scheduler() {
        return "credit2";
    }

    @Override
    public int scheduleEvent() {
        return TraceEvent.Credit2.SCHEDULE;
    }

    @Override
    public void attach(SchedulerStepper stepper) {
        this.stepper = stepper;
        this.scheduler = (Credit2) stepper.scheduler();
    }

    @Override
    public List<String> start(List<TraceRecord> records, long offset, TraceDescription description) {
        List<String> assumed = new ArrayList<>();
        assumed.add("the credit of a vCPU is taken from the first record that tells it");
        place(records, assumed);
        for (Domain domain : stepper.domains()) {
            if (domain.cap() > 0) {
                startBudget(domain, records, offset, assumed);
            }
        }
        return assumed;
    }

    /** A vCPU that sleeps is on the pCPU on which it was queued first. */
    private void place(List<TraceRecord> records, List<String> assumed) {
        if (stepper.host().pcpus().size() == 1) {
            return;
        }
        assumed.add("the pCPU that a vCPU ran on last is taken from the first record of queueing it");
        Set<Integer> placed = new HashSet<>();
        for (TraceRecord r : records) {
            SchedUnit unit = r.event == TraceEvent.Credit2.TICKLE_NEW ? unit(r.word[0]) : null;
            if (unit != null && placed.add(r.word[0]) && !unit.isRunning()) {
                stepper.host().setPcpu(unit, r.word[1]);
            }
        }
    }

    /** The budget is filled up once a period; when in the period, the first vCPU shows that waited for it. */
    private void startBudget(Domain domain, List<TraceRecord> records, long offset, List<String> assumed) {
        Set<Integer> parked = new HashSet<>();
        boolean woken = false;
        for (TraceRecord r : records) {
            if (r.event == TraceEvent.runstateChange(TraceEvent.RUNSTATE_RUNNING, TraceEvent.RUNSTATE_OFFLINE)) {
                parked.add(r.word[0]);
            } else if (r.event == TraceEvent.Sched.WAKE || r.event == TraceEvent.Credit2.SCHEDULE) {
                woken = r.event == TraceEvent.Sched.WAKE;
            } else if (r.event == TraceEvent.Credit2.RUNQ_POS
                    && r.word[0] >>> 16 == domain.id()
                    && parked.contains(r.word[0])
                    && !woken) {
                Credit2Cap cap = domain.data();
                cap.fillEachPeriodAt(r.tsc + offset - UNPARKING);
                assumed.add("when in its period the budget of " + domain.name()
                        + " is filled up is taken from the first time that it was awaited");
                return;
            }
        }
    }

    private SchedUnit unit(int word) {
        return stepper.unit(TraceEvent.domainOf(word), TraceEvent.vcpuOf(word));
    }

    @Override
    public Kind kind(int event) {
        return switch (event) {
            case TraceEvent.Credit2.BURN -> Kind.BURN;
            case TraceEvent.Credit2.CREDIT_RESET -> Kind.GRANT;
            case TraceEvent.Credit2.TICKLE_NEW -> Kind.OTHER;
            default -> null;
        };
    }

    @Override
    public int unitWord(TraceRecord record) {
        return record.word[0];
    }

    /** Credit and budget, credit before and after, pCPU and credit. */
    @Override
    public boolean isSame(TraceRecord recorded, TraceRecord simulated) {
        return recorded.word[1] == simulated.word[1] && recorded.word[2] == simulated.word[2];
    }

    @Override
    public long chargedNanos(TraceRecord record) {
        return record.event == TraceEvent.Credit2.BURN ? record.word[3] : -1;
    }

    /** It is queued, or the load changes. */
    @Override
    public boolean recordsLeaving() {
        return true;
    }

    @Override
    public void correct(SchedUnit unit, TraceRecord recorded, TraceRecord simulated) {
        if (recorded == null) {
            return; // what it tells is told again soon
        }
        Credit2Unit u = unit.data();
        switch (recorded.event) {
            case TraceEvent.Credit2.BURN -> {
                u.credit = recorded.word[1];
                if (u.isCapped()) {
                    u.budget = recorded.word[2];
                }
            }
            case TraceEvent.Credit2.CREDIT_RESET -> u.credit = recorded.word[2];
            default -> queued(u, recorded.word[1], recorded.word[2]);
        }
    }

    private void queued(Credit2Unit u, int pcpu, int credit) {
        if (u.unit.isParked()) {
            u.cap.fillNow();
        }
        u.credit = credit;
        if (!u.unit.isRunning()) {
            stepper.host().setPcpu(u.unit, pcpu);
        }
        if (u.queued) {
            u.runqueue.remove(u);
            u.runqueue.insert(u);
        }
    }

    @Override
    public void runInstead(int pcpu, SchedUnit chosen, SchedUnit recorded, long now) {
        if (chosen != null) {
            Credit2Unit u = chosen.data();
            u.scheduled = false;
            if (chosen.isRunnable() && !u.queued) {
                u.runqueue.insert(u);
            }
        }
        if (recorded != null) {
            Credit2Unit u = recorded.data();
            if (recorded.isParked()) {
                u.cap.fillNow();
            }
            if (u.queued) {
                u.runqueue.remove(u);
            }
            u.scheduled = true;
            u.requeue = false;
            u.startNanos = now;
            u.tickledPcpu = -1;
            if (u.isCapped()) {
                u.cap.grab(u);
            }
        }
        scheduler.settled(pcpu, recorded == null);
    }
}
