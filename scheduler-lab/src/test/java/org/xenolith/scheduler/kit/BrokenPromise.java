package org.xenolith.scheduler.kit;

/** A property that does not hold, with the scenario that shows it. */
final class BrokenPromise extends AssertionError {
    private static final long serialVersionUID = 1L;

    private final transient KitProperty property;
    private final transient SchedulerContract contract;
    private final transient KitScenario scenario;
    private final transient Violation violation;

    BrokenPromise(KitProperty property, SchedulerContract contract, KitScenario scenario, Violation violation) {
        super(KitFailures.message(property, contract, violation));
        this.property = property;
        this.contract = contract;
        this.scenario = scenario;
        this.violation = violation;
    }

    KitProperty property() {
        return property;
    }

    SchedulerContract contract() {
        return contract;
    }

    KitScenario scenario() {
        return scenario;
    }

    Violation violation() {
        return violation;
    }
}
