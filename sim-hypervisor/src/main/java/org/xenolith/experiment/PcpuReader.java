package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.List;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.machine.Topology;
import org.xenolith.toolstack.CpuList;

/** Reads which pCPUs of a machine a scenario means. */
final class PcpuReader {
    private final Topology topology;

    PcpuReader(Topology topology) {
        this.topology = topology;
    }

    /** All of the machine. */
    CpuSet all() {
        return CpuSet.firstOf(topology.pcpus());
    }

    /** The pCPUs that {@code node} names, as xl writes them. */
    CpuSet set(YamlNode node) {
        return onMachine(node, node.located(() -> CpuList.parse(node.text())));
    }

    private CpuSet onMachine(YamlNode node, CpuSet set) {
        CpuSet there = set.and(all());
        if (there.isEmpty()) {
            throw node.refuse("pCPUs " + set + " are not on the machine, which has 0-" + (topology.pcpus() - 1));
        }
        return there;
    }

    /**
     * Affinity by vCPU, {@code otherwise} or null if {@code key} is not there; checked to leave each somewhere to run in {@code pool} if that is
     * not null.
     */
    List<CpuSet> affinity(YamlNode node, String key, int vcpus, List<CpuSet> otherwise, CpuSet pool) {
        YamlNode value = node.has(key) ? node.get(key) : null;
        if (value == null && otherwise == null) {
            return null;
        }
        if (value != null && value.list().isEmpty()) {
            throw value.refuse(key + " names no pCPU");
        }
        List<CpuSet> sets = new ArrayList<>();
        for (int v = 0; v < vcpus; v++) {
            YamlNode where = value == null
                    ? node
                    : value.list().get(Math.min(v, value.list().size() - 1));
            CpuSet set = value == null ? onMachine(node, otherwise.get(Math.min(v, otherwise.size() - 1))) : set(where);
            if (pool != null && !set.intersects(pool)) {
                throw where.refuse("vCPU " + v + " may run nowhere: " + key + " " + set + ", pool " + pool);
            }
            sets.add(set);
        }
        return sets;
    }
}
