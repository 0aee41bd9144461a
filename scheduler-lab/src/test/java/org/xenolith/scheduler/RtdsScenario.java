package org.xenolith.scheduler;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.xenolith.guest.TinyKernel;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceSink;

/**
 * A recording under RTDS set up again from its description: guests compute for ever or, as d in s4, work 5 ms and sleep 10 ms;
 * reservations are those of the description. As {@link FidelityScenario} does, what dom0 was recorded doing is its work, and
 * the lengths of d's bursts and ticks and when these come are taken from the recording.
 *
 * <p>RTDS remembers nothing but when periods end. In the recordings the guests ran with Xen's default reservation until
 * they were paused and given theirs; so here. Where the periods then fall depends on when that was, so the system time at the
 * recording's start ({@link #uptimeNanos}, but for whole multiples of all periods) and the pause are chosen to give the
 * recorded deadlines.
 *
 * @param name such as {@code rtds s1}
 * @param run of the recording
 * @param guests one letter for each domain: 0 dom0, s computes for ever, d periodic, - paused throughout
 * @param uptimeNanos system time at the recording's first record, modulo 30 ms
 * @param tickNanos when d's kernel ticks, ns after the recording's first record
 */
record RtdsScenario(String name, String run, String guests, long uptimeNanos, long tickNanos) {
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLI = 1_000_000L;

    /** 5 ms, and what ticks, waking and going to sleep take a Linux guest: median of d's bursts in s4. */
    private static final long D_WORK = 5_131_000;

    /** Median time from the end of a burst to the timer's wake-up in s4: 10.032 ms, and two hypercalls. */
    private static final long D_SLEEP = 10_034_000;

    /** Median of d's ticks in s4. */
    private static final long D_TICK = 43_500;

    /** When guests are paused; the deadline of the period that this is in decides where d's periods of 15 ms fall. */
    private static final long PAUSED = 2504 * MILLI;

    static final List<RtdsScenario> ALL = List.of(
            new RtdsScenario("rtds s1", "s1-w256-w512", "0ss--", uptime(34_052_315_359L), 0),
            new RtdsScenario("rtds s2", "s2-cap30", "0s-s-", uptime(41_303_161_955L), 0),
            new RtdsScenario("rtds s4", "s4-all", "0sssd", uptime(55_805_455_657L), 635_000));

    private static long uptime(long nanos) {
        return 6 * SECOND + nanos % (30 * MILLI);
    }

    @Override
    public String toString() {
        return name;
    }

    Path file() {
        return Recording.folder().resolve("rtds").resolve(run + ".trc.xz");
    }

    Recording recording(CostProfile costs) {
        return new Recording("rtds", run, 5 * SECOND, 4, costs);
    }

    /** Simulates it; the records that {@code mask} selects go to {@code sink}. */
    void simulate(Recording recording, CostProfile costs, int mask, TraceSink sink) {
        simulate(new Rtds(), recording, costs, mask, sink);
    }

    /** Simulates it under {@code rtds}. */
    void simulate(Rtds rtds, Recording recording, CostProfile costs, int mask, TraceSink sink) {
        Hypervisor xen = new Hypervisor(
                new MachineConfig(Topology.flat(1), costs, 1, mask, 1, name),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(1), rtds)),
                sink,
                null);
        long shift = uptimeNanos - recording.start;
        TraceDescription description = TraceDescription.load(file());
        for (int id = 0; id < guests.length(); id++) {
            Workload load =
                    switch (guests.charAt(id)) {
                        case '0' -> new Recorded(dom0(recording, shift), shift);
                        case 'd' -> new LinuxPeriodic(D_WORK, D_SLEEP, D_TICK, uptimeNanos + tickNanos);
                        default -> Workload.Task::computeForever;
                    };
            FlatMemory memory = new FlatMemory(TinyKernel.ARGUMENT_BYTES);
            Domain domain = xen.createDomain(new DomainConfig(
                    id,
                    "d" + id,
                    Domain.Type.PV,
                    memory,
                    "Pool-0",
                    256,
                    0,
                    List.of(new TinyKernel(load, memory, 0)),
                    null,
                    null));
            if (id == 0) {
                xen.at(0, () -> xen.unpause(domain));
                continue;
            }
            xen.at(SECOND, () -> xen.unpause(domain));
            xen.at(PAUSED, () -> xen.pause(domain));
            if (guests.charAt(id) != '-') {
                Map<String, Long> reservation = reservation(description.domain(id));
                long unpaused = recording.unpaused.get(id) + shift;
                xen.at(unpaused - MILLI, () -> xen.setParameters(domain.vcpus().get(0), reservation));
                xen.at(unpaused, () -> xen.unpause(domain));
            }
        }
        xen.run(recording.windowTo + shift + SECOND);
    }

    /** What dom0 does: as recorded, after half a second of work with which it paused the guests. */
    private static List<long[]> dom0(Recording recording, long shift) {
        List<long[]> bursts = new ArrayList<>(recording.dom0);
        bursts.add(0, new long[] {3_500_000_000L - shift, SECOND / 2});
        return bursts;
    }

    private static Map<String, Long> reservation(DomainDescription domain) {
        return Map.of(
                Rtds.PERIOD, domain.rtds().periodMicros(),
                Rtds.BUDGET, domain.rtds().budgetMicros(),
                Rtds.EXTRATIME, domain.rtds().extratime() ? 1L : 0L);
    }
}
