package org.xenolith.scheduler.kit;

import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import org.xenolith.experiment.SchedulerChoice;

/** The properties of {@link SchedulerContract}: where their scenarios come from, and what breaks them. */
enum KitProperty {
    /** See {@link SchedulerContract#losesNoVcpu}. */
    LOSES_NO_VCPU("losesNoVcpu") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            int most = contract.longestWaitMillis(scenario.vcpus());
            return judge.lostVcpu((most < 0 ? scenario.millis() / 2 : most) * MILLI, most >= 0);
        }
    },
    /** See {@link SchedulerContract#runsNoneTwice}. */
    RUNS_NONE_TWICE("runsNoneTwice") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            return judge.impossible();
        }
    },
    /** See {@link SchedulerContract#obeysAffinityAndPool}. */
    OBEYS_AFFINITY_AND_POOL("obeysAffinityAndPool") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            return judge.misplaced();
        }
    },
    /** See {@link SchedulerContract#conservesWork}. */
    CONSERVES_WORK("conservesWork") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            boolean judged =
                    contract.conservesWorkAcrossPcpus() || scenario.topology().pcpus() == 1;
            return judged ? judge.neglect(contract.longestIdleMillis() * MILLI) : null;
        }

        @Override
        boolean isPromised(SchedulerContract contract) {
            return contract.longestIdleMillis() >= 0;
        }
    },
    /** See {@link SchedulerContract#sharesByWeight}. */
    SHARES_BY_WEIGHT("sharesByWeight") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            boolean one = scenario.topology().pcpus() == 1;
            boolean pinned = scenario.domains().get(0).affinity() != null;
            double within = one
                    ? contract.weightsWithin()
                    : pinned
                            ? contract.weightsOfPinnedWithin()
                            : contract.conservesWorkAcrossPcpus() ? contract.weightsOfTwoWithin() : -1;
            return within < 0 ? null : judge.unfairShare(within, 500 * MILLI);
        }

        @Override
        boolean isPromised(SchedulerContract contract) {
            return contract.promisesWeights();
        }
    },
    /** See {@link SchedulerContract#keepsCaps}. */
    KEEPS_CAPS("keepsCaps") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            return judge.overCap(contract.capBurstMillis() * MILLI, contract.capsOnlyWhoAlwaysWants());
        }

        @Override
        boolean isPromised(SchedulerContract contract) {
            return contract.promisesCaps();
        }
    },
    /** See {@link SchedulerContract#boundsStarvation}. */
    BOUNDS_STARVATION("boundsStarvation") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            return judge.starvation(contract.longestWaitMillis(scenario.vcpus()) * MILLI);
        }

        @Override
        boolean isPromised(SchedulerContract contract) {
            return contract.longestWaitMillis(1) >= 0;
        }
    },
    /** See {@link SchedulerContract#honoursRatelimit}. */
    HONOURS_RATELIMIT("honoursRatelimit") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            return judge.earlyPreemption(contract.ratelimitMicros() * 1000L - SWITCH);
        }

        @Override
        boolean isPromised(SchedulerContract contract) {
            return contract.ratelimitMicros() > 0;
        }
    },
    /** See {@link SchedulerContract#missesNoFeasibleBudget}. */
    MISSES_NO_FEASIBLE_BUDGET("missesNoFeasibleBudget") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            List<String> names = contract.reservation();
            return judge.missedBudget(names.get(0), names.get(1), MILLI / 5);
        }

        @Override
        boolean isPromised(SchedulerContract contract) {
            return !contract.reservation().isEmpty();
        }
    },
    /** See {@link SchedulerContract#isDeterministic}. */
    IS_DETERMINISTIC("isDeterministic") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            return judge.differs(KitRun.of(KitScheduler.of(contract), scenario));
        }
    },
    /** See {@link SchedulerContract#conservesTime}. */
    CONSERVES_TIME("conservesTime") {
        @Override
        Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario) {
            return judge.lostTime();
        }
    };

    private static final long MILLI = 1_000_000;

    /** Between a decision and the records that tell of it, ns. */
    private static final long SWITCH = 20_000;

    /** Name of the property's method. */
    final String method;

    KitProperty(String method) {
        this.method = method;
    }

    /** What breaks it in the run that {@code judge} judges, or null. */
    abstract Violation judge(SchedulerContract contract, Judge judge, KitScenario scenario);

    /** Whether {@code contract}'s scheduler promises it. */
    boolean isPromised(SchedulerContract contract) {
        return true;
    }

    /** The scenario with nothing beside which {@code contract} does not promise the property. */
    KitScenario within(SchedulerContract contract, KitScenario scenario) {
        KitScenario s = scenario.withReservations(contract.reservation());
        boolean aboutWaits = this == LOSES_NO_VCPU || this == BOUNDS_STARVATION;
        s = aboutWaits && !contract.boundsWaitsBesideCaps() ? s.withoutCaps() : s;
        s = aboutWaits && !contract.boundsWaitsBesideBursts() ? s.withLightBursts() : s;
        return this == SHARES_BY_WEIGHT && !contract.weightsBesideClockwork() ? s.outOfStep() : s;
    }

    /** Where its scenarios come from. */
    Arbitrary<KitScenario> scenarios() {
        ArbitrarySupplier<KitScenario> supplier =
                switch (this) {
                    case LOSES_NO_VCPU -> new KitScenarios.Lasting();
                    case RUNS_NONE_TWICE, OBEYS_AFFINITY_AND_POOL, IS_DETERMINISTIC, CONSERVES_TIME ->
                        new KitScenarios.Any();
                    case CONSERVES_WORK, HONOURS_RATELIMIT -> new KitScenarios.Uncapped();
                    case SHARES_BY_WEIGHT -> new KitScenarios.Contended();
                    case KEEPS_CAPS -> new KitScenarios.Capped();
                    case BOUNDS_STARVATION -> new KitScenarios.Starved();
                    case MISSES_NO_FEASIBLE_BUDGET -> new KitScenarios.Reserved();
                };
        return supplier.get();
    }

    /** Runs {@code scheduler} on {@code scenario}; returns what breaks the property, or null. */
    Violation find(SchedulerContract contract, SchedulerChoice scheduler, KitScenario scenario) {
        return judge(contract, new Judge(KitRun.of(scheduler, scenario)), scenario);
    }

    /** Fails if the scheduler breaks the property on {@code scenario}. */
    void check(SchedulerContract contract, KitScenario scenario) {
        if (!isPromised(contract)) {
            return;
        }
        KitScenario promised = within(contract, scenario);
        Violation violation = find(contract, KitScheduler.of(contract), promised);
        if (violation != null) {
            throw new BrokenPromise(this, contract, promised, violation);
        }
    }
}
