package org.xenolith.scheduler.kit;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.ShrinkingMode;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.scheduler.kit.KitScenario.KitDomain;

/**
 * What every scheduler must do, as properties over random machines, domains, weights, caps, affinities and loads. A
 * scheduler's test is three lines:
 *
 * <pre>{@code
 * class MySchedulerTest implements SchedulerContract {
 *     public Scheduler scheduler() { return new MyScheduler(); }
 * }
 * }</pre>
 *
 * <p>All is judged by the trace records of the run, never by what the scheduler says. Bounds are stated with each property;
 * Xen's own schedulers meet them.
 */
@PropertyDefaults(tries = 25, shrinking = ShrinkingMode.BOUNDED)
public interface SchedulerContract {
    /** How long a run lasts, seconds of virtual time. */
    int SECONDS = 3;

    /** A new scheduler of the kind under test. */
    Scheduler scheduler();

    /** Whether everybody gets a turn in the end, also beside others that never sleep. */
    default boolean promisesProgress() {
        return true;
    }

    /** Whether no pCPU idles while another has more to run than it can. */
    default boolean conservesWorkAcrossPcpus() {
        return true;
    }

    /** Whether it promises to share a pCPU by weight. */
    default boolean promisesWeights() {
        return true;
    }

    /** How near it then comes, percentage points of the pCPU. */
    default double weightsWithin() {
        return 5;
    }

    /** Whether it promises to keep a domain within its cap. */
    default boolean promisesCaps() {
        return true;
    }

    /**
     * Nobody is forgotten: everyone runs, and who may run waits at most half a second, and 60 ms more for each vCPU there is;
     * in a domain with a cap, one vCPU may have to wait for the others. Nobody runs on two pCPUs, and no pCPU runs two.
     */
    @Property
    default void losesNoVcpuAndRunsNoneTwice(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        KitRun run = new KitRun(scheduler(), scenario, SECONDS);
        long bound = 500_000_000L + 60_000_000L * scenario.vcpus();
        assertThat(run.impossible).isNull();
        for (KitRun.Watched w : run.vcpus) {
            boolean free = w.domain.cap() == 0 && promisesProgress();
            assertThat(free ? w.longestWait : 0)
                    .as("longest wait of %s, ns", w.vcpu)
                    .isLessThan(bound);
            assertThat(run.ran(w.domainIndex, 0, run.end))
                    .as("ns that d%d ran", w.domainIndex + 1)
                    .matches(ran -> ran > 0 || !promisesProgress());
            assertThat(free && w.runs.isEmpty()).as("%s never ran", w.vcpu).isFalse();
        }
    }

    /** A vCPU runs only where its hard affinity allows. */
    @Property
    default void obeysAffinity(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        assertThat(new KitRun(scheduler(), scenario, SECONDS).impossible).isNull();
    }

    /** No pCPU of a socket idles for more than 100 ms while a vCPU waits that may run there and that no cap holds. */
    @Property
    default void conservesWork(@ForAll(supplier = KitScenarios.Uncapped.class) KitScenario scenario) {
        if (!conservesWorkAcrossPcpus() && scenario.topology().pcpus() > 1) {
            return;
        }
        KitRun run = new KitRun(scheduler(), scenario, SECONDS);
        assertThat(run.longestNeglect).as("longest neglect of a pCPU, ns").isLessThan(100_000_000L);
    }

    /**
     * In every second, a domain with a cap that always wants more runs for at most that part of it, and 100 ms more for each
     * of its vCPUs. (Under credit, one that only ever runs between two ticks is never accounted, cap or not.)
     */
    @Property
    default void keepsCaps(@ForAll(supplier = KitScenarios.Capped.class) KitScenario scenario) {
        if (!promisesCaps()) {
            return;
        }
        KitRun run = new KitRun(scheduler(), scenario, SECONDS);
        long second = 1_000_000_000L;
        for (int i = 0; i < scenario.domains().size(); i++) {
            KitDomain d = scenario.domains().get(i);
            long most = second * d.cap() / 100 + 100_000_000L * d.vcpus();
            for (long from = 0; d.cap() > 0 && from + second <= run.end; from += 50_000_000) {
                assertThat(run.ran(i, from, from + second))
                        .as("ns that domain %d with cap %d %% ran in the second from %d", i + 1, d.cap(), from)
                        .isLessThanOrEqualTo(most);
            }
        }
    }

    /**
     * Where all compute for ever on one pCPU, each domain gets its weight's share of it over two seconds, to within
     * {@link #weightsWithin}.
     */
    @Property
    default void sharesByWeight(@ForAll(supplier = KitScenarios.Contended.class) KitScenario scenario) {
        if (!promisesWeights()) {
            return;
        }
        KitRun run = new KitRun(scheduler(), scenario, SECONDS);
        double weights = scenario.domains().stream().mapToInt(KitDomain::weight).sum();
        for (int i = 0; i < scenario.domains().size(); i++) {
            double ideal = 100 * scenario.domains().get(i).weight() / weights;
            double share = 100.0 * run.ran(i, 1_000_000_000L, run.end) / (run.end - 1_000_000_000L);
            assertThat(Math.abs(share - ideal))
                    .as("domain %d got %.2f %% instead of %.2f %%", i + 1, share, ideal)
                    .isLessThan(weightsWithin());
        }
    }

    /** Every cycle of every pCPU, and of every vCPU's life, is accounted once. */
    @Property
    default void conservesTime(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        KitRun run = new KitRun(scheduler(), scenario, 1);
        run.xen.pcpus().forEach(p -> assertThat(p.guestCycles() + p.hypervisorCycles() + p.idleCycles())
                .as("cycles of %s", p)
                .isGreaterThanOrEqualTo(run.end));
        for (KitRun.Watched w : run.vcpus) {
            Vcpu v = w.vcpu;
            long sum = 0;
            for (Runstate state : Runstate.values()) {
                sum += v.cyclesIn(state);
            }
            assertThat(sum).as("runstates of %s", v).isEqualTo(run.xen.clock().toCycles(run.end) - v.createdAt());
        }
    }

    /** The same scenario and seed give the same trace, record by record. */
    @Property(tries = 10)
    default void isDeterministic(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        long once = new KitRun(scheduler(), scenario, 1).traceHash;
        assertThat(new KitRun(scheduler(), scenario, 1).traceHash).isEqualTo(once);
    }
}
