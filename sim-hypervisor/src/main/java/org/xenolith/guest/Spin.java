package org.xenolith.guest;

import java.util.List;

/** Computes for ever. */
final class Spin implements WorkloadKind {
    @Override
    public String name() {
        return "spin";
    }

    @Override
    public String title() {
        return "computes for ever on every vCPU";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of();
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        return new DomainLoad(vcpus, 0, id -> Workload.Task::computeForever);
    }
}
