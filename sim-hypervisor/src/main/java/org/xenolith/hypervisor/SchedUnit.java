package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.List;

/**
 * What a scheduler schedules: a vCPU; under core scheduling, the vCPUs of a domain that share a core. A scheduler sees of a guest only this.
 */
public final class SchedUnit {
    private final List<Vcpu> members = new ArrayList<>(1);

    /** The first of its vCPUs, which stands for all in what they have in common. */
    private Vcpu vcpu;

    /** The pCPU it is placed on; under core scheduling the master of those. */
    int pcpu;

    boolean running;

    /** Under core scheduling: since when it has been running or not, cycles. */
    long stateSince;

    /** Under core scheduling: whether its scheduler takes it for runnable. */
    boolean awake;

    private Object data;

    /** Adds a vCPU, in order of their numbers. */
    void join(Vcpu v) {
        vcpu = members.isEmpty() ? v : vcpu;
        members.add(v);
    }

    /** Its vCPUs in order of their numbers. */
    List<Vcpu> members() {
        return members;
    }

    /** The vCPU in place {@code slot}, or null if the domain has none there. */
    Vcpu at(int slot) {
        return slot < members.size() ? members.get(slot) : null;
    }

    /** How many of its vCPUs are on a pCPU. */
    int onPcpus() {
        int n = 0;
        for (int i = 0; i < members.size(); i++) {
            n += members.get(i).isOnPcpu() ? 1 : 0;
        }
        return n;
    }

    /** The domain it belongs to. */
    public Domain domain() {
        return vcpu.domain();
    }

    /** Number of its (first) vCPU in the domain. */
    public int id() {
        return vcpu.id();
    }

    /** Number of this unit among all of the simulation, rising from 0 in order of creation; dense where it is one vCPU. */
    public int index() {
        return vcpu.index();
    }

    /** Domain and vCPU as trace records carry them: domain id in the high half, vCPU number in the low. */
    public int traceWord() {
        return vcpu.traceWord();
    }

    /** The pCPU it runs on, ran on last, or is placed on; the first of them under core scheduling. */
    public int pcpu() {
        return pcpu;
    }

    /** Whether nothing but the scheduler keeps it from running. */
    public boolean isRunnable() {
        if (vcpu.isRunnable()) {
            return true;
        }
        for (int i = 1; i < members.size(); i++) {
            if (members.get(i).isRunnable()) {
                return true;
            }
        }
        return false;
    }

    /** Whether a pCPU runs it, up to and including its {@link Scheduler#contextSaved}. */
    public boolean isRunning() {
        return running;
    }

    /** Whether its vCPU is up, as one is that was started and has not been taken down: it may run, wait or sleep. */
    public boolean isOnline() {
        return !vcpu.isPaused(Vcpu.DOWN);
    }

    /** Whether it waits for its migration to be carried out. */
    public boolean isMigrating() {
        return vcpu.isPaused(Vcpu.MIGRATING);
    }

    /** Whether the scheduler has parked it. */
    public boolean isParked() {
        return vcpu.isPaused(Vcpu.PARKED);
    }

    /** System time in ns at which it entered its present runstate; under core scheduling, at which it began or ceased to run. */
    public long stateEntryNanos() {
        return vcpu.stateEntryNanos(this);
    }

    /** pCPUs it may run on. */
    public CpuSet hardAffinity() {
        return vcpu.hardAffinity();
    }

    /** pCPUs it prefers; all that are allowed if none is preferred. */
    public CpuSet softAffinity() {
        return vcpu.softAffinity();
    }

    /** Whether it has a preference among the pCPUs it may run on (soft affinity splits its usable pCPUs). */
    public boolean hasSoftAffinity() {
        return !softAffinity().containsAll(usablePcpus()) && softAffinity().intersects(usablePcpus());
    }

    /** pCPUs of its pool that it may run on. */
    public CpuSet usablePcpus() {
        return vcpu.usablePcpus();
    }

    /** Whether {@code pcpu} is in its pool and in its hard affinity. */
    public boolean usable(int pcpu) {
        return vcpu.usablePcpus().contains(pcpu);
    }

    /**
     * The value of {@code name} for it, one of the {@link DomainParameter}s that its pool's scheduler declares: as set, or the
     * default. For {@link Scheduler#insert} and {@link Scheduler#adjusted}, which keep what they need.
     *
     * @throws IllegalArgumentException if the scheduler declares no such parameter
     */
    public long parameter(String name) {
        return domain().pool().parameter(vcpu, name);
    }

    /** What the scheduler keeps of it: whatever was set last, null at first. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    public <T> T data() {
        return (T) data;
    }

    /** Keeps {@code data} with this unit for the scheduler. */
    public void setData(Object data) {
        this.data = data;
    }

    /** The first of its vCPUs. */
    Vcpu first() {
        return vcpu;
    }

    /** Such as {@code d1v0}, as Xen's messages name it. */
    @Override
    public String toString() {
        return vcpu.toString();
    }
}
