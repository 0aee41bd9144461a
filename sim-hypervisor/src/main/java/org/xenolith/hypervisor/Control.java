package org.xenolith.hypervisor;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.trace.TraceEvent;

/** What the toolstack asks of the {@link Hypervisor}, by domctl and sysctl in Xen: at the present instant, and at no cost. */
public abstract sealed class Control permits Hypervisor {
    abstract Domains domainTable();

    abstract CpuPools poolTable();

    abstract FrameTable frames();

    abstract SchedCore core();

    abstract TraceBuffer trace();

    /** Does {@code action} on pCPU 0, or where the hypervisor is at work already. */
    abstract void onPcpu0(Runnable action);

    /**
     * Makes a domain, paused; {@link #unpause} starts it. As xl does, at the present instant and without charge.
     *
     * @throws IllegalArgumentException if the configuration contradicts itself or the machine, or another domain has or had the id
     */
    public Domain createDomain(DomainConfig config) {
        return domainTable().create(config, frames());
    }

    /**
     * Ends a domain, as {@code xl destroy}: it never runs again, its event channels are closed, and it is gone as soon as none of its vCPUs
     * runs any more ({@link #isSettling}).
     *
     * @throws IllegalArgumentException if it was destroyed before
     */
    public void destroy(Domain domain) {
        onPcpu0(() -> domainTable().destroy(domain));
    }

    /**
     * Pauses all vCPUs of {@code domain}, as {@code xl pause}. Pauses are counted.
     *
     * @throws IllegalArgumentException if it was destroyed
     */
    public void pause(Domain domain) {
        Domains.checkLives(domain);
        onPcpu0(() -> domain.vcpus().forEach(core()::pause));
    }

    /**
     * Ends one {@link #pause}, or starts a domain that was just made.
     *
     * @throws IllegalArgumentException if it was destroyed
     * @throws IllegalStateException if it is not paused
     */
    public void unpause(Domain domain) {
        Domains.checkLives(domain);
        onPcpu0(() -> domain.vcpus().forEach(core()::unpause));
    }

    /**
     * Changes weight and cap while the domain runs, as {@code xl sched-credit2} does.
     *
     * @throws IllegalArgumentException if they are out of range, or the domain was destroyed
     */
    public void setShare(Domain domain, int weight, int cap) {
        Domains.checkLives(domain);
        onPcpu0(() -> {
            domain.setShare(weight, cap);
            adjusted(domain);
        });
    }

    private void adjusted(Domain domain) {
        domain.pool().scheduler.adjusted(domain);
        trace().emit(TraceEvent.Sched.ADJDOM, domain.id());
    }

    /**
     * Changes what the scheduler takes for {@code v} beside weight and cap ({@link DomainParameter}) while the domain runs, as
     * {@code xl sched-rtds} does. What is not named stays.
     *
     * @throws IllegalArgumentException if the scheduler refuses the values; then nothing has changed
     */
    public void setParameters(Vcpu v, Map<String, Long> values) {
        Domains.checkLives(v.domain());
        Map<String, Long> before = v.schedulerParameters;
        Map<String, Long> after = new TreeMap<>(before);
        after.putAll(values);
        onPcpu0(() -> {
            try {
                v.schedulerParameters = Collections.unmodifiableMap(after);
                adjusted(v.domain());
            } catch (IllegalArgumentException e) {
                v.schedulerParameters = before;
                throw e;
            }
        });
    }

    /**
     * Changes parameters of a pool's scheduler while it runs, as {@code xl sched-credit -s} does: {@code change} sets fields of it,
     * {@linkplain Parameter#changeable changeable} ones.
     *
     * @throws IllegalArgumentException if the scheduler refuses them
     */
    public void reconfigure(CpuPool pool, Runnable change) {
        onPcpu0(() -> {
            change.run();
            pool.scheduler.reconfigured();
        });
    }

    /**
     * Changes where a vCPU may and prefers to run, as {@code xl vcpu-pin}; under core scheduling those that share its unit, too.
     *
     * @throws IllegalArgumentException if it may run on no pCPU of its pool, or its domain was destroyed
     */
    public void setAffinity(Vcpu v, CpuSet hard, CpuSet soft) {
        Domains.checkLives(v.domain());
        if (!hard.intersects(v.domain().pool().pcpus())) {
            throw new IllegalArgumentException(v + " may run nowhere: affinity " + hard + ", pool "
                    + v.domain().pool().pcpus());
        }
        onPcpu0(() -> {
            v.unit().members().forEach(member -> member.setAffinity(hard, soft));
            v.domain().pool().scheduler.affinityChanged(v.unit());
            core().startMigration(v.unit()); // wherever it is: the scheduler may know a better place now
        });
    }

    /**
     * Makes a cpupool of free pCPUs, or of none, as {@code xl cpupool-create}.
     *
     * @throws IllegalArgumentException if the name is taken or a pCPU is not free
     */
    public CpuPool createPool(PoolConfig config) {
        CpuPool[] made = new CpuPool[1];
        onPcpu0(() -> made[0] = poolTable().create(config));
        return made[0];
    }

    /**
     * Destroys a cpupool without domains; its pCPUs are free then.
     *
     * @throws IllegalArgumentException if a domain is in it, or it was destroyed before
     */
    public void destroyPool(CpuPool pool) {
        onPcpu0(() -> poolTable().destroy(pool));
    }

    /**
     * Gives the free {@code pcpu} to {@code pool}, as {@code xl cpupool-cpu-add}.
     *
     * @throws IllegalArgumentException if it is not free, or the pool was destroyed
     */
    public void addPcpu(CpuPool pool, int pcpu) {
        onPcpu0(() -> poolTable().addPcpu(pool, pcpu));
    }

    /**
     * Takes {@code pcpu} from {@code pool}, as {@code xl cpupool-cpu-remove}: what is placed on it goes elsewhere, for which Xen resets a
     * hard affinity that allows nothing else. The pCPU is free, and idle, as soon as it has let go of what it ran ({@link #isSettling}).
     *
     * @throws IllegalArgumentException if it is not in the pool, or the last one there while the pool has domains
     */
    public void removePcpu(CpuPool pool, int pcpu) {
        onPcpu0(() -> poolTable().removePcpu(pool, pcpu));
    }

    /**
     * Moves a domain to another cpupool, as {@code xl cpupool-migrate}, as soon as none of its vCPUs runs ({@link #isSettling}). There it
     * has default weight, no cap, the defaults of the scheduler and no affinity, as in Xen.
     *
     * @throws IllegalArgumentException if the pool has no pCPU or was destroyed, or the domain was
     */
    public void move(Domain domain, CpuPool pool) {
        Domains.checkLives(domain);
        onPcpu0(() -> poolTable().move(domain, pool));
    }

    /** Whether a pCPU that was removed, or a domain that was moved or destroyed, still runs what it ran; a matter of microseconds. */
    public boolean isSettling() {
        return domainTable().isSettling() || poolTable().isSettling();
    }
}
