package org.xenolith.hypervisor;

import java.util.Map;
import org.xenolith.engine.RandomStream;
import org.xenolith.machine.Cost;

/** A virtual CPU: its runstate and the accounting of it, what pauses it, where it may run, and the guest it runs. */
public final class Vcpu implements VcpuPort {
    /** Pause flag: waits for an event. */
    static final int BLOCKED = 1;

    /** Pause flag: waits to be moved to another pCPU. */
    static final int MIGRATING = 2;

    /** Pause flag: parked by the scheduler, whose cap it used up. */
    static final int PARKED = 4;

    /** Pause flag: shut down. */
    static final int DOWN = 8;

    private final Hypervisor hypervisor;
    private final Domain domain;
    private final int id;
    private final int index;
    private final SchedUnit unit;
    final Guest guest;
    final VcpuArch arch;
    private final GuestMemory memory;
    final GuestExit exit = new GuestExit();
    final XenTimer singleshot;
    final XenTimer pollTimer;
    final VcpuAreas areas;

    /** Whether it has a state from which it could start: a booted vCPU other than the first gets one by a hypercall or an interrupt. */
    boolean initialised;

    private CpuSet hardAffinity;
    private CpuSet softAffinity;
    private CpuSet usable;

    private int pauseFlags = BLOCKED | DOWN;
    private int pauseCount;

    private Runstate runstate = Runstate.OFFLINE;
    private long runstateSince;
    private long accountedTo;
    private final long createdAt;
    private long endedAt = Long.MAX_VALUE;
    private final long[] runstateCycles = new long[Runstate.values().length];

    /** What schedulers take for it beside weight and cap, by name; those of schedulers that do not serve it now, too. */
    Map<String, Long> schedulerParameters = Map.of();

    /** Whether {@link #exit} holds a stop that is still to be handled. */
    boolean exitPending;

    /** What going back to the guest costs after its exit, or null. */
    Cost exitCost;

    /** Whether it waits in SCHEDOP_poll. */
    boolean polling;

    /** Port of each VIRQ, 0 if not bound. */
    final int[] virqPort = new int[Abi.VIRQS];

    /** Ports waited for in SCHEDOP_poll. */
    final int[] pollPorts = new int[SchedOp.MAX_POLL_PORTS];

    int pollCount;

    /** Guest cycles still to be lost to cold caches. */
    long refillDebt;

    /** pCPU it ran on last, -1 if it never ran. */
    int lastPcpu = -1;

    /** Its place in its unit, and so among the pCPUs that run that. */
    private final int slot;

    /** Under core scheduling: whether its pCPU is to switch to it, or away from it, while the others of its unit go on. */
    boolean forced;

    Vcpu(Hypervisor hypervisor, Domain domain, int id, int index, SchedUnit unit, Guest guest) {
        this.hypervisor = hypervisor;
        this.domain = domain;
        this.id = id;
        this.index = index;
        this.guest = guest;
        this.unit = unit;
        this.slot = unit.members().size();
        unit.join(this);
        Registers registers = guest.registers();
        this.memory = registers == null ? domain.memory() : registers.memory();
        this.arch = registers == null
                ? new SoftArch(hypervisor, this)
                : domain.type() == Domain.Type.PV
                        ? new PvArch(hypervisor, this)
                        : new HvmArch(hypervisor, this, registers);
        this.createdAt = hypervisor.time();
        this.runstateSince = createdAt;
        this.accountedTo = createdAt;
        this.singleshot = new XenTimer(hypervisor, 0, now -> hypervisor.events().raiseTimer(this));
        this.pollTimer = new XenTimer(hypervisor, 0, now -> hypervisor.events().pollTimedOut(this));
        this.areas = new VcpuAreas(hypervisor, this);
        this.initialised = id == 0 || registers == null;
    }

    /** Its domain. */
    public Domain domain() {
        return domain;
    }

    /** Its number in the domain. */
    public int id() {
        return id;
    }

    /** What was given to schedulers for it beside weight and cap, by name, whether or not the present one knows it: another map once that changes. */
    public Map<String, Long> schedulerParameters() {
        return schedulerParameters; // never changed, but replaced
    }

    /** Its number among all vCPUs of the simulation. */
    public int index() {
        return index;
    }

    /** Domain id in the high half, vCPU number in the low. */
    public int traceWord() {
        return domain.id() << 16 | id;
    }

    /** Its registers, or null if its guest executes no instructions. */
    public Registers registers() {
        return guest.registers();
    }

    /** What the scheduler schedules for it. */
    public SchedUnit unit() {
        return unit;
    }

    /** The pCPU it runs on, ran on last, or is placed on. */
    int pcpu() {
        return unit.pcpu + slot;
    }

    /** Whether that runs it. */
    boolean isOnPcpu() {
        return hypervisor.pcpu(pcpu()).current == this;
    }

    /** Its runstate. */
    public Runstate runstate() {
        return runstate;
    }

    /** Cycles spent in {@code state} up to the last change of runstate. */
    public long cyclesIn(Runstate state) {
        return runstateCycles[state.ordinal()];
    }

    /** Cycles spent in all runstates together. */
    long accountedCycles() {
        long sum = 0;
        for (long cycles : runstateCycles) {
            sum += cycles;
        }
        return sum;
    }

    /** Time of creation, cycles. */
    public long createdAt() {
        return createdAt;
    }

    /** pCPUs it may run on. */
    public CpuSet hardAffinity() {
        return hardAffinity;
    }

    /** pCPUs it prefers. */
    public CpuSet softAffinity() {
        return softAffinity;
    }

    /** pCPUs of its pool that it may run on. */
    public CpuSet usablePcpus() {
        return usable;
    }

    void setAffinity(CpuSet hard, CpuSet soft) {
        hardAffinity = hard;
        softAffinity = soft;
        poolChanged();
    }

    /** Its pool has other pCPUs now. */
    void poolChanged() {
        usable = hardAffinity.and(domain.pool().pcpus());
    }

    /** Stops what would wake it at some time. */
    void stopTimers() {
        singleshot.stop();
        pollTimer.stop();
        areas.stop();
    }

    /** Its domain was destroyed; its time ends at {@code at} cycles. */
    void end(long at) {
        account(at);
        endedAt = at;
    }

    /** Whether its domain was destroyed and it has left its scheduler. */
    public boolean isGone() {
        return endedAt != Long.MAX_VALUE;
    }

    /** When its time ended, cycles; {@link Long#MAX_VALUE} if it has not. */
    public long endedAt() {
        return endedAt;
    }

    boolean isRunnable() {
        return (pauseFlags | pauseCount) == 0;
    }

    boolean isPaused(int flag) {
        return (pauseFlags & flag) != 0;
    }

    void setPause(int flag) {
        pauseFlags |= flag;
    }

    /** Clears a pause flag; returns whether it was set. */
    boolean clearPause(int flag) {
        boolean was = isPaused(flag);
        pauseFlags &= ~flag;
        return was;
    }

    void pause() {
        pauseCount++;
    }

    void unpause() {
        if (pauseCount == 0) {
            throw new IllegalStateException(this + " is not paused");
        }
        pauseCount--;
    }

    long stateEntryNanos() {
        return hypervisor.clock().toNanos(runstateSince);
    }

    /** The same of its unit. */
    long stateEntryNanos(SchedUnit own) {
        return hypervisor.clock().toNanos(hypervisor.cores() != null ? own.stateSince : runstateSince);
    }

    /** Cycles spent in {@code state} before it entered its present state. */
    long cyclesBeforePresent(Runstate state) {
        return cyclesIn(state) - (state == runstate ? accountedTo - runstateSince : 0);
    }

    /** Cycles since it entered its present state. */
    long presentCycles() {
        return Math.max(0, hypervisor.time() - runstateSince); // another pCPU may be a little ahead
    }

    /** Changes the runstate at {@code at} cycles; the caller has a trace record emitted. */
    void enter(Runstate next, long at) {
        account(at);
        runstate = next;
        runstateSince = at;
    }

    /** Brings the accounting up to {@code at} cycles. */
    void account(long at) {
        runstateCycles[runstate.ordinal()] += at - accountedTo;
        accountedTo = at;
    }

    @Override
    public int domainId() {
        return domain.id();
    }

    @Override
    public int vcpuId() {
        return id;
    }

    @Override
    public int vcpuCount() {
        return domain.vcpus().size();
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public Physmap physmap() {
        return domain.physmap();
    }

    @Override
    public SharedInfo sharedInfo() {
        return domain.sharedInfo();
    }

    @Override
    public long tsc() {
        return hypervisor.time();
    }

    @Override
    public long systemTimeNanos(long tsc) {
        return hypervisor.clock().toNanos(tsc);
    }

    @Override
    public long cycles(long nanos) {
        return hypervisor.clock().toCycles(nanos);
    }

    @Override
    public RandomStream random(String purpose) {
        return hypervisor.random(this + "/" + purpose);
    }

    /** Such as {@code d1v0}. */
    @Override
    public String toString() {
        return "d" + domain.id() + "v" + id;
    }
}
