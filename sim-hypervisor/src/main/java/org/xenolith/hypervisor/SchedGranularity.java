package org.xenolith.hypervisor;

import java.util.Locale;
import org.xenolith.machine.Topology;

/** How many pCPUs are scheduled together: Xen's {@code sched-gran}. */
public enum SchedGranularity {
    /** Each pCPU by itself. */
    CPU,
    /** The threads of a core. */
    CORE,
    /** The threads of all cores of a socket. */
    SOCKET;

    /** As Xen's command line has it, such as {@code core}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one of that {@link #word}, or null. */
    public static SchedGranularity of(String word) {
        for (SchedGranularity granularity : values()) {
            if (granularity.word().equals(word)) {
                return granularity;
            }
        }
        return null;
    }

    /** How many pCPUs that is on a machine of {@code topology}. */
    public int pcpus(Topology topology) {
        return switch (this) {
            case CPU -> 1;
            case CORE -> topology.threadsPerCore();
            case SOCKET -> topology.threadsPerCore() * topology.coresPerSocket();
        };
    }
}
