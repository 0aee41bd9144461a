package org.xenolith.scheduler;

import java.util.LinkedHashSet;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Decision;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.Reservation;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerHost;
import org.xenolith.hypervisor.Timetable;

/**
 * ARINC 653, Xen's table-driven scheduler for avionics, at the behaviour of Xen 4.17: a table says who runs when in a major
 * frame, which repeats for ever. Nobody gets more or less or at another time, whatever the others do.
 *
 * <ol>
 *   <li><b>Frame.</b> When a frame is over the next one begins; frames that nobody saw pass are skipped as a whole.
 *   <li><b>Slot.</b> The slot that the time is in says whose turn it is.
 *   <li><b>Run</b> that unit to the slot's end if it wants to run, and idle if it does not; idle, too, behind the last slot and
 *       on every pCPU but the unit's own, for nobody migrates.
 * </ol>
 *
 * <p>Without a table, every vCPU of domain 0 has a slot of 10 ms, and the frame is 10 ms longer than these. A new table begins
 * its first frame at once: that is, at the next decision.
 */
@Policy(
        name = "arinc653",
        title = "A table of time slots that repeats",
        source = "Xen 4.17, common/sched/arinc653.c (DornerWorks 2010); ARINC specification 653")
public final class Arinc653 implements Scheduler, Timetable {
    private static final long DEFAULT_SLOT = 10_000_000;

    @Parameter(
            name = "schedule",
            changeable = true,
            help =
                    "the slots of a frame, such as a=10ms/b.1=5ms/idle=5ms: domain, its vCPU if not 0, and time; empty for domain 0's vCPUs")
    String schedule = "";

    @Parameter(
            name = "major_frame_us",
            unit = "us",
            max = 1_000_000_000_000L,
            changeable = true,
            help = "length of a frame, not less than its slots; 0 for as long as these")
    long majorFrameMicros = 0;

    private SchedulerHost host;
    private final LinkedHashSet<SchedUnit> units = new LinkedHashSet<>();
    private Arinc653Table table;

    /** Number of the present slot; the number of slots if it is over with them for this frame. */
    private int slot;

    /** System time at which the present frame ends, ns. */
    private long frameEnd;

    /** System time at which the present slot ends, ns. */
    private long slotEnd;

    @Override
    public void init(SchedulerHost host) {
        this.host = host;
        try {
            table = newTable();
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private Arinc653Table newTable() {
        if (!schedule.isBlank()) {
            return Arinc653Table.parse(schedule, majorFrameMicros);
        }
        if (majorFrameMicros != 0) {
            throw new IllegalArgumentException(
                    "arinc653: major_frame_us needs a schedule, such as schedule=a=10ms/b=5ms");
        }
        return new Arinc653Table(DEFAULT_SLOT);
    }

    /** Its slots of a frame, in every frame. */
    @Override
    public Reservation reserved(String domain, int vcpu) {
        try {
            return schedule.isBlank() ? null : newTable().reserved(domain, vcpu);
        } catch (IllegalArgumentException e) {
            return null; // A table that is refused reserves nothing.
        }
    }

    @Override
    public void reconfigured() {
        table = newTable();
        units.forEach(this::find);
        frameEnd = host.now();
    }

    @Override
    public void insert(SchedUnit unit) {
        units.add(unit);
        host.setPcpu(unit, pickPcpu(unit));
        find(unit);
    }

    private void find(SchedUnit unit) {
        if (schedule.isBlank() && unit.domain().id() == 0 && table.slots.size() < Arinc653Table.MOST_SLOTS) {
            table.add(unit, DEFAULT_SLOT);
            table.frameNanos += DEFAULT_SLOT;
        }
        table.found(unit);
    }

    @Override
    public void remove(SchedUnit unit) {
        units.remove(unit);
        table.lost(unit);
    }

    @Override
    public void wake(SchedUnit unit) {
        host.tickle(unit.pcpu());
    }

    @Override
    public void sleep(SchedUnit unit) {
        if (unit.isRunning()) {
            host.tickle(unit.pcpu());
        }
    }

    /** The unit's own pCPU if it may be there, or the first. */
    @Override
    public int pickPcpu(SchedUnit unit) {
        return unit.usable(unit.pcpu()) ? unit.pcpu() : unit.usablePcpus().next(0);
    }

    @Override
    public void schedule(int pcpu, long now, Decision decision) {
        // 1. A new frame, on the grid of frames.
        if (now >= frameEnd) {
            long begin = now - (now - frameEnd) % table.frameNanos;
            slot = 0;
            frameEnd = begin + table.frameNanos;
            slotEnd = begin + (table.slots.isEmpty() ? DEFAULT_SLOT : table.slots.get(0).nanos);
        }

        // 2. The slot that it is now; behind the last one, nothing until the frame ends.
        while (now >= slotEnd && slot < table.slots.size()) {
            slot++;
            slotEnd += slot < table.slots.size() ? table.slots.get(slot).nanos : 0;
        }
        if (slot >= table.slots.size()) {
            slotEnd = frameEnd;
        }

        // 3. Its unit, if it wants to run and this is its pCPU.
        SchedUnit unit = slot < table.slots.size() ? table.slots.get(slot).unit : null;
        boolean runs = unit != null && unit.isRunnable() && unit.pcpu() == pcpu;
        DecisionListener why = host.explaining();
        if (why != null) {
            explain(why, unit, runs, pcpu);
        }
        decision.run(runs ? unit : null, slotEnd - now);
    }

    private void explain(DecisionListener why, SchedUnit unit, boolean runs, int pcpu) {
        for (int i = 0; i < table.slots.size(); i++) {
            SchedUnit other = table.slots.get(i).unit;
            if (other != null && i != slot) {
                why.considered(other, "slot", i, "not its slot now");
            }
        }
        if (unit == null) {
            why.because("no slot now, or nobody in it; idle until (ns)", slotEnd);
            return;
        }
        why.considered(
                unit,
                "slot",
                slot,
                runs ? "its slot" : unit.pcpu() == pcpu ? "its slot, but it sleeps" : "its slot, on another pCPU");
        why.because(runs ? "its slot, until (ns)" : "its slot is nobody else's; idle until (ns)", slotEnd);
    }
}
