package org.xenolith.scheduler.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.scheduler.kit.KitProperty.BOUNDS_STARVATION;
import static org.xenolith.scheduler.kit.KitProperty.CONSERVES_WORK;
import static org.xenolith.scheduler.kit.KitProperty.HONOURS_RATELIMIT;
import static org.xenolith.scheduler.kit.KitProperty.IS_DETERMINISTIC;
import static org.xenolith.scheduler.kit.KitProperty.KEEPS_CAPS;
import static org.xenolith.scheduler.kit.KitProperty.LOSES_NO_VCPU;
import static org.xenolith.scheduler.kit.KitProperty.MISSES_NO_FEASIBLE_BUDGET;
import static org.xenolith.scheduler.kit.KitProperty.OBEYS_AFFINITY_AND_POOL;
import static org.xenolith.scheduler.kit.KitProperty.RUNS_NONE_TWICE;
import static org.xenolith.scheduler.kit.KitProperty.SHARES_BY_WEIGHT;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.hypervisor.Scheduler;

/** The kit's own test: each of these schedulers is wrong in one way, and the property that should catch it does. */
class WrongSchedulersTest {
    private record Wrong(Enum<?> fault, String about, KitProperty caughtBy, SchedulerContract contract) {
        @Override
        public String toString() {
            return contract.scheduler().getClass().getSimpleName() + " " + fault + ": " + about + " (" + caughtBy.method
                    + ")";
        }
    }

    private static final List<Wrong> ALL = Stream.of(
                    queue(WrongQueue.Fault.LOSES_WAKEUPS, LOSES_NO_VCPU),
                    queue(WrongQueue.Fault.LOSES_PREEMPTED, LOSES_NO_VCPU),
                    queue(WrongQueue.Fault.LOSES_PAUSED, LOSES_NO_VCPU),
                    queue(WrongQueue.Fault.LOSES_MOVED, LOSES_NO_VCPU),
                    queue(WrongQueue.Fault.LOSES_WHEN_FULL, LOSES_NO_VCPU),
                    queue(WrongQueue.Fault.RUNS_ANYWHERE, OBEYS_AFFINITY_AND_POOL),
                    queue(WrongQueue.Fault.STEALS_PINNED, OBEYS_AFFINITY_AND_POOL),
                    queue(WrongQueue.Fault.KEEPS_OLD_AFFINITY, OBEYS_AFFINITY_AND_POOL),
                    queue(WrongQueue.Fault.MOVES_BY_MODULO, OBEYS_AFFINITY_AND_POOL),
                    queue(WrongQueue.Fault.RUNS_BLOCKED, RUNS_NONE_TWICE),
                    queue(WrongQueue.Fault.KEEPS_SLEEPERS, RUNS_NONE_TWICE),
                    queue(WrongQueue.Fault.QUEUES_TWICE, RUNS_NONE_TWICE),
                    queue(WrongQueue.Fault.RUNS_ON_TWO, RUNS_NONE_TWICE),
                    queue(WrongQueue.Fault.SLICE_OF_NOTHING, RUNS_NONE_TWICE),
                    queue(WrongQueue.Fault.NEVER_TICKLES, CONSERVES_WORK),
                    queue(WrongQueue.Fault.TICKLES_WHERE_IT_WAS, CONSERVES_WORK),
                    queue(WrongQueue.Fault.TICKLES_ONE_FOR_TWO, CONSERVES_WORK),
                    queue(WrongQueue.Fault.NO_TICKLE_ON_PREEMPTION, CONSERVES_WORK),
                    queue(WrongQueue.Fault.READS_THE_CLOCK, IS_DETERMINISTIC),
                    queue(WrongQueue.Fault.ORDERS_BY_HASH, IS_DETERMINISTIC),
                    queue(WrongQueue.Fault.LAST_COME_FIRST, BOUNDS_STARVATION),
                    queue(WrongQueue.Fault.FAVOURS_LOW_IDS, BOUNDS_STARVATION),
                    fair(WrongFair.Fault.IGNORES_WEIGHTS, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.INVERTS_WEIGHTS, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.STARVES_LIGHT, BOUNDS_STARVATION),
                    fair(WrongFair.Fault.KEEPS_OLD_WEIGHT, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.RESET_OFF_BY_ONE, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.RESET_ONLY_QUEUED, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.RESET_ONLY_CHOSEN, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.CHARGES_THE_NEXT, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.CHARGES_AT_TICKS, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.BOOSTS_FOR_EVER, SHARES_BY_WEIGHT),
                    fair(WrongFair.Fault.SAVES_CREDIT, BOUNDS_STARVATION),
                    fair(WrongFair.Fault.IGNORES_RATELIMIT, HONOURS_RATELIMIT),
                    fair(WrongFair.Fault.RATELIMIT_PER_PCPU, HONOURS_RATELIMIT),
                    fair(WrongFair.Fault.IGNORES_CAPS, KEEPS_CAPS),
                    fair(WrongFair.Fault.CAP_IGNORED_ON_WAKE, KEEPS_CAPS),
                    fair(WrongFair.Fault.CAP_FOR_EACH, KEEPS_CAPS),
                    fair(WrongFair.Fault.CAP_SAVED_UP, KEEPS_CAPS),
                    fair(WrongFair.Fault.CAP_FORGIVES, KEEPS_CAPS),
                    fair(WrongFair.Fault.CAP_NOT_ADJUSTED, KEEPS_CAPS),
                    fair(WrongFair.Fault.CAP_BY_DECISION, KEEPS_CAPS),
                    fair(WrongFair.Fault.PARKED_FOR_EVER, LOSES_NO_VCPU),
                    fair(WrongFair.Fault.STAYS_PARKED, LOSES_NO_VCPU),
                    edf(WrongEdf.Fault.FIRST_COME),
                    edf(WrongEdf.Fault.LATEST_DEADLINE),
                    edf(WrongEdf.Fault.NO_PREEMPTION),
                    edf(WrongEdf.Fault.REFILLS_LATE),
                    edf(WrongEdf.Fault.DEADLINE_DRIFTS),
                    edf(WrongEdf.Fault.LOSES_REST),
                    edf(WrongEdf.Fault.BURNS_WHILE_WAITING),
                    edf(WrongEdf.Fault.HALF_BUDGET),
                    edf(WrongEdf.Fault.SHARED_BUDGET),
                    edf(WrongEdf.Fault.NO_TICKLE_ON_REFILL))
            .toList();

    private static Wrong queue(WrongQueue.Fault fault, KitProperty caughtBy) {
        return new Wrong(fault, fault.about, caughtBy, new WrongQueueTest() {
            @Override
            public Scheduler scheduler() {
                return new WrongQueue(fault);
            }
        });
    }

    private static Wrong fair(WrongFair.Fault fault, KitProperty caughtBy) {
        return new Wrong(fault, fault.about, caughtBy, new WrongFairTest() {
            @Override
            public Scheduler scheduler() {
                return new WrongFair(fault);
            }
        });
    }

    private static Wrong edf(WrongEdf.Fault fault) {
        return new Wrong(fault, fault.about, MISSES_NO_FEASIBLE_BUDGET, new WrongEdfTest() {
            @Override
            public Scheduler scheduler() {
                return new WrongEdf(fault);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> isCaughtByTheProperty() {
        return ALL.stream()
                .map(wrong -> DynamicTest.dynamicTest(wrong.toString(), () -> {
                    BrokenPromise caught = Hunt.forCounterexample(wrong.contract, wrong.caughtBy);
                    assertThat(caught)
                            .as("what %s found in %d tries", wrong.caughtBy.method, Hunt.TRIES)
                            .isNotNull();
                    KitFailures.save(caught);
                    assertThat(caught.scenario().domains())
                            .as("domains of the scenario that shows it")
                            .hasSizeLessThanOrEqualTo(3);
                }));
    }

    /** What cannot fail proves nothing: but for time, which the hypervisor alone keeps, every property catches something. */
    @Test
    void everyPropertyCatchesSomething() {
        Set<KitProperty> caught = EnumSet.noneOf(KitProperty.class);
        ALL.forEach(wrong -> caught.add(wrong.caughtBy));
        assertThat(caught)
                .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(KitProperty.CONSERVES_TIME)));
    }
}
