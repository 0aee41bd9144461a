package org.xenolith.experiment;

import java.util.List;
import java.util.function.Consumer;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.CpuPool;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.SchedulerException;
import org.xenolith.hypervisor.Vcpu;

/** Does to a simulation what the actions of its scenario say, when their time has come. */
final class Operator {
    private final Hypervisor hypervisor;
    private final Cell cell;
    private final Consumer<String> creator;

    /**
     * @param creator makes the domain of that name, and starts it
     */
    Operator(Hypervisor hypervisor, Cell cell, Consumer<String> creator) {
        this.hypervisor = hypervisor;
        this.cell = cell;
        this.creator = creator;
    }

    /** Has {@code actions} done, whose times count from {@code begin} (ns). */
    void schedule(List<Action> actions, long begin) {
        actions.forEach(action -> hypervisor.at(hypervisor.clock().toCycles(begin + action.atNanos()), () -> {
            try {
                perform(action);
            } catch (SchedulerException e) {
                throw e; // the policy's fault, not the scenario's
            } catch (InputException | IllegalArgumentException | IllegalStateException e) {
                throw new InputException(
                        "actions: at " + Durations.format(action.atNanos()) + ": " + e.getMessage(), e);
            }
        }));
    }

    private void perform(Action action) {
        if (action instanceof Action.Create create) {
            creator.accept(create.domain());
        } else if (action instanceof Action.Destroy destroy) {
            hypervisor.destroy(domain(destroy.domain()));
        } else if (action instanceof Action.Pause pause) {
            hypervisor.pause(domain(pause.domain()));
        } else if (action instanceof Action.Unpause unpause) {
            Domain domain = domain(unpause.domain());
            named(domain, () -> hypervisor.unpause(domain));
        } else if (action instanceof Action.SetShare share) {
            Domain domain = domain(share.domain());
            named(domain, () -> hypervisor.setShare(domain, share.weight(), share.cap()));
        } else if (action instanceof Action.SetAffinity affinity) {
            Domain domain = domain(affinity.domain());
            named(domain, () -> vcpus(domain, affinity.vcpu())
                    .forEach(v -> hypervisor.setAffinity(v, affinity.hard(), affinity.soft())));
        } else if (action instanceof Action.SetSched sched) {
            Domain domain = domain(sched.domain());
            named(domain, () -> vcpus(domain, sched.vcpu()).forEach(v -> hypervisor.setParameters(v, sched.values())));
        } else if (action instanceof Action.Move move) {
            hypervisor.move(domain(move.domain()), hypervisor.pool(move.pool()));
        } else if (action instanceof Action.PoolCreate create) {
            Scenario.Pool pool = create.pool();
            SchedulerChoice choice = pool.scheduler() == null ? cell.scheduler() : pool.scheduler();
            hypervisor.createPool(new PoolConfig(pool.name(), pool.pcpus(), choice.create()));
        } else if (action instanceof Action.PoolDestroy destroy) {
            hypervisor.destroyPool(hypervisor.pool(destroy.pool()));
        } else if (action instanceof Action.CpuAdd add) {
            CpuPool pool = hypervisor.pool(add.pool());
            CpuSet before = pool.members();
            each(add.pcpus(), p -> {
                if (before.contains(p) == pool.members().contains(p)) { // else it came with its core
                    hypervisor.addPcpu(pool, p);
                }
            });
        } else if (action instanceof Action.CpuRemove remove) {
            CpuPool pool = hypervisor.pool(remove.pool());
            CpuSet before = pool.members();
            each(remove.pcpus(), p -> {
                if (before.contains(p) == pool.members().contains(p)) { // else it went with its core
                    hypervisor.removePcpu(pool, p);
                }
            });
        } else if (action instanceof Action.SetScheduler set) {
            CpuPool pool = hypervisor.pool(set.pool());
            hypervisor.reconfigure(pool, () -> SchedulerChoice.change(pool.scheduler(), set.parameters()));
        }
    }

    private static void each(CpuSet pcpus, Consumer<Integer> deed) {
        for (int p = pcpus.next(0); p >= 0; p = pcpus.next(p + 1)) {
            deed.accept(p);
        }
    }

    /** Adds the domain to a refusal that names only its vCPU. */
    private static void named(Domain domain, Runnable deed) {
        try {
            deed.run();
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new InputException(domain + ": " + e.getMessage(), e);
        }
    }

    private Domain domain(String name) {
        return hypervisor.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InputException("domain '" + name + "' is not there"));
    }

    private static List<Vcpu> vcpus(Domain domain, int vcpu) {
        if (vcpu >= domain.vcpus().size()) {
            throw new InputException(domain + " has no vCPU " + vcpu);
        }
        return vcpu < 0 ? domain.vcpus() : List.of(domain.vcpus().get(vcpu));
    }
}
