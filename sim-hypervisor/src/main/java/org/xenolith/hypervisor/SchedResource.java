package org.xenolith.hypervisor;

/** The pCPUs that are scheduled together under core scheduling, and the unit that they run together. */
final class SchedResource {
    /** Ascending; the first, the master, stands for all where a scheduler is concerned. */
    final Pcpu[] pcpus;

    /** The unit that they run, or null if they idle. */
    SchedUnit current;

    /** pCPUs that have yet to come to the rendezvous; 0 if there is none. */
    int toArrive;

    SchedResource(Pcpu[] pcpus) {
        this.pcpus = pcpus;
    }

    Pcpu master() {
        return pcpus[0];
    }
}
