package org.xenolith.scheduler.kit;

import java.util.List;
import org.xenolith.hypervisor.CpuSet;

/**
 * What the toolstack does to a domain at a time.
 *
 * @param kind what it does
 * @param domain index of the domain
 * @param atMillis when, ms
 * @param forMillis how long until it undoes it, where it does, ms
 * @param weight the weight to set
 * @param cap the cap to set
 * @param cpus the affinity to set
 */
public record KitEvent(Kind kind, int domain, int atMillis, int forMillis, int weight, int cap, CpuSet cpus) {
    /** What the toolstack can do. */
    public enum Kind {
        /** Pauses a domain, and ends the pause. */
        PAUSE,
        /** Sets weight and cap. */
        SET_SHARE,
        /** Sets the hard affinity of all its vCPUs. */
        SET_AFFINITY
    }

    private static final long MILLI = 1_000_000;

    /** When it begins, ns. */
    public long atNanos() {
        return atMillis * MILLI;
    }

    /** When it is undone, or has been done if it never is, ns. */
    public long endNanos() {
        return (atMillis + (kind == Kind.PAUSE ? forMillis : 0)) * MILLI;
    }

    /** The actions of a scenario file that do this. */
    List<String> yaml() {
        String name = KitScenario.name(domain);
        return switch (kind) {
            case PAUSE -> List.of(action(atMillis, "pause", name), action(atMillis + forMillis, "unpause", name));
            case SET_SHARE -> List.of(action(atMillis, "set-share", name + ", weight: " + weight + ", cap: " + cap));
            case SET_AFFINITY -> List.of(action(atMillis, "set-affinity", name + ", cpus: \"" + cpus + "\""));
        };
    }

    private static String action(int millis, String what, String domain) {
        return "{at: " + millis + " ms, do: " + what + ", domain: " + domain + "}";
    }
}
