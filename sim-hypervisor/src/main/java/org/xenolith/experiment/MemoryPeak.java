package org.xenolith.experiment;

import java.util.HashMap;
import java.util.Map;
import org.xenolith.engine.InputException;
import org.xenolith.machine.MachineMemory;

/** How much memory a machine needs for a scenario: domains that boot want theirs until they are destroyed, which others then may have. */
final class MemoryPeak {
    private MemoryPeak() {}

    /**
     * Frames of the scenario's machine, 0 if nothing ever boots there.
     *
     * @throws InputException if at some time the domains want more than a machine has
     */
    static int frames(Scenario scenario) {
        Map<String, Integer> wanted = new HashMap<>();
        for (Scenario.DomainSpec spec : scenario.domains()) {
            if (spec.boot() != null) {
                wanted.put(spec.name(), BootedLoad.frames(spec.boot().memoryMib()));
            }
        }
        if (wanted.isEmpty()) {
            return 0;
        }
        long now = 0;
        for (int frames : wanted.values()) {
            now += frames;
        }
        for (Action action : scenario.actions()) {
            now -= action instanceof Action.Create create ? wanted.getOrDefault(create.domain(), 0) : 0;
        }
        long most = now;
        for (Action action : scenario.actions()) { // they are in the order of their times
            if (action instanceof Action.Create create) {
                now += wanted.getOrDefault(create.domain(), 0);
            } else if (action instanceof Action.Destroy destroy) {
                now -= wanted.getOrDefault(destroy.domain(), 0);
            }
            most = Math.max(most, now);
        }
        if (most + BootedLoad.HYPERVISOR_FRAMES > MachineMemory.MOST_FRAMES) {
            throw new InputException(scenario.name()
                    + ": the domains that boot want more memory at a time than the 2 GiB that a machine has");
        }
        return (int) most + BootedLoad.HYPERVISOR_FRAMES;
    }
}
