package org.xenolith.hypervisor;

/** Which pCPUs are scheduled together: neighbours, in groups of one size, each with its first as the master that stands for all. */
final class SchedGroups {
    private final int size;

    SchedGroups(int size) {
        this.size = size;
    }

    /** How many pCPUs are scheduled together, 1 if each is by itself. */
    int size() {
        return size;
    }

    /** {@code pcpu} and those that are scheduled together with it. */
    CpuSet of(int pcpu) {
        CpuSet group = CpuSet.of(pcpu);
        for (int p = pcpu - pcpu % size; size > 1 && p < pcpu - pcpu % size + size; p++) {
            group = group.with(p);
        }
        return group;
    }

    /** The masters among {@code pcpus}. */
    CpuSet masters(CpuSet pcpus) {
        CpuSet masters = pcpus;
        for (int p = pcpus.next(0); size > 1 && p >= 0; p = pcpus.next(p + 1)) {
            masters = p % size == 0 ? masters : masters.without(p);
        }
        return masters;
    }
}
