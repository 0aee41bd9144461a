package org.xenolith.hypervisor;

import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;

/**
 * The machine and how it is observed.
 *
 * @param topology its pCPUs
 * @param costs what the hypervisor's work costs on it
 * @param quantumCycles how far one guest that promises no lookahead may run ahead of another; at least 1
 * @param traceMask which records are emitted, as {@code xentrace -e}
 * @param seed the experiment's seed
 * @param cell the cell's name, by which its random streams differ from those of others
 * @param frames frames of memory, for guests that execute instructions; 0 if there are none
 * @param granularity which pCPUs are scheduled together
 */
public record MachineConfig(
        Topology topology,
        CostProfile costs,
        long quantumCycles,
        int traceMask,
        long seed,
        String cell,
        int frames,
        SchedGranularity granularity) {
    /** A machine whose pCPUs are scheduled each by itself. */
    public MachineConfig(
            Topology topology,
            CostProfile costs,
            long quantumCycles,
            int traceMask,
            long seed,
            String cell,
            int frames) {
        this(topology, costs, quantumCycles, traceMask, seed, cell, frames, SchedGranularity.CPU);
    }

    /** A machine without memory. */
    public MachineConfig(
            Topology topology, CostProfile costs, long quantumCycles, int traceMask, long seed, String cell) {
        this(topology, costs, quantumCycles, traceMask, seed, cell, 0);
    }
}
