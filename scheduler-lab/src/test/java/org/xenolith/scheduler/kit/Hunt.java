package org.xenolith.scheduler.kit;

import java.util.Iterator;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.sessions.JqwikSession;

/** Looks for a scenario that breaks a property, and makes it smaller as long as it does, as jqwik would. */
final class Hunt {
    /** How many scenarios are tried. */
    static final int TRIES = 1000;

    private static final int SHRINKING_RUNS = 250;
    private static final long SEED = 42;

    private final SchedulerContract contract;
    private final KitProperty property;
    private int runsLeft = SHRINKING_RUNS;

    private Hunt(SchedulerContract contract, KitProperty property) {
        this.contract = contract;
        this.property = property;
    }

    /** The small scenario by which {@code property} catches {@code contract}'s scheduler, or null if it does not. */
    static BrokenPromise forCounterexample(SchedulerContract contract, KitProperty property) {
        BrokenPromise[] found = new BrokenPromise[1];
        JqwikSession.run(() -> found[0] = new Hunt(contract, property).search());
        return found[0];
    }

    private BrokenPromise search() {
        Iterator<Shrinkable<KitScenario>> tries = property.scenarios().generator(TRIES, false).stream(new Random(SEED))
                .limit(TRIES)
                .iterator();
        while (tries.hasNext()) {
            Shrinkable<KitScenario> scenario = tries.next();
            BrokenPromise broken = check(scenario.value());
            if (broken != null) {
                return shrink(scenario, broken);
            }
        }
        return null;
    }

    private BrokenPromise shrink(Shrinkable<KitScenario> failing, BrokenPromise broken) {
        Optional<Shrinkable<KitScenario>> smallest = Optional.of(failing);
        BrokenPromise[] best = {broken};
        while (smallest.isPresent() && runsLeft > 0) {
            smallest = smallest.get()
                    .shrink()
                    .takeWhile(s -> runsLeft-- > 0)
                    .filter(s -> breaks(s, best))
                    .findFirst();
        }
        return best[0];
    }

    private boolean breaks(Shrinkable<KitScenario> scenario, BrokenPromise[] best) {
        BrokenPromise broken = check(scenario.value());
        best[0] = broken == null ? best[0] : broken;
        return broken != null;
    }

    private BrokenPromise check(KitScenario scenario) {
        try {
            property.check(contract, scenario);
            return null;
        } catch (BrokenPromise e) {
            return e;
        }
    }
}
