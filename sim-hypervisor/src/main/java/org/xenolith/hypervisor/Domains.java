package org.xenolith.hypervisor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.xenolith.trace.TraceEvent;

/** The domains of a machine: how they come, shut down and go. Follows {@code common/domain.c} of Xen 4.17. */
final class Domains {
    private final Hypervisor hypervisor;
    private final CpuPools pools;
    private final List<Domain> living = new ArrayList<>();
    private final List<Domain> livingView = Collections.unmodifiableList(living);

    /** Those that ended, too: their time counts, and their ids are not given to others. */
    private final List<Domain> ever = new ArrayList<>();

    private int vcpus;

    /** Domains that are to be gone and of which something still runs. */
    private int dying;

    Domains(Hypervisor hypervisor, CpuPools pools) {
        this.hypervisor = hypervisor;
        this.pools = pools;
    }

    /** Those that live, in order of creation. */
    List<Domain> living() {
        return livingView;
    }

    /** All that ever lived, in order of creation. */
    List<Domain> ever() {
        return Collections.unmodifiableList(ever);
    }

    /** Whether some domain is on its way out. */
    boolean isSettling() {
        return dying != 0;
    }

    /** The one that lives and has {@code id}, or null. */
    Domain byId(int id) {
        for (Domain domain : living) {
            if (domain.id() == id) {
                return domain;
            }
        }
        return null;
    }

    Domain create(DomainConfig config, FrameTable frames) {
        CpuPool pool = pools.named(config.pool());
        if (ever.stream().anyMatch(d -> d.id() == config.id())) {
            throw new IllegalArgumentException("domain id " + config.id() + " is taken");
        }
        if (pool.pcpus().isEmpty()) {
            throw new IllegalArgumentException("cpupool " + pool + " has no pCPU to run domain " + config.name());
        }
        int count = config.guests().size();
        if (count < 1 || count > SharedInfo.VCPUS) {
            throw new IllegalArgumentException("a domain has 1 to " + SharedInfo.VCPUS + " vCPUs, not " + count);
        }
        Physmap physmap = config.memory() == null ? new Physmap(frames, config.id()) : null;
        Domain domain = new Domain(config.id(), config.name(), config.type(), config.memory(), physmap, pool);
        domain.setShare(config.weight(), config.cap());
        domain.makeVcpus(hypervisor, config, vcpus);
        living.add(domain);
        ever.add(domain);
        vcpus += count;
        hypervisor.trace().emit(TraceEvent.Sched.DOM_ADD, domain.id());
        int inserted = 0;
        try {
            for (SchedUnit unit : domain.units()) {
                for (Vcpu v : unit.members()) {
                    v.guest.attach(v);
                }
                pool.scheduler.insert(unit);
                inserted++;
                for (Vcpu v : unit.members()) {
                    v.clearPause(v.initialised ? Vcpu.BLOCKED | Vcpu.DOWN : Vcpu.BLOCKED);
                }
            }
        } catch (IllegalArgumentException refused) {
            CpuPools.take(domain, inserted);
            living.remove(domain);
            ever.remove(domain);
            hypervisor.trace().emit(TraceEvent.Sched.DOM_REM, domain.id());
            Relinquish.all(domain);
            throw refused;
        }
        return domain;
    }

    /** Ends {@code domain} for {@code reason} ({@code SHUTDOWN_*}): its vCPUs never run again. */
    void shutdown(Domain domain, int reason) {
        domain.setShutdownReason(reason);
        quiet(domain);
        for (Vcpu v : domain.vcpus()) {
            hypervisor.trace().emit(TraceEvent.Sched.SHUTDOWN, domain.id(), v.id(), reason);
            v.stopTimers();
            v.setPause(Vcpu.DOWN);
            hypervisor.core().sleep(v);
        }
    }

    private void quiet(Domain domain) {
        hypervisor.events().ended(domain);
        if (domain.watchdogs != null) {
            domain.watchdogs.stop();
        }
    }

    /** Xen's {@code domain_kill}: its vCPUs are paused, and it goes once none of them runs. */
    void destroy(Domain domain) {
        checkLives(domain);
        domain.dying = true;
        dying++;
        pools.stay(domain);
        if (domain.shutdownReason() < 0) {
            quiet(domain);
        }
        domain.vcpus().forEach(Vcpu::stopTimers);
        domain.vcpus().forEach(hypervisor.core()::pause);
        if (!domain.isRunning()) {
            gone(domain);
        }
    }

    /** {@code domain}, which was destroyed, runs nowhere any more. */
    void gone(Domain domain) {
        dying--;
        hypervisor.events().reset(domain);
        CpuPools.take(domain);
        living.remove(domain);
        hypervisor.trace().emit(TraceEvent.Sched.DOM_REM, domain.id());
        domain.vcpus().forEach(v -> v.end(hypervisor.time()));
        Relinquish.all(domain);
    }

    /** Refuses a domain that was destroyed. */
    static void checkLives(Domain domain) {
        if (domain.dying) {
            throw new IllegalArgumentException(domain + " was destroyed");
        }
    }

    /** Accounts all vCPUs' time up to {@code end}, and checks that none is lost or counted twice. */
    void settle(long end) {
        for (int d = 0; d < ever.size(); d++) { // no iterators: a run may be cut into very many pieces
            List<Vcpu> members = ever.get(d).vcpus();
            for (int i = 0; i < members.size(); i++) {
                Vcpu v = members.get(i);
                if (!v.isGone()) {
                    v.account(end);
                }
                if (v.accountedCycles() != (v.isGone() ? v.endedAt() : end) - v.createdAt()) {
                    throw new IllegalStateException(v + ": runstates do not sum to its lifetime");
                }
            }
        }
    }
}
