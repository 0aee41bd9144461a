package org.xenolith.scheduler;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.xenolith.guest.TinyKernel;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.trace.TraceSink;

/**
 * A recording set up again from its description: guests a, b and c compute for ever, d works 5 ms and sleeps 10 ms, dom0
 * does what it was recorded doing.
 *
 * <p>No parameter was chosen to bring out shares or run lengths, but not all of it is independent of the recordings either: dom0's
 * bursts, the lengths of d's bursts and of its ticks, when they come, and the phase of accounting are taken from the traces,
 * and that every 14th tick of d is followed by a second one was added after comparing.
 *
 * <p>What a scheduler remembers from before the recording is made as it was then: the guests ran for a while and were
 * paused, and dom0 was busy after that. For credit, {@link #uptimeNanos} also says how long the machine had been up when the
 * recording began, because accounting (every 30 ms and some) drifts against the tick (on multiples of 10 ms): it is chosen
 * so that the distance between the two is the recorded one.
 *
 * @param name such as {@code credit s1}
 * @param folder of the recording, below {@code traces/xen-4.17}
 * @param run of the recording
 * @param scheduler makes the scheduler
 * @param guests one letter for each domain: 0 dom0, s computes for ever, d periodic, - paused throughout
 * @param capOfC cap of domain 3, percent
 * @param quietNanos how long the recording was left alone
 * @param uptimeNanos system time at the recording's first record
 * @param tickNanos when d's kernel ticks, ns after the recording's first record
 * @param work d's 5 ms, and what ticks, waking and going to sleep take a Linux guest, cycles: the median of its bursts that nobody
 *     preempted, under credit, less what of them is the hypervisor's
 */
record FidelityScenario(
        String name,
        String folder,
        String run,
        Supplier<Scheduler> scheduler,
        String guests,
        int capOfC,
        long quietNanos,
        long uptimeNanos,
        long tickNanos,
        long work) {

    private static final long SECOND = 1_000_000_000L;

    private static final long D_SLEEP = 10_030_000;
    private static final long D_TICK = 44_000;

    static final List<FidelityScenario> ALL = List.of(
            credit2("s1", "credit2", "s1-w256-w512", "0ss--", 0, 5, 0, 0),
            credit2("s2", "credit2", "s2-cap30", "0s-s-", 30, 5, 0, 0),
            credit2("s4", "credit2", "s4-all", "0sssd", 15, 5, 3_505_000, 5_138_000),
            credit2("p1", "credit2-params", "p1-r1000", "0ssd", 0, 3, 1_540_000, 5_126_000),
            credit("s1", "credit", "s1-w256-w512", "0ss--", 0, 5, 7_961_088_128L, 0, 0),
            credit("s2", "credit", "s2-cap30", "0s-s-", 30, 5, 28_831_457_968L, 0, 0),
            credit("s4", "credit", "s4-all", "0sssd", 15, 5, 46_123_456_876L, 2_319_000, 5_138_000),
            credit("p1", "credit-params", "p1-t30-r1000", "0ssd", 0, 3, 49_230_984_452L, 2_460_000, 5_126_000));

    @Override
    public String toString() {
        return name;
    }

    private static FidelityScenario credit2(
            String name, String folder, String run, String guests, int cap, int seconds, long tick, long work) {
        return new FidelityScenario(
                "credit2 " + name,
                folder,
                run,
                Credit2::new,
                guests,
                cap,
                seconds * SECOND,
                10_010_000_000L,
                tick,
                work);
    }

    private static FidelityScenario credit(
            String name,
            String folder,
            String run,
            String guests,
            int cap,
            int seconds,
            long uptime,
            long tick,
            long work) {
        return new FidelityScenario(
                "credit " + name, folder, run, Credit::new, guests, cap, seconds * SECOND, uptime, tick, work);
    }

    /** The recording's file. */
    Path file() {
        return Recording.folder().resolve(folder).resolve(run + ".trc.xz");
    }

    /** Reads the recording. */
    Recording recording(CostProfile costs) {
        return new Recording(folder, run, quietNanos, guests.indexOf('d'), costs);
    }

    /**
     * Simulates it.
     *
     * @param ranBefore for how long the guests ran before they were paused, ns: what the scheduler remembers depends on it
     */
    RunIntervals simulate(Recording recording, CostProfile costs, long ranBefore) {
        RunIntervals runs = new RunIntervals();
        simulate(recording, costs, ranBefore, 0x00021000, runs);
        return runs;
    }

    /**
     * Simulates it under credit with more taken from the recording: d does what it was recorded doing, guests have
     * {@code credits} when they are unpaused, and dom0 has them, and earns, when the recording begins.
     */
    RunIntervals simulateWith(Recording recording, CostProfile costs, Map<Integer, Integer> credits) {
        RunIntervals runs = new RunIntervals();
        simulate(recording, costs, 1_500_000_000L, 0x00021000, runs, credits);
        return runs;
    }

    /** As {@link #simulate(Recording, CostProfile, long)}, with the records that {@code mask} selects going to {@code sink}. */
    void simulate(Recording recording, CostProfile costs, long ranBefore, int mask, TraceSink sink) {
        simulate(recording, costs, ranBefore, mask, sink, Map.of());
    }

    private void simulate(
            Recording recording,
            CostProfile costs,
            long ranBefore,
            int mask,
            TraceSink sink,
            Map<Integer, Integer> credits) {
        Scheduler policy = scheduler.get();
        Hypervisor xen = new Hypervisor(
                new MachineConfig(Topology.flat(1), costs, 1, mask, 1, name),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(1), policy)),
                sink,
                null);
        long shift = uptimeNanos - recording.start;
        List<long[]> dom0 = new ArrayList<>(recording.dom0);
        dom0.add(0, new long[] {3_500_000_000L - shift, SECOND / 2});
        for (int id = 0; id < guests.length(); id++) {
            Workload load =
                    switch (guests.charAt(id)) {
                        case '0' -> new Recorded(dom0, shift);
                        case 'd' -> {
                            Workload periodic = new LinuxPeriodic(work, D_SLEEP, D_TICK, uptimeNanos + tickNanos);
                            yield credits.isEmpty()
                                    ? periodic
                                    : new Interrupted(
                                            periodic,
                                            SECOND + ranBefore / 2,
                                            recording.unpaused.get(id) + shift - 1_000_000,
                                            new Recorded(recording.d, shift));
                        }
                        default -> Workload.Task::computeForever;
                    };
            FlatMemory memory = new FlatMemory(TinyKernel.ARGUMENT_BYTES);
            Domain domain = xen.createDomain(new DomainConfig(
                    id,
                    "d" + id,
                    Domain.Type.PV,
                    memory,
                    "Pool-0",
                    id == 2 ? 512 : 256,
                    id == 3 ? capOfC : 0,
                    List.of(new TinyKernel(load, memory, 0)),
                    null,
                    null));
            CreditUnit unit = credits.containsKey(id) ? domain.units().get(0).data() : null;
            if (id == 0) {
                xen.at(0, () -> xen.unpause(domain));
                if (unit != null) {
                    xen.at(uptimeNanos, () -> {
                        unit.credit = credits.get(0);
                        if (!unit.active) {
                            ((Credit) policy).startEarning(unit);
                        }
                    });
                }
                continue;
            }
            xen.at(SECOND, () -> xen.unpause(domain));
            xen.at(SECOND + ranBefore, () -> xen.pause(domain));
            if (unit != null) {
                xen.at(recording.unpaused.get(id) + shift - 1000, () -> unit.credit = credits.get(domain.id()));
            }
            if (guests.charAt(id) != '-') {
                xen.at(recording.unpaused.get(id) + shift, () -> xen.unpause(domain));
            }
        }
        xen.run(recording.windowTo + shift + SECOND);
    }

    /**
     * The time in the simulation at which dom0 has come as far as it had at {@code tsc} in the recording. The readings of
     * CPU times were dom0's own work, so it is between the same points of that work that shares must be compared.
     */
    long atDom0sPoint(long tsc, Recording recording, RunIntervals simulated) {
        long ran = recording.runs.ranBefore(0, tsc);
        return simulated.whenRan(0, simulated.ranBefore(0, uptimeNanos) + ran) + tsc - recording.runs.whenRan(0, ran);
    }
}
