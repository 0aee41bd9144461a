package org.xenolith.hypervisor;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.xenolith.engine.EventQueue;
import org.xenolith.engine.InputException;
import org.xenolith.engine.RandomStream;
import org.xenolith.machine.Cost;
import org.xenolith.machine.MachineMemory;
import org.xenolith.machine.Topology;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.TraceSink;

/**
 * The modelled hypervisor and the machine it runs on: one simulation. Everything the run holds is reachable from here.
 *
 * <p><b>The loop.</b> Pop the earliest event. It belongs to one pCPU: the guest's exit there, a timer, an interrupt. Bring
 * that pCPU's guest up to the moment ({@link #begin}), do the hypervisor's work and charge it to the pCPU's local clock,
 * then go back to a guest ({@link #finish}): schedule if asked to, deliver a pending upcall, run until the next event. An
 * event that comes while its pCPU is still at work waits until that is done.
 *
 * <p>A guest that promises nothing ({@link Guest#lookahead} 0) is run ahead of the events in steps that end before the next
 * one; where several such guests run at once, each may be {@link MachineConfig#quantumCycles} ahead of the slowest.
 */
public final class Hypervisor extends Control {
    /** Domain id of idle vCPUs in trace records. */
    public static final int IDLE_DOMAIN = 0x7fff;

    /** Events at one instant after which virtual time is taken to stand still. */
    private static final int MOST_EVENTS_AT_ONCE = 1_000_000;

    /** Owner of an event. */
    interface EventOwner {
        /** The event is due at {@code time} cycles. */
        void fire(long time);
    }

    private final EventQueue queue = new EventQueue();
    private EventOwner[] owners = new EventOwner[64];

    private final MachineConfig machine;
    private final long[] costs;
    private final TscClock clock;
    private final TraceBuffer trace;
    private final DecisionListener decisionListener;
    private final SchedCore core = new SchedCore(this);
    private final SchedGroups groups;

    /** Core scheduling, or null if each pCPU is scheduled by itself. */
    private final CoreScheduling cores;

    private final EventChannels events = new EventChannels(this);
    private final Hypercalls hypercalls = new Hypercalls(this);
    private final CpuidPolicy cpuid = new CpuidPolicy(this);

    private final FrameTable frames;
    private final Pcpu[] pcpus;
    private final List<Pcpu> pcpuView;
    private final CpuSet everyPcpu;
    private final CpuPools pools = new CpuPools(this);
    private final Domains domains = new Domains(this, pools);
    private final ToolstackActions toolstack = new ToolstackActions(this);

    /** pCPU on which the hypervisor is at work, or null between events. */
    private Pcpu active;

    /** Time of the event being handled. */
    private long eventTime;

    private int steppingPcpus;

    /** A guest that promises nothing executes, ahead of the events. */
    private boolean runningAhead;

    private long guestEvents;

    /**
     * A machine with its pools, and nothing running. pCPUs in no pool are free, and idle.
     *
     * @param sink where trace records go, or null
     * @param listener who hears why schedulers decide, or null
     */
    public Hypervisor(MachineConfig machine, List<PoolConfig> poolConfigs, TraceSink sink, DecisionListener listener) {
        this.machine = machine;
        this.clock = new TscClock(machine.costs().tscHertz());
        this.costs = new long[Cost.values().length];
        for (Cost cost : Cost.values()) {
            costs[cost.ordinal()] = machine.costs().cycles(cost);
        }
        this.trace = new TraceBuffer(this, sink, machine.traceMask());
        this.decisionListener = listener;
        this.frames = machine.frames() == 0 ? null : new FrameTable(new MachineMemory(machine.frames()));
        this.pcpus = new Pcpu[machine.topology().pcpus()];
        for (int i = 0; i < pcpus.length; i++) {
            pcpus[i] = new Pcpu(this, i);
        }
        this.pcpuView = Collections.unmodifiableList(Arrays.asList(pcpus));
        this.everyPcpu = CpuSet.firstOf(pcpus.length);
        this.groups = new SchedGroups(machine.granularity().pcpus(machine.topology()));
        this.cores = groups.size() == 1 ? null : new CoreScheduling(this, core, groups.size());
        poolConfigs.forEach(pools::create);
    }

    /** {@code p} has let go of a vCPU of {@code domain}. */
    void letGo(Pcpu p, Domain domain) {
        if (domain.dying && !domain.isRunning()) {
            domains.gone(domain);
        } else if (domain.movesTo != null && !domain.isRunning()) {
            pools.moved(domain);
        }
        if (p.leaving && p.current == null) {
            pools.left(p);
        }
    }

    /** Ends a domain for {@code reason} ({@code SHUTDOWN_*}): its vCPUs never run again. */
    void shutdown(Domain domain, int reason) {
        domains.shutdown(domain, reason);
    }

    /**
     * Has {@code action} done at {@code time} cycles, by the toolstack: at no cost, on pCPU 0, and when all that it did before is settled
     * ({@link #isSettling}).
     */
    public void at(long time, Runnable action) {
        int slot = allocate((EventOwner) t -> toolstack.fire(t, action));
        queue.arm(slot, time);
    }

    /** Has {@code virq} of {@code vcpu} raised at each of {@code times} (cycles, ascending) by the world outside. */
    public void raiseFromOutside(Vcpu vcpu, int virq, long[] times) {
        if (times.length > 0) {
            new OutsideInterrupts(this, vcpu, virq, times);
        }
    }

    // ------------------------------------------------------------------------------------------------ the loop

    /** Runs up to {@code end} cycles: everything that happens before it. May be called again with a later end. */
    public void run(long end) {
        long lastTime = -1;
        int atOnce = 0;
        while (true) {
            long time = queue.nextTime();
            if (steppingPcpus > 0) {
                Pcpu p = slowestStepping();
                if (p.clock < Math.min(time, end)) {
                    step(p, Math.min(time, end));
                    continue;
                }
            }
            if (time >= end) {
                break;
            }
            if (time != lastTime) {
                lastTime = time;
                atOnce = 0;
            } else if (++atOnce > MOST_EVENTS_AT_ONCE) {
                throw new SchedulerException(
                        where() + "virtual time stands still: " + atOnce + " events at one instant");
            }
            guestEvents++;
            eventTime = time;
            owners[queue.pop()].fire(time);
        }
        settle(end);
    }

    /** Accounts everything up to {@code end} and checks that no cycle is lost or counted twice. */
    private void settle(long end) {
        eventTime = end;
        for (Pcpu p : pcpus) {
            if (p.clock < end) {
                active = p;
                p.advance(end);
                if (p.current != null && p.current.exitPending) {
                    queue.arm(p.exitSlot, end);
                }
                active = null;
            }
            p.settle(end);
        }
        domains.settle(end);
    }

    /** Starts the hypervisor's work on {@code p} at {@code time}, or puts the event off if {@code p} is at work till later. */
    private boolean begin(Pcpu p, int slot, long time) {
        if (p.waiting) {
            p.putOff(slot);
            return false;
        }
        if (p.clock > time) {
            queue.arm(slot, p.clock);
            return false;
        }
        enterHypervisor(p, time);
        if (p.current != null) {
            p.current.arch.interrupted();
        }
        return true;
    }

    private void enterHypervisor(Pcpu p, long time) {
        active = p;
        queue.cancel(p.exitSlot);
        p.advance(time);
        if (p.stepping) {
            p.stepping = false;
            steppingPcpus--;
        }
        if (p.current != null && p.current.domain().type() == Domain.Type.PVH) {
            charge(Cost.VM_EXIT);
        }
    }

    /** Runs a guest that promises nothing, up to {@code limit} or a quantum ahead of the slowest other one. */
    private void step(Pcpu p, long limit) {
        for (Pcpu other : pcpus) {
            if (other.stepping && other != p) {
                limit = Math.min(limit, other.clock + machine.quantumCycles());
            }
        }
        active = p;
        eventTime = p.clock;
        runningAhead = true;
        boolean exits = p.step(Math.max(1, limit - p.clock));
        runningAhead = false;
        if (exits) {
            p.stepping = false;
            steppingPcpus--;
            queue.arm(p.exitSlot, p.clock);
        }
        active = null;
    }

    private Pcpu slowestStepping() {
        Pcpu slowest = null;
        for (Pcpu p : pcpus) {
            if (p.stepping && (slowest == null || p.clock < slowest.clock)) {
                slowest = p;
            }
        }
        return slowest;
    }

    /** Ends the hypervisor's work on {@code p}: schedules as often as asked, then enters the guest or idles. */
    private void finish(Pcpu p) {
        int rounds = 0;
        while ((p.scheduleSoftirq || p.slaveSoftirq) && !p.waiting) {
            if (++rounds > MOST_EVENTS_AT_ONCE) {
                throw new SchedulerException(
                        where() + "decides again and again on " + p + ", virtual time stands still");
            }
            if (cores == null) {
                core.schedule(p);
            } else {
                cores.softirq(p);
            }
        }
        Vcpu v = p.current;
        if (v != null && !p.waiting) {
            enterGuest(p, v);
        }
        active = null;
    }

    /** {@code p}, which waited for its siblings, goes on. */
    void resume(Pcpu p) {
        active = p;
        p.takeUp();
        finish(p);
    }

    /** The hypervisor is at work on {@code p}, one of several that it is at work on at once. */
    void workOn(Pcpu p) {
        active = p;
    }

    private void enterGuest(Pcpu p, Vcpu v) {
        if (v.exitCost != null) {
            charge(v.exitCost);
            v.exitCost = null;
        }
        if (!v.exitPending) {
            v.arch.deliver();
        }
        if (v.domain().type() == Domain.Type.PVH) {
            charge(Cost.VM_ENTRY);
        }
        v.arch.entering();
        if (v.exitPending) {
            queue.arm(p.exitSlot, p.clock);
            return;
        }
        letRun(p, v);
    }

    /** Waits for the end of what the guest on {@code p} promises from its present state. */
    private void letRun(Pcpu p, Vcpu v) {
        long lookahead = v.guest.lookahead();
        if (lookahead == 0) {
            p.stepping = true;
            steppingPcpus++;
        } else if (lookahead != Guest.FOREVER) {
            queue.arm(p.exitSlot, p.clock + v.refillDebt + lookahead);
        }
    }

    /** Event: the guest on {@code p} reaches its exit, or the end of its lookahead. */
    void guestExited(Pcpu p, long time) {
        if (p.clock > time) {
            queue.arm(p.exitSlot, p.clock);
            return;
        }
        active = p;
        p.advance(time);
        Vcpu v = p.current;
        if (v != null && v.exitPending) {
            enterHypervisor(p, time);
            v.exitPending = false;
            v.arch.handle(v.exit);
            finish(p);
        } else if (v != null) {
            letRun(p, v); // a step of the guest's own: the hypervisor does not learn of it
        }
        active = null;
    }

    /** Event: an interrupt from another pCPU arrives at {@code p}. */
    void interrupted(Pcpu p, long time) {
        if (begin(p, p.ipiSlot, time)) {
            charge(Cost.IPI_RECEIVE);
            finish(p);
        }
    }

    /**
     * Event: a timer expires. One interrupt serves all timers of the pCPU that have expired by then; the next one comes no
     * sooner than the slop after it (the timer softirq of Xen's {@code common/timer.c}).
     */
    void timerExpired(XenTimer timer, long time) {
        Pcpu p = pcpus[timer.pcpu];
        boolean sameInterrupt = timer.expiry <= p.timersHandledAt;
        long soonest = p.timersHandledAt + cost(Cost.TIMER_SLOP);
        if (!sameInterrupt && time < soonest) {
            queue.arm(timer.slot, soonest);
        } else if (begin(p, timer.slot, time)) {
            if (!sameInterrupt) {
                charge(Cost.TIMER_INTERRUPT);
                p.timersHandledAt = p.clock;
            }
            timer.handler.expired(nowNanos());
            finish(p);
        }
    }

    /** Event: a device interrupts; {@code action} is what its handler does. Returns false if the event is put off. */
    boolean deviceInterrupt(Pcpu p, int slot, long time, Runnable action) {
        if (!begin(p, slot, time)) {
            return false;
        }
        charge(Cost.TIMER_INTERRUPT);
        action.run();
        finish(p);
        return true;
    }

    @Override
    void onPcpu0(Runnable action) {
        if (active != null) {
            action.run();
            return;
        }
        Pcpu p = pcpus[0];
        enterHypervisor(p, Math.max(p.clock, eventTime));
        try {
            action.run();
        } catch (IllegalArgumentException | InputException refused) {
            finish(p); // nothing has changed, and the run may go on
            throw refused;
        }
        finish(p);
    }

    /** The hypervisor is at work on {@code p} from now on, and it is {@code time}: for who leads it by the hand. */
    void work(Pcpu p, long time) {
        active = p;
        p.clock = time;
    }

    // ------------------------------------------------------------------------- what the hypervisor does to vCPUs

    /** {@code v} has an event: it wakes if it is blocked, or takes the upcall where it runs. */
    void kick(Vcpu v) {
        if (v.isGone()) {
            return;
        }
        boolean wasRunning = v.isOnPcpu();
        core.unblock(v);
        if (wasRunning) {
            Pcpu p = pcpus[v.pcpu()];
            if (p != active) {
                sendIpi(p);
            }
        }
    }

    void raiseScheduleSoftirq(Pcpu p) {
        if (!p.scheduleSoftirq) {
            p.scheduleSoftirq = true;
            if (p != active) {
                sendIpi(p);
            }
        }
    }

    void raiseSlaveSoftirq(Pcpu p) {
        if (!p.slaveSoftirq) {
            p.slaveSoftirq = true;
            if (p != active) {
                sendIpi(p);
            }
        }
    }

    private void sendIpi(Pcpu p) {
        charge(Cost.IPI_SEND);
        if (queue.timeOf(p.ipiSlot) == EventQueue.NEVER) {
            queue.arm(p.ipiSlot, time() + cost(Cost.IPI_DELIVERY));
        }
    }

    // ------------------------------------------------------------------------------------------ time and timers

    /** Time now, in cycles: on the pCPU at work its local clock, else that of the event. */
    public long time() {
        return active == null ? eventTime : active.clock;
    }

    long nowNanos() {
        return clock.toNanos(time());
    }

    int activePcpu() {
        return active == null ? 0 : active.id();
    }

    /** Spends what {@code what} costs on the pCPU at work. */
    void charge(Cost what) {
        if (active != null) {
            long cycles = costs[what.ordinal()];
            active.clock += cycles;
            active.hypervisorCycles += cycles;
        }
    }

    long cost(Cost what) {
        return costs[what.ordinal()];
    }

    int allocate(XenTimer timer) {
        return allocate((EventOwner) time -> timerExpired(timer, time));
    }

    int allocate(EventOwner owner) {
        int slot = queue.allocate();
        if (slot >= owners.length) {
            owners = Arrays.copyOf(owners, 2 * owners.length);
        }
        owners[slot] = owner;
        return slot;
    }

    /** Arms {@code slot} for {@code time}, or for now if that has passed. */
    long timeOf(int slot) {
        return queue.timeOf(slot);
    }

    void arm(int slot, long time) {
        if (runningAhead) {
            throw new IllegalStateException(
                    active.current + " caused an event inside a run ahead of the events, not by an exit");
        }
        queue.arm(slot, Math.max(time, eventTime));
    }

    void setTimer(XenTimer timer, long nanos) {
        timer.expiry = Math.max(time(), nanos <= 0 ? 0 : clock.toCycles(Math.min(nanos, XenTimer.NEVER)));
        queue.arm(timer.slot, Math.max(timer.expiry, time() + cost(Cost.TIMER_SLOP)));
    }

    void stopTimer(XenTimer timer) {
        queue.cancel(timer.slot);
    }

    boolean isTimerSet(XenTimer timer) {
        return queue.timeOf(timer.slot) != EventQueue.NEVER;
    }

    // ----------------------------------------------------------------------------------------------- the parts

    /** The scheduler's name, the time and so on, for the beginning of an error message. */
    String where() {
        String who = active == null || active.pool == null
                ? ""
                : active.pool.scheduler.getClass().getSimpleName() + ": ";
        return who + "at " + nowNanos() + " ns: ";
    }

    int saturated(long nanos) {
        return (int) Math.min(nanos, 0xffffffffL);
    }

    RandomStream random(String purpose) {
        return new RandomStream(machine.seed(), machine.cell(), purpose);
    }

    /** The machine's TSC. */
    public TscClock clock() {
        return clock;
    }

    Topology topology() {
        return machine.topology();
    }

    @Override
    TraceBuffer trace() {
        return trace;
    }

    DecisionListener decisionListener() {
        return decisionListener;
    }

    @Override
    SchedCore core() {
        return core;
    }

    /** Core scheduling, or null. */
    CoreScheduling cores() {
        return cores;
    }

    Hypercalls hypercalls() {
        return hypercalls;
    }

    /** What CPUID tells booted guests. */
    CpuidPolicy cpuid() {
        return cpuid;
    }

    /** The machine's frames, or null if its guests execute no instructions. */
    @Override
    public FrameTable frames() {
        return frames;
    }

    /** Event channels, for a toolstack that connects domains. */
    public EventChannels events() {
        return events;
    }

    /** pCPU {@code id}. */
    public Pcpu pcpu(int id) {
        return pcpus[id];
    }

    /** The pCPUs in order. */
    public List<Pcpu> pcpus() {
        return pcpuView;
    }

    /** Which pCPUs are scheduled together. */
    SchedGroups groups() {
        return groups;
    }

    CpuSet everyPcpu() {
        return everyPcpu;
    }

    @Override
    Domains domainTable() {
        return domains;
    }

    @Override
    CpuPools poolTable() {
        return pools;
    }

    /** The cpupools in order of creation. */
    public List<CpuPool> pools() {
        return pools.all();
    }

    /**
     * The cpupool of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public CpuPool pool(String name) {
        return pools.named(name);
    }

    /** The domains that were not destroyed, in order of creation. */
    public List<Domain> domains() {
        return domains.living();
    }

    /** All domains that ever were, in order of creation. */
    public List<Domain> allDomains() {
        return domains.ever();
    }

    /** The domain with {@code id}, or null. */
    public Domain domainById(int id) {
        return domains.byId(id);
    }

    /** How many events have been handled, a measure of work done. */
    public long eventCount() {
        return guestEvents;
    }
}
