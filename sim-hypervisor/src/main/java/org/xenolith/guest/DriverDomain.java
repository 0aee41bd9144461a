package org.xenolith.guest;

import java.util.List;

/**
 * A domain that has the machine's devices and serves them to others, as dom0 does or a driver domain: back ends of disks. What it does for others is
 * work of its own vCPUs, so its scheduling is theirs. Each frontend is served by one vCPU, in turn.
 */
final class DriverDomain implements WorkloadKind {
    static final String NAME = "driver-domain";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String title() {
        return "serves the machine's disk to other domains, as dom0 does";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.number(
                        "blockNanos", "ns", 10_000, 0, 1_000_000_000, "work for a disk request; an assumption"),
                WorkloadParameter.flag(
                        "persistentGrants", true, "pages stay mapped once they are, as under Linux since 3.8"),
                WorkloadParameter.micros("diskAccessMicros", 100, 0, "mean access time of the disk"),
                WorkloadParameter.number(
                        "diskMegabytesPerSecond", "MB/s", 500, 1, 1_000_000, "rate of the disk's data path"),
                WorkloadParameter.number("diskDepth", "", 32, 1, 256, "requests that the disk works on at once"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        return DriverLoad.create(vcpus, values);
    }
}
