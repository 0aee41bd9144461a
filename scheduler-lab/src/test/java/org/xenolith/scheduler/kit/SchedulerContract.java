package org.xenolith.scheduler.kit;

import java.util.List;
import net.jqwik.api.ForAll;
import org.xenolith.hypervisor.Scheduler;

/**
 * What every scheduler must do, as properties over random machines, domains, weights, caps, affinities and loads, while the
 * toolstack pauses domains and changes what they may have. A scheduler's test is three lines:
 *
 * <pre>{@code
 * class MySchedulerTest implements SchedulerContract {
 *     public Scheduler scheduler() { return new MyScheduler(); }
 * }
 * }</pre>
 *
 * <p>All is judged by the trace records of the run and the hypervisor's accounting, never by what the scheduler says. Bounds are
 * stated with each property; what a scheduler promises beyond or below the usual it says by overriding a method. A scenario on
 * which a promise is broken is made as small as it can be, and left under {@code target/kit-failures} as a scenario file and as
 * a picture.
 */
public interface SchedulerContract {
    /** A new scheduler of the kind under test: of a top-level class with a constructor without arguments. */
    Scheduler scheduler();

    // ---- what it promises
    // ---------------------------------------------------------------------------------------------

    /** Whether it promises to share by weight. */
    default boolean promisesWeights() {
        return true;
    }

    /** How near it then comes on a machine of one pCPU, percentage points of it. */
    default double weightsWithin() {
        return 5;
    }

    /** How near it comes where there are two, percentage points of one of them. */
    default double weightsOfTwoWithin() {
        return 3 * weightsWithin();
    }

    /** How near where every domain is pinned to one of two; -1 if it promises nothing then. */
    default double weightsOfPinnedWithin() {
        return weightsOfTwoWithin();
    }

    /** Whether all that holds beside those that work and sleep in step with a clock of 10 ms. */
    default boolean weightsBesideClockwork() {
        return true;
    }

    /** Whether it promises to keep a domain within its cap. */
    default boolean promisesCaps() {
        return true;
    }

    /** Whether only of domains that always want more. */
    default boolean capsOnlyWhoAlwaysWants() {
        return false;
    }

    /** How much a vCPU may then run ahead of the cap, ms. */
    default int capBurstMillis() {
        return 25;
    }

    /** How long a pCPU may idle while a vCPU waits that may run there, ms; -1 if it promises nothing. */
    default int longestIdleMillis() {
        return 20;
    }

    /** Whether that holds for a vCPU that was placed on another pCPU, too. */
    default boolean conservesWorkAcrossPcpus() {
        return true;
    }

    /** How long a vCPU may wait for a pCPU where there are so many, ms; -1 if it promises nothing. */
    default int longestWaitMillis(int vcpus) {
        return 100 + 20 * vcpus;
    }

    /** Whether it keeps to that where some of those that run have a cap. */
    default boolean boundsWaitsBesideCaps() {
        return true;
    }

    /** Whether it keeps to that where those that wake up often could use up a pCPU all by themselves. */
    default boolean boundsWaitsBesideBursts() {
        return true;
    }

    /** How long nobody is preempted who began to run, us; 0 if it promises nothing. */
    default int ratelimitMicros() {
        return 0;
    }

    /**
     * Names of the domain parameters that say period and budget, us, where it promises a vCPU its budget in every period as long as
     * all together are feasible, and of one that is 0 then, if there is such; empty if it promises nothing.
     */
    default List<String> reservation() {
        return List.of();
    }

    // ---- the properties
    // -----------------------------------------------------------------------------------------------

    /** Nobody is forgotten: no vCPU that may run is left alone to the end of the run, for longer than the longest wait. */
    @Promise
    default void losesNoVcpu(@ForAll(supplier = KitScenarios.Lasting.class) KitScenario scenario) {
        KitProperty.LOSES_NO_VCPU.check(this, scenario);
    }

    /** No vCPU runs on two pCPUs, no pCPU runs two, none runs that is blocked or paused, and every decision can be carried out. */
    @Promise
    default void runsNoneTwice(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        KitProperty.RUNS_NONE_TWICE.check(this, scenario);
    }

    /** No vCPU runs where its hard affinity or its cpupool forbids, from 1 ms after that was ordered. */
    @Promise
    default void obeysAffinityAndPool(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        KitProperty.OBEYS_AFFINITY_AND_POOL.check(this, scenario);
    }

    /** No pCPU idles for {@link #longestIdleMillis} while someone waits who may run there and whom no cap holds. */
    @Promise
    default void conservesWork(@ForAll(supplier = KitScenarios.Uncapped.class) KitScenario scenario) {
        KitProperty.CONSERVES_WORK.check(this, scenario);
    }

    /**
     * A domain that always wants to run gets at least its weight's share, and no more if all do, to within {@link #weightsWithin}:
     * over the time that begins half a second after the last order, about 1.7 s.
     */
    @Promise
    default void sharesByWeight(@ForAll(supplier = KitScenarios.Contended.class) KitScenario scenario) {
        KitProperty.SHARES_BY_WEIGHT.check(this, scenario);
    }

    /** In every window, however long, a domain runs for at most its cap's part of it and {@link #capBurstMillis} a vCPU. */
    @Promise
    default void keepsCaps(@ForAll(supplier = KitScenarios.Capped.class) KitScenario scenario) {
        KitProperty.KEEPS_CAPS.check(this, scenario);
    }

    /** No vCPU waits longer than {@link #longestWaitMillis} for a pCPU, however many want it. */
    @Promise
    default void boundsStarvation(@ForAll(supplier = KitScenarios.Starved.class) KitScenario scenario) {
        KitProperty.BOUNDS_STARVATION.check(this, scenario);
    }

    /** Who runs is not preempted before {@link #ratelimitMicros} have passed. */
    @Promise
    default void honoursRatelimit(@ForAll(supplier = KitScenarios.Uncapped.class) KitScenario scenario) {
        KitProperty.HONOURS_RATELIMIT.check(this, scenario);
    }

    /** Where all reservations are feasible, each vCPU gets what a budget in every period is at least, in every window. */
    @Promise
    default void missesNoFeasibleBudget(@ForAll(supplier = KitScenarios.Reserved.class) KitScenario scenario) {
        KitProperty.MISSES_NO_FEASIBLE_BUDGET.check(this, scenario);
    }

    /** The same scenario and seed give the same trace, record by record. */
    @Promise
    default void isDeterministic(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        KitProperty.IS_DETERMINISTIC.check(this, scenario);
    }

    /** Every cycle of every pCPU, and of every vCPU's life, is accounted once. */
    @Promise
    default void conservesTime(@ForAll(supplier = KitScenarios.Any.class) KitScenario scenario) {
        KitProperty.CONSERVES_TIME.check(this, scenario);
    }
}
