package org.xenolith.scheduler.kit;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.hypervisor.CpuSet;

/**
 * What the toolstack does at a time, to a domain or a pCPU.
 *
 * @param kind what it does
 * @param domain index of the domain
 * @param atMillis when, ms
 * @param forMillis how long until it undoes it, where it does, ms
 * @param weight the weight to set
 * @param cap the cap to set, percent of one pCPU
 * @param cpus the affinity to set; the first is the pCPU to take
 * @param sched the reservation to set
 */
public record KitEvent(
        Kind kind, int domain, int atMillis, int forMillis, int weight, int cap, CpuSet cpus, Map<String, Long> sched) {
    /** Copies the map, in the order of its names. */
    public KitEvent {
        sched = new TreeMap<>(sched);
    }

    /** What the toolstack can do. */
    public enum Kind {
        /** Pauses a domain, and ends the pause. */
        PAUSE,
        /** Sets weight and cap. */
        SET_SHARE,
        /** Sets the hard affinity of all its vCPUs. */
        SET_AFFINITY,
        /** Sets a reservation of all its vCPUs. */
        SET_RESERVATION,
        /** Makes the domain, which is not there before. */
        CREATE,
        /** Destroys the domain. */
        DESTROY,
        /** Takes a pCPU from its cpupool, and gives it back. */
        TAKE_PCPU,
        /** Moves the domain to the other cpupool, if there are two. */
        MOVE;

        private boolean isUndone() {
            return this == PAUSE || this == TAKE_PCPU;
        }
    }

    /** An event's begin, or the end of one that is undone. */
    record Moment(KitEvent event, boolean undone) {
        long nanos() {
            return undone ? event.endNanos() : event.atNanos();
        }
    }

    private static final long MILLI = 1_000_000;

    /** The same without a cap. */
    KitEvent withoutCap() {
        return new KitEvent(kind, domain, atMillis, forMillis, weight, 0, cpus, sched);
    }

    /** The same with another reservation. */
    KitEvent withSched(Map<String, Long> other) {
        return new KitEvent(kind, domain, atMillis, forMillis, weight, cap, cpus, other);
    }

    /** When it begins, ns. */
    public long atNanos() {
        return atMillis * MILLI;
    }

    /** When it is undone, or done if it never is, ns. */
    public long endNanos() {
        return (atMillis + (kind.isUndone() ? forMillis : 0)) * MILLI;
    }

    /** The pCPU that is taken. */
    int pcpu() {
        return cpus.next(0);
    }

    /** Its begin, and its end if it has one. */
    List<Moment> moments() {
        return kind.isUndone()
                ? List.of(new Moment(this, false), new Moment(this, true))
                : List.of(new Moment(this, false));
    }

    /**
     * What a scenario file has under {@code do} for a moment of it, with what belongs to it.
     *
     * @param pool the cpupool that it is about, if it is about one
     */
    String yaml(boolean undone, String pool) {
        String name = "domain: " + KitScenario.name(domain);
        return switch (kind) {
            case PAUSE -> (undone ? "unpause, " : "pause, ") + name;
            case SET_SHARE -> "set-share, " + name + ", weight: " + weight + ", cap: " + cap;
            case SET_AFFINITY -> "set-affinity, " + name + ", cpus: \"" + cpus + "\"";
            case SET_RESERVATION -> "set-sched, " + name + ", sched: " + KitScenario.yaml(sched);
            case CREATE -> "create, " + name;
            case DESTROY -> "destroy, " + name;
            case TAKE_PCPU -> (undone ? "cpu-add, pool: " : "cpu-remove, pool: ") + pool + ", cpus: " + pcpu();
            case MOVE -> "move, " + name + ", pool: " + pool;
        };
    }
}
