package org.xenolith.scheduler.kit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.BiConsumer;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Example;
import org.xenolith.hypervisor.SchedulerException;
import org.xenolith.scheduler.kit.FaultyScheduler.Fault;

/** A property that no scheduler can fail proves nothing: each of these is failed by the scheduler that should. */
class ContractCatchesFaultsTest {
    @Example
    void aLostWakeup() {
        assertCaught(Fault.LOSES_WAKEUPS, SchedulerContract::losesNoVcpuAndRunsNoneTwice, new KitScenarios.Any());
    }

    @Example
    void aCapThatIsNotKept() {
        assertCaught(Fault.IGNORES_CAPS, SchedulerContract::keepsCaps, new KitScenarios.Capped());
    }

    @Example
    void aUnitWhereItMayNotRun() {
        assertCaught(Fault.RUNS_ANYWHERE, SchedulerContract::obeysAffinity, new KitScenarios.Any());
    }

    @Example
    void starvationOfLightDomains() {
        assertCaught(Fault.STARVES_LIGHT, SchedulerContract::losesNoVcpuAndRunsNoneTwice, new KitScenarios.Contended());
    }

    @Example
    void sharesThatDoNotFollowWeights() {
        assertCaught(Fault.STARVES_LIGHT, SchedulerContract::sharesByWeight, new KitScenarios.Contended());
    }

    @Example
    void aBlockedUnitThatGoesOn() {
        assertCaught(Fault.RUNS_BLOCKED, SchedulerContract::losesNoVcpuAndRunsNoneTwice, new KitScenarios.Any());
    }

    @Example
    void idlePcpusThatAreNotTold() {
        assertCaught(Fault.NEVER_TICKLES, SchedulerContract::conservesWork, new KitScenarios.Uncapped());
    }

    @Example
    void aDecisionByTheRealClock() {
        assertCaught(Fault.READS_THE_CLOCK, SchedulerContract::isDeterministic, new KitScenarios.Any());
    }

    private static void assertCaught(
            Fault fault,
            BiConsumer<SchedulerContract, KitScenario> property,
            ArbitrarySupplier<KitScenario> scenarios) {
        SchedulerContract contract = () -> new FaultyScheduler(fault);
        List<KitScenario> samples =
                scenarios.get().withoutEdgeCases().sampleStream().limit(50).toList();
        assertThat(samples).as("scenarios that show it").anyMatch(scenario -> fails(contract, property, scenario));
    }

    private static boolean fails(
            SchedulerContract contract, BiConsumer<SchedulerContract, KitScenario> property, KitScenario scenario) {
        try {
            property.accept(contract, scenario);
            return false;
        } catch (AssertionError | SchedulerException e) {
            return true;
        }
    }
}
