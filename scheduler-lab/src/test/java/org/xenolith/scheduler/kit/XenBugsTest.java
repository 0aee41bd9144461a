package org.xenolith.scheduler.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.scheduler.kit.KitProperty.KEEPS_CAPS;
import static org.xenolith.scheduler.kit.KitProperty.LOSES_NO_VCPU;
import static org.xenolith.scheduler.kit.KitProperty.MISSES_NO_FEASIBLE_BUDGET;
import static org.xenolith.scheduler.kit.KitProperty.OBEYS_AFFINITY_AND_POOL;
import static org.xenolith.scheduler.kit.KitProperty.SHARES_BY_WEIGHT;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.hypervisor.Scheduler;

/** Mistakes that real Xen made, as switches of the schedulers that ship, and the property that finds each. */
class XenBugsTest {
    /** As each scheduler's own test has it; what a bug must break is promised here, too. */
    private static class Promised implements SchedulerContract {
        private final String scheduler;

        Promised(String scheduler) {
            this.scheduler = scheduler;
        }

        @Override
        public Scheduler scheduler() {
            return new SchedulerCatalog().parseAll(scheduler).get(0).create();
        }
    }

    private static final class Credit extends Promised {
        Credit(String parameters) {
            super("credit:" + parameters);
        }

        @Override
        public boolean capsOnlyWhoAlwaysWants() {
            return true;
        }

        @Override
        public int capBurstMillis() {
            return 75;
        }
    }

    private static final class Credit2 extends Promised {
        Credit2(String parameters) {
            super("credit2" + parameters);
        }

        @Override
        public double weightsOfTwoWithin() {
            return 15;
        }

        @Override
        public double weightsOfPinnedWithin() {
            return 35;
        }
    }

    private static final class Rtds extends Promised {
        Rtds(String parameters) {
            super("rtds" + parameters);
        }

        /** With extra time, which is the default. */
        @Override
        public List<String> reservation() {
            return List.of("period_us", "budget_us");
        }
    }

    @TestFactory
    Stream<DynamicTest> isFound() {
        return Stream.of(
                found("until 2009 credit charged who ran when a tick came", new Credit("version=3.4"), KEEPS_CAPS),
                found(
                        "the first credit2 did not look at hard affinity",
                        new Credit2(":bug_ignores_affinity=true"),
                        OBEYS_AFFINITY_AND_POOL),
                found(
                        "until 2020 credit2 reset credits too seldom",
                        new Credit2(":bug_resets_too_seldom=true"),
                        SHARES_BY_WEIGHT),
                found("to this day RTDS misses budgets beside extra time", new Rtds(""), MISSES_NO_FEASIBLE_BUDGET),
                found("to this day credit2 idles behind a vCPU without budget", new Credit2(""), LOSES_NO_VCPU));
    }

    private static DynamicTest found(String what, SchedulerContract contract, KitProperty property) {
        return DynamicTest.dynamicTest(what + " (" + property.method + ")", () -> {
            BrokenPromise found = Hunt.forCounterexample(contract, property);
            assertThat(found)
                    .as("what %s found in %d tries", property.method, Hunt.TRIES)
                    .isNotNull();
            KitFailures.save(found);
        });
    }
}
