package org.xenolith.tests;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.RandomStream;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.guest.DomainLoad;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;

/** One periodic task in a virtual machine with a reservation under RTDS: by the analysis of Shin and Lee, and by simulation. */
final class Schedulability {
    private static final int TASKS = 40;
    private static final int STARTS = 6;
    private static final long PERIOD_MICROS = 10_000;
    private static final long BUDGET_MICROS = 5000;

    /**
     * How many of some random tasks are schedulable.
     *
     * @param percent the tasks' work, in percent of what the reservation gives
     * @param tasks how many there were
     * @param byAnalysis how many of them fit by the analysis
     * @param bySimulation how many were never late
     * @param contradictions how many fit by the analysis and were late
     */
    record Point(int percent, int tasks, int byAnalysis, int bySimulation, int contradictions) {}

    /** Least time that {@code budget} in every {@code period} supplies in any interval of length {@code t}. */
    static long supplyBound(long period, long budget, long t) {
        long gap = period - budget;
        if (t <= gap) {
            return 0;
        }
        // After the longest gap, twice period - budget, the budget comes once a period.
        long sinceFirst = t - 2 * gap;
        if (sinceFirst <= 0) {
            return 0;
        }
        return sinceFirst / period * budget + Math.min(sinceFirst % period, budget);
    }

    List<Point> curve() {
        RandomStream random = new RandomStream(1, "papers", "tasks");
        List<Point> points = new ArrayList<>();
        for (int percent = 10; percent <= 100; percent += 10) {
            int byAnalysis = 0;
            int bySimulation = 0;
            int contradictions = 0;
            for (int i = 0; i < TASKS; i++) {
                long period = 5000L + random.nextInt(55_000);
                long work = Math.max(1, period * BUDGET_MICROS / PERIOD_MICROS * percent / 100);
                boolean fits = supplyBound(PERIOD_MICROS, BUDGET_MICROS, period) >= work;
                boolean kept = true;
                for (int start = 0; start < STARTS && kept; start++) {
                    kept = lateTurns(period, work, 1 + random.nextInt(20_000)) == 0;
                }
                byAnalysis += fits ? 1 : 0;
                bySimulation += kept ? 1 : 0;
                contradictions += fits && !kept ? 1 : 0;
            }
            points.add(new Point(percent, TASKS, byAnalysis, bySimulation, contradictions));
        }
        return points;
    }

    /** How often the task was late in a second and a half. */
    private static long lateTurns(long periodMicros, long workMicros, long startMicros) {
        Hypervisor xen = new Hypervisor(
                new MachineConfig(Topology.flat(1), CostProfile.load("zero"), 1000, 0, 1, "papers"),
                List.of(new PoolConfig(
                        "Pool-0",
                        CpuSet.firstOf(1),
                        new SchedulerCatalog()
                                .parse("rtds", java.nio.file.Path.of(""))
                                .create())),
                null,
                null);
        Map<String, String> task = Map.of(
                "workMicros", Long.toString(workMicros),
                "sleepMicros", Long.toString(Math.max(1, periodMicros - workMicros)),
                "startMicros", Long.toString(startMicros),
                "absolute", "true");
        DomainLoad load = Workloads.create("periodic", task, 1);
        make(xen, 1, load, BUDGET_MICROS);
        make(xen, 2, Workloads.create("spin", Map.of(), 1), PERIOD_MICROS - BUDGET_MICROS);
        xen.run(xen.clock().toCycles(1_500_000_000L));
        return load.counters().get("lateTurns");
    }

    private static void make(Hypervisor xen, int id, DomainLoad load, long budget) {
        Domain domain = xen.createDomain(new DomainConfig(
                id,
                "d" + id,
                Domain.Type.PV,
                load.memory(),
                "Pool-0",
                256,
                0,
                load.guests(),
                null,
                null,
                List.of(Map.of("period_us", PERIOD_MICROS, "budget_us", budget, "extratime", 0L))));
        xen.unpause(domain);
    }
}
