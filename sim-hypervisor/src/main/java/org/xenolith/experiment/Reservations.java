package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Reservation;
import org.xenolith.hypervisor.Timetable;
import org.xenolith.hypervisor.Vcpu;

/**
 * What a scenario reserves for vCPUs, by whatever of its schedulers: the same in all cells, so that those whose scheduler knows
 * nothing of reservations are measured against them, too.
 */
final class Reservations {
    private static final String PERIOD = "period_us";

    /** How schedulers call the budget. */
    private static final List<String> BUDGETS = List.of("budget_us", "slice_us");

    private static final long NANOS_PER_MICRO = 1000;

    /** How a scheduler says period and budget, and what it takes for them by default, us. */
    private record Terms(String budget, long periodByDefault, long budgetByDefault) {
        Reservation of(Map<String, Long> given) {
            if (!given.containsKey(PERIOD) && !given.containsKey(budget)) {
                return null;
            }
            long periodMicros = given.getOrDefault(PERIOD, periodByDefault);
            long budgetMicros = given.getOrDefault(budget, budgetByDefault);
            return periodMicros <= 0 || budgetMicros <= 0
                    ? null
                    : new Reservation(periodMicros * NANOS_PER_MICRO, budgetMicros * NANOS_PER_MICRO);
        }
    }

    private final List<Terms> terms = new ArrayList<>();
    private final List<Timetable> timetables = new ArrayList<>();

    /** Those of {@code scenario}; where two of its schedulers differ, the first one's. */
    Reservations(Scenario scenario) {
        Stream<Scenario.Pool> latePools = scenario.actions().stream()
                .filter(Action.PoolCreate.class::isInstance)
                .map(action -> ((Action.PoolCreate) action).pool());
        Stream<SchedulerChoice> ofPools = Stream.concat(scenario.pools().stream(), latePools)
                .map(Scenario.Pool::scheduler)
                .filter(Objects::nonNull);
        Stream.concat(scenario.schedulers().stream(), ofPools).forEach(choice -> {
            Map<String, Long> declared = new TreeMap<>();
            for (DomainParameter p : choice.type().getAnnotationsByType(DomainParameter.class)) {
                declared.put(p.name(), p.defaultValue());
            }
            BUDGETS.stream()
                    .filter(budget -> declared.containsKey(PERIOD) && declared.containsKey(budget))
                    .map(budget -> new Terms(budget, declared.get(PERIOD), declared.get(budget)))
                    .forEach(terms::add);
            if (Timetable.class.isAssignableFrom(choice.type())) {
                timetables.add((Timetable) choice.create());
            }
        });
        BUDGETS.forEach(budget -> terms.add(new Terms(budget, 0, 0)));
    }

    /** Whether {@code scenario} reserves anything for anyone, as far as is known before it runs. */
    boolean any(Scenario scenario) {
        Stream<Map<String, Long>> given = Stream.concat(
                scenario.domains().stream().flatMap(domain -> domain.scheduling().stream()),
                scenario.actions().stream()
                        .filter(Action.SetSched.class::isInstance)
                        .map(action -> ((Action.SetSched) action).values()));
        return !timetables.isEmpty() || given.anyMatch(values -> of(values) != null);
    }

    private Reservation of(Map<String, Long> given) {
        return terms.stream()
                .map(t -> t.of(given))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /** What is reserved for {@code vcpu} now; null if nothing. */
    Reservation of(Vcpu vcpu) {
        Reservation own = of(vcpu.schedulerParameters());
        return own != null
                ? own
                : timetables.stream()
                        .map(t -> t.reserved(vcpu.domain().name(), vcpu.id()))
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElse(null);
    }
}
