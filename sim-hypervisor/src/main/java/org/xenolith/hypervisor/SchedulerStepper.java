package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceSink;

/**
 * Leads a scheduler by the hand: the caller names the instants at which units wake, block and are decided upon, and the
 * scheduler's hooks are called then, as the hypervisor would, with nothing in between. No guest runs and nothing takes
 * time. For replaying the decisions of a recording, where the instants and, after each decision, who runs are given.
 *
 * <p>Times are nanoseconds of system time; {@link #at} is to be called before anything else is done.
 */
public final class SchedulerStepper {
    private static final int ALL_SCHEDULING = 0x0002f000;

    private final Hypervisor hypervisor;
    private final Scheduler scheduler;
    private final CpuPool pool;
    private SchedUnit left;
    private long now;

    /**
     * A machine of one cpupool with nothing in it.
     *
     * @param sink takes the records of scheduling that the hypervisor and the scheduler emit
     */
    public SchedulerStepper(Topology topology, Scheduler scheduler, TraceSink sink) {
        CpuSet pcpus = CpuSet.firstOf(topology.pcpus());
        this.scheduler = scheduler;
        this.hypervisor = new Hypervisor(
                new MachineConfig(topology, CostProfile.load("zero"), 1, ALL_SCHEDULING, 1, "stepper"),
                List.of(new PoolConfig("Pool-0", pcpus, scheduler)),
                sink,
                null);
        this.pool = hypervisor.pcpu(0).pool;
    }

    /** A guest that is never run. */
    private static final class Absent implements Guest {
        @Override
        public void attach(VcpuPort port) {}

        @Override
        public long lookahead() {
            return FOREVER;
        }

        @Override
        public long run(long budget, GuestExit exit) {
            exit.reason = GuestExit.Reason.BUDGET;
            return budget;
        }

        @Override
        public void complete(long result) {}

        @Override
        public void upcall() {}

        @Override
        public void fault(int vector, int errorCode, long address) {}
    }

    /**
     * Makes a domain, paused.
     *
     * @param cap percent of one pCPU, 0 for none
     * @param parameters what the scheduler takes for each of its vCPUs
     */
    public Domain create(int id, String name, int vcpus, int weight, int cap, Map<String, Long> parameters) {
        List<Guest> guests = new ArrayList<>();
        for (int i = 0; i < vcpus; i++) {
            guests.add(new Absent());
        }
        return hypervisor.createDomain(new DomainConfig(
                id,
                name,
                Domain.Type.PV,
                new FlatMemory(4096),
                pool.name(),
                weight,
                cap,
                guests,
                null,
                null,
                List.of(parameters)));
    }

    /** The unit of a vCPU, or null if there is none. */
    public SchedUnit unit(int domain, int vcpu) {
        Domain d = hypervisor.domainById(domain);
        return d == null || vcpu >= d.vcpus().size()
                ? null
                : d.vcpus().get(vcpu).unit();
    }

    /** The domains in order of creation. */
    public List<Domain> domains() {
        return hypervisor.domains();
    }

    /** How many units could run, or do. */
    public int runnable() {
        int count = 0;
        for (Domain domain : hypervisor.domains()) {
            for (SchedUnit unit : domain.units()) {
                count += unit.isRunnable() ? 1 : 0;
            }
        }
        return count;
    }

    /** What the scheduler is offered. */
    public SchedulerHost host() {
        return pool;
    }

    /** From now on it is {@code nanos} and the hypervisor is at work on {@code pcpu}; system time never goes back. */
    public void at(int pcpu, long nanos) {
        now = Math.max(now, nanos);
        hypervisor.work(hypervisor.pcpu(pcpu), now);
    }

    /** The scheduler's timers, in order of creation. */
    public List<XenTimer> timers() {
        return pool.timers;
    }

    /** When {@code timer}, which is set, is due. */
    public long dueAt(XenTimer timer) {
        return timer.expiry;
    }

    /** {@code timer} expires and is handled at {@code nanos}. */
    public void expire(XenTimer timer, long nanos) {
        at(timer.pcpu(), nanos);
        timer.stop();
        timer.handler.expired(now);
    }

    /** {@code unit} has an event, and does not block any more. */
    public void unblock(SchedUnit unit) {
        unit.first().clearPause(Vcpu.BLOCKED);
        hypervisor.core().wake(unit.first());
    }

    /** The toolstack ends its pause of {@code unit}. */
    public void unpause(SchedUnit unit) {
        hypervisor.core().unpause(unit.first());
    }

    /** The toolstack pauses {@code unit}. */
    public void pause(SchedUnit unit) {
        hypervisor.core().pause(unit.first());
    }

    /** {@code unit}, which is running, blocks. */
    public void block(SchedUnit unit) {
        unit.first().setPause(Vcpu.BLOCKED);
        hypervisor.core().leavePcpu(unit.first());
    }

    /** {@code unit}, which is running, yields. */
    public void yield(SchedUnit unit) {
        hypervisor.core().yield(unit.first());
    }

    /**
     * Has {@code pcpu} decide and switch.
     *
     * @return whom it runs now, null for idle
     */
    public SchedUnit decide(int pcpu) {
        Pcpu p = hypervisor.pcpu(pcpu);
        left = hypervisor.core().decideAndSwitch(p);
        return p.current == null ? null : p.current.unit();
    }

    /** The unit that left its pCPU by the last decision and for which {@link #contextSaved} is due; null if there is none. */
    public SchedUnit left() {
        return left;
    }

    /** {@code unit}, which left {@code pcpu}, may be queued or moved from now on. */
    public void contextSaved(int pcpu, SchedUnit unit) {
        hypervisor.core().contextSaved(hypervisor.pcpu(pcpu), unit);
    }

    /** For how long the last decision was, ns at most; negative for no limit. */
    public long sliceNanos() {
        return hypervisor.core().sliceNanos();
    }

    /**
     * Has {@code pcpu} run {@code next} (null for idle) in place of what it has just decided to run. The scheduler is not told:
     * whoever knows it has to.
     */
    public void runInstead(int pcpu, SchedUnit next) {
        Pcpu p = hypervisor.pcpu(pcpu);
        if (p.current != null) {
            p.current.unit().running = false;
            p.current.enter(p.current.isRunnable() ? Runstate.RUNNABLE : Runstate.OFFLINE, p.clock);
        }
        if (next != null && next == left) {
            left = null;
        }
        p.current = next == null ? null : next.first();
        if (next != null) {
            next.running = true;
            next.pcpu = pcpu;
            next.first().enter(Runstate.RUNNING, p.clock);
        } else {
            p.idleSince = p.clock;
        }
    }

    /** The scheduler that is led. */
    public Scheduler scheduler() {
        return scheduler;
    }
}
