package org.xenolith.experiment;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.PcpuSummary;
import org.xenolith.experiment.CellSummary.Status;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.Pcpu;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.TraceSink;

/** Runs one cell, in one thread; another may watch {@link #progress}, {@link #hypervisor} and {@link #thread}. */
final class CellRun {
    /** Slices of a run, between which progress is told. */
    private static final int SLICES = 200;

    private static final double PERCENT = 100.0;

    private final Scenario scenario;
    private final Cell cell;
    private final CellRecorder recorder;

    private volatile Thread thread;
    private volatile Hypervisor hypervisor;
    private volatile double progress;
    private volatile boolean simulating;

    CellRun(Scenario scenario, Cell cell, CellRecorder recorder) {
        this.scenario = scenario;
        this.cell = cell;
        this.recorder = recorder;
    }

    Cell cell() {
        return cell;
    }

    /** Who runs it, or null before it is begun. */
    Thread thread() {
        return thread;
    }

    /** The simulation, or null before it is built. */
    Hypervisor hypervisor() {
        return hypervisor;
    }

    /** Whether a simulation is being built or run, in which a policy's code may hang. */
    boolean isSimulating() {
        return simulating;
    }

    /** How much of it is done, 0 to 1. */
    double progress() {
        return progress;
    }

    /** Runs to the end. Never throws: a cell that fails says so in its summary. */
    CellResult run() {
        thread = Thread.currentThread();
        try (recorder) {
            CellSummary summary = cell.isRecorded() ? scenario.replay().measure(cell, recorder.timeline()) : simulate();
            recorder.complete();
            return new CellResult(cell, summary, false, recorder.timeline(), recorder.decisions());
        } catch (RuntimeException | IOException | Error e) {
            String why = e instanceof IOException ? e.getMessage() : Failures.describe(e, cell, hypervisor);
            return new CellResult(cell, failed(scenario, cell, why), e instanceof InputException, null, null);
        } finally {
            progress = 1;
        }
    }

    /** The summary of a cell that failed because of {@code why}. */
    static CellSummary failed(Scenario scenario, Cell cell, String why) {
        return withoutFigures(scenario, cell, Status.FAILED, why);
    }

    /** The summary of a cell that has no figures. */
    static CellSummary withoutFigures(Scenario scenario, Cell cell, Status status, String why) {
        return new CellSummary(
                cell.name(),
                cell.isRecorded() ? "" : cell.scheduler().name(),
                cell.isRecorded() ? Map.of() : parametersOf(cell),
                cell.seed(),
                status,
                why,
                scenario.warmupNanos(),
                scenario.durationNanos(),
                List.of(),
                List.of(),
                null);
    }

    private static Map<String, Object> parametersOf(Cell cell) {
        try {
            return cell.scheduler().values();
        } catch (RuntimeException e) {
            return Map.of(); // Its constructor throws, which is what is being reported.
        }
    }

    private CellSummary simulate() {
        TscClock clock = new TscClock(scenario.costs().tscHertz());
        long from = clock.toCycles(scenario.warmupNanos());
        long to = clock.toCycles(scenario.durationNanos());
        Reservations reservations = new Reservations(scenario);
        RunMetrics metrics = new RunMetrics(
                clock, from, to, this::claim, reservations.any(scenario) ? id -> reserved(id, reservations) : null);
        TraceSink sink = recorder.tee(metrics);
        if (scenario.replay() != null) {
            scenario.replay().demand(); // Takes its time at the first call.
        }
        simulating = true;
        Simulation simulation = Simulation.build(scenario, cell, sink, recorder.decisions());
        Hypervisor built = simulation.hypervisor();
        hypervisor = built;

        runTo(simulation, 0, from, to);
        simulation.beginWindow();
        List<long[]> before = built.pcpus().stream().map(CellRun::cycles).toList();
        runTo(simulation, from, to, to);
        simulating = false;
        recorder.finish(to, simulation.consoles());

        if (!metrics.anythingRan()) {
            throw new InputException(scenario.name() + ": no guest ran between "
                    + Durations.format(scenario.warmupNanos()) + " and " + Durations.format(scenario.durationNanos()));
        }
        List<DomainSummary> domains = metrics.domains(simulation.labels());
        return new CellSummary(
                cell.name(),
                cell.scheduler().name(),
                cell.scheduler().values(),
                cell.seed(),
                Status.OK,
                null,
                scenario.warmupNanos(),
                scenario.durationNanos(),
                domains,
                pcpus(built, before, to - from),
                metrics.jainFairness(domains));
    }

    /** What domain {@code id} is promised, once the machine is built. */
    private FluidMeter.Claim claim(int id) {
        Domain domain = domain(id);
        return domain == null ? null : new FluidMeter.DomainClaim(domain);
    }

    private DeadlineMeter.Claim reserved(int id, Reservations reservations) {
        Domain domain = domain(id);
        return domain == null ? null : new DeadlineMeter.DomainClaim(domain, reservations);
    }

    private Domain domain(int id) {
        return hypervisor == null ? null : hypervisor.domainById(id);
    }

    private void runTo(Simulation simulation, long from, long to, long end) {
        run(simulation, from, to, () -> {
            progress = (double) simulation.hypervisor().time() / end;
            return false;
        });
    }

    /** Runs in slices from {@code from} to {@code to}, unless {@code enough} says after one of them that it is enough. */
    static void run(Simulation simulation, long from, long to, BooleanSupplier enough) {
        for (int slice = 1; slice <= SLICES && to > from && (slice == 1 || !enough.getAsBoolean()); slice++) {
            simulation.hypervisor().run(from + (to - from) * slice / SLICES);
            simulation.type();
        }
    }

    private static long[] cycles(Pcpu pcpu) {
        return new long[] {pcpu.guestCycles(), pcpu.hypervisorCycles(), pcpu.idleCycles()};
    }

    private static List<PcpuSummary> pcpus(Hypervisor hypervisor, List<long[]> before, long elapsed) {
        List<PcpuSummary> pcpus = new ArrayList<>();
        for (Pcpu pcpu : hypervisor.pcpus()) {
            long[] then = before.get(pcpu.id());
            long[] now = cycles(pcpu);
            pcpus.add(new PcpuSummary(
                    pcpu.id(),
                    PERCENT * (now[0] - then[0]) / elapsed,
                    PERCENT * (now[1] - then[1]) / elapsed,
                    PERCENT * (now[2] - then[2]) / elapsed));
        }
        return pcpus;
    }
}
