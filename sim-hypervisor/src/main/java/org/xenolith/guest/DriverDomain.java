package org.xenolith.guest;

import java.util.List;

/**
 * A domain that has the machine's devices and serves them to others, as dom0 does or a driver domain: back ends of disks and network interfaces, and a
 * bridge between these and the wire. What it does for others is work of its own vCPUs, so its scheduling is theirs. Each frontend is served by one
 * vCPU, in turn; each vCPU has a queue of its own of every device.
 *
 * <p>The work of a packet is that of one vCPU kept busy by 3.6 Gb/s of full packets, which was all that Xen's back end of one thread got through (Dong
 * et al., SR-IOV networking in Xen, HPCA 2010). It includes what the hypervisor does for it; where the cost profile charges for that as well, the
 * packet costs so much more. For the work of a disk request no figure is published.
 */
final class DriverDomain implements WorkloadKind {
    static final String NAME = "driver-domain";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String title() {
        return "serves the machine's disk and network to other domains, as dom0 does";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.number(
                        "blockNanos", "ns", 10_000, 0, 1_000_000_000, "work of a disk request; an assumption"),
                WorkloadParameter.flag(
                        "persistentGrants", true, "pages stay mapped once they are, as under Linux since 3.8"),
                WorkloadParameter.micros("diskAccessMicros", 100, 0, "mean access time of the disk"),
                WorkloadParameter.number(
                        "diskMegabytesPerSecond", "MB/s", 500, 1, 1_000_000, "rate of the disk's data path"),
                WorkloadParameter.number("diskDepth", "", 32, 1, 256, "requests that the disk works on at once"),
                WorkloadParameter.number(
                        "packetNanos", "ns", 3333, 0, 1_000_000_000, "work of a packet, from 3.6 Gb/s (HPCA 2010)"),
                WorkloadParameter.number(
                        "queuePackets",
                        "",
                        1000,
                        1,
                        1_000_000,
                        "packets that wait for a frontend, before any is dropped"),
                WorkloadParameter.number("linkMegabitsPerSecond", "Mb/s", 1000, 1, 1_000_000, "rate of the wire"),
                WorkloadParameter.micros("wireMicros", 50, 0, "time on the wire to or from the host outside"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        return DriverLoad.create(vcpus, values);
    }
}
