package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * The cpupools, and how pCPUs and domains come to them and leave them while they run. Follows {@code common/sched/cpupool.c} and
 * {@code sched_move_domain} of Xen 4.17; what it refuses is refused for Xen's reasons.
 *
 * <p>A pCPU that leaves is out of its pool's {@link CpuPool#pcpus} at once, and all units placed on it are sent away; it is free once it has
 * let go of what it ran. A domain that moves is paused, and moves once none of its vCPUs runs. Under core scheduling the pCPUs of a core come
 * and go together.
 */
final class CpuPools {
    private final Hypervisor hypervisor;
    private final List<CpuPool> pools = new ArrayList<>();
    private final List<CpuPool> view = Collections.unmodifiableList(pools);

    /** pCPUs that leave their pool and still run something. */
    private int leaving;

    /** Domains that are to move and of which something still runs. */
    private int moving;

    CpuPools(Hypervisor hypervisor) {
        this.hypervisor = hypervisor;
    }

    /** In order of creation. */
    List<CpuPool> all() {
        return view;
    }

    /** Whether some pCPU or domain is on its way. */
    boolean isSettling() {
        return (leaving | moving) != 0;
    }

    CpuPool named(String name) {
        CpuPool pool = find(name);
        if (pool == null) {
            throw new IllegalArgumentException("no cpupool '" + name + "'");
        }
        return pool;
    }

    private CpuPool find(String name) {
        for (CpuPool pool : pools) {
            if (pool.name().equals(name)) {
                return pool;
            }
        }
        return null;
    }

    CpuPool create(PoolConfig config) {
        if (find(config.name()) != null) {
            throw new IllegalArgumentException("there is a cpupool '" + config.name() + "' already");
        }
        CpuSet members = config.pcpus();
        for (int p = members.next(0); p >= 0; p = members.next(p + 1)) {
            checkFree(p);
            if (!members.containsAll(hypervisor.groups().of(p))) {
                throw new IllegalArgumentException("cpupool " + config.name() + " has pCPU " + p + " but not all of "
                        + hypervisor.groups().of(p) + ", which are scheduled together");
            }
        }
        CpuPool pool = new CpuPool(hypervisor, config.name(), members, config.scheduler());
        pool.scheduler.init(pool);
        pools.add(pool);
        for (int p = members.next(0); p >= 0; p = members.next(p + 1)) {
            hypervisor.pcpu(p).pool = pool;
            if (pool.pcpus().contains(p)) {
                pool.scheduler.addPcpu(p);
            }
        }
        return pool;
    }

    void destroy(CpuPool pool) {
        checkThere(pool);
        Domain inside = firstDomain(pool);
        if (inside != null) {
            throw new IllegalArgumentException("cpupool " + pool + " cannot be destroyed: " + inside + " is in it");
        }
        CpuSet pcpus = pool.pcpus();
        for (int p = pcpus.next(0); p >= 0; p = pcpus.next(p + 1)) {
            pool.setMembers(pool.members().without(hypervisor.groups().of(p)));
            release(hypervisor.pcpu(p));
        }
        pool.stopTimers();
        pools.remove(pool);
    }

    void addPcpu(CpuPool pool, int id) {
        checkThere(pool);
        checkFree(id);
        CpuSet together = hypervisor.groups().of(id);
        pool.setMembers(pool.members().with(together));
        for (int p = together.next(0); p >= 0; p = together.next(p + 1)) {
            hypervisor.pcpu(p).pool = pool;
        }
        Pcpu p = hypervisor.pcpu(together.next(0));
        pool.scheduler.addPcpu(p.id());
        for (Domain domain : hypervisor.domains()) {
            if (domain.pool == pool) {
                domain.vcpus().forEach(Vcpu::poolChanged);
                domain.units().forEach(pool.scheduler::affinityChanged);
            }
        }
        hypervisor.raiseScheduleSoftirq(p);
    }

    void removePcpu(CpuPool pool, int id) {
        checkThere(pool);
        if (!pool.members().contains(id)) {
            throw new IllegalArgumentException("pCPU " + id + " is not in cpupool " + pool);
        }
        Domain inside = firstDomain(pool);
        if (inside != null && pool.pcpus().size() == 1) {
            throw new IllegalArgumentException(
                    "pCPU " + id + " is the last of cpupool " + pool + ", and " + inside + " is in it");
        }
        CpuSet together = hypervisor.groups().of(id);
        pool.setMembers(pool.members().without(together));
        Pcpu p = hypervisor.pcpu(together.next(0));
        p.leaving = true;
        leaving++;
        sendAway(pool, p.id());
        if (pool.current(p.id()) == null) {
            left(p);
        } else {
            hypervisor.raiseScheduleSoftirq(p);
        }
    }

    /** Xen's {@code cpu_disable_scheduler}: no unit of {@code pool} stays on {@code id}, which is in the pool no more. */
    private void sendAway(CpuPool pool, int id) {
        for (Domain domain : hypervisor.domains()) {
            if (domain.pool != pool) {
                continue;
            }
            domain.vcpus().forEach(Vcpu::poolChanged);
            for (SchedUnit unit : domain.units()) {
                if (unit.usablePcpus().isEmpty()) {
                    // Xen breaks an affinity that leaves nothing, for good.
                    unit.members().forEach(v -> v.setAffinity(hypervisor.everyPcpu(), v.softAffinity()));
                }
                pool.scheduler.affinityChanged(unit);
                if (unit.pcpu == id) {
                    hypervisor.core().startMigration(unit);
                }
            }
        }
    }

    /** {@code p}, which leaves its pool, runs nothing any more. */
    void left(Pcpu p) {
        p.leaving = false;
        leaving--;
        release(p);
    }

    /** {@code master} and those that are scheduled together with it are free. */
    private void release(Pcpu master) {
        master.pool.scheduler.removePcpu(master.id());
        CpuSet together = hypervisor.groups().of(master.id());
        for (int p = together.next(0); p >= 0; p = together.next(p + 1)) {
            hypervisor.pcpu(p).pool = null;
        }
    }

    void move(Domain domain, CpuPool to) {
        checkThere(to);
        if (domain.movesTo == null && domain.pool == to || domain.movesTo == to) {
            return;
        }
        if (to.pcpus().isEmpty()) {
            throw new IllegalArgumentException("cpupool " + to + " has no pCPU to run " + domain);
        }
        if (domain.movesTo == null) {
            moving++;
            domain.vcpus().forEach(hypervisor.core()::pause);
        }
        domain.movesTo = to;
        if (!domain.isRunning()) {
            moved(domain);
        }
    }

    /** {@code domain} does not move after all: it ends. */
    void stay(Domain domain) {
        if (domain.movesTo != null) {
            domain.movesTo = null;
            moving--;
        }
    }

    /** Xen's {@code sched_move_domain}: the new scheduler knows nothing of the old one's weight, cap, parameters or affinity. */
    void moved(Domain domain) {
        CpuPool to = domain.movesTo;
        domain.movesTo = null;
        moving--;
        take(domain);
        domain.pool = to;
        domain.setShare(Domain.DEFAULT_WEIGHT, 0);
        int next = to.pcpus().next(0);
        for (SchedUnit unit : domain.units()) {
            unit.pcpu = next;
            for (Vcpu v : unit.members()) {
                v.schedulerParameters = Map.of();
                v.setAffinity(hypervisor.everyPcpu(), hypervisor.everyPcpu());
                v.singleshot.migrate(v.pcpu());
                v.pollTimer.migrate(v.pcpu());
            }
            to.scheduler.insert(unit);
            next = to.pcpus().cycle(next);
        }
        domain.vcpus().forEach(hypervisor.core()::unpause);
    }

    /** Takes {@code domain}, of which nothing runs or is runnable, from its scheduler, which keeps nothing of it. */
    static void take(Domain domain) {
        take(domain, domain.units().size());
    }

    /** The same for one of which only the first {@code count} units ever came to the scheduler. */
    static void take(Domain domain, int count) {
        for (SchedUnit unit : domain.units().subList(0, count)) {
            domain.pool.scheduler.remove(unit);
            unit.setData(null);
            unit.members().forEach(v -> v.clearPause(Vcpu.PARKED));
        }
        domain.setData(null);
    }

    /** A domain that is in {@code pool} or on its way there, or null. */
    private Domain firstDomain(CpuPool pool) {
        for (Domain domain : hypervisor.domains()) {
            if (domain.pool == pool || domain.movesTo == pool) {
                return domain;
            }
        }
        return null;
    }

    private void checkThere(CpuPool pool) {
        if (!pools.contains(pool)) {
            throw new IllegalArgumentException("cpupool " + pool + " was destroyed");
        }
    }

    private void checkFree(int id) {
        if (id < 0 || id >= hypervisor.pcpus().size()) {
            throw new IllegalArgumentException("pCPU " + id + " does not exist");
        }
        Pcpu p = hypervisor.pcpu(id);
        if (p.pool != null) {
            throw new IllegalArgumentException(
                    "pCPU " + id + " is not free: it " + (p.leaving ? "is leaving" : "is in") + " cpupool " + p.pool);
        }
    }
}
