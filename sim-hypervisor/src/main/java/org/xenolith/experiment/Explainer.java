package org.xenolith.experiment;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.RunMetrics.DomainLabel;
import org.xenolith.experiment.report.DecisionLog;
import org.xenolith.experiment.report.RecordedDecisions;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceRecord;

/**
 * Finds the decision that a pCPU took at a moment of a run, and why. Runs do not keep their decisions: a cell is run again up
 * to that moment, which by its seed and its inputs comes to the same. Of what was recorded, the trace is read.
 */
public final class Explainer {
    private final Scenario scenario;
    private final Cell cell;
    private final int pcpu;

    /**
     * Decisions on one pCPU, and which of them was in force at the moment asked for.
     *
     * @param log the decisions on that pCPU up to the first one after the moment, if there is one
     * @param index the last of them at the moment or before; -1 if there was none yet
     * @param names of domains, by id
     * @param clock the clock of the log's times
     * @param fromTsc start of the measured window, from which times count
     */
    public record Found(DecisionLog log, int index, Map<Integer, String> names, TscClock clock, long fromTsc) {
        /** When decision {@code i} was taken, ns since the measured window began; negative before it. */
        public long nanos(int i) {
            return clock.toNanos(log.tsc(i)) - clock.toNanos(fromTsc);
        }
    }

    /** Explains decisions of {@code cell} on {@code pcpu}. */
    public Explainer(Scenario scenario, Cell cell, int pcpu) {
        this.scenario = scenario;
        this.cell = cell;
        this.pcpu = pcpu;
    }

    /**
     * Checks that a run's inputs are what they were.
     *
     * @param run the run's folder, for messages
     * @throws InputException naming the file that is gone or has changed
     */
    public static void checkInputs(RunFolder run, Scenario scenario) {
        List<Manifest.Input> then = run.manifest().inputs();
        List<Manifest.Input> now = Experiment.inputsOf(scenario);
        for (Manifest.Input input : then) {
            if (!now.contains(input)) {
                throw new InputException(run.path() + ": " + input.path()
                        + " has changed since, so that the run cannot be repeated; run it again");
            }
        }
        if (now.size() != then.size()) {
            throw new InputException(run.path() + ": its inputs have changed since; run it again");
        }
    }

    /**
     * Finds the decision that was in force at a moment.
     *
     * @param nanos the moment, ns since the measured window began
     * @throws InputException if the cell has no such pCPU or ended before
     */
    public Found find(long nanos) {
        int pcpus = cell.isRecorded()
                ? scenario.replay().description().pcpus()
                : scenario.topology().pcpus();
        if (pcpu < 0 || pcpu >= pcpus) {
            throw new InputException(cell.name() + ": no pCPU " + pcpu + "; there "
                    + (pcpus == 1 ? "is only pCPU 0" : "are pCPUs 0 to " + (pcpus - 1)));
        }
        long length = scenario.durationNanos() - scenario.warmupNanos();
        if (nanos > length) {
            throw new InputException(
                    cell.name() + ": ended after " + Durations.format(length) + ", before " + Durations.format(nanos));
        }
        return cell.isRecorded() ? recorded(nanos) : simulated(nanos);
    }

    private Found recorded(long nanos) {
        Recording recording = scenario.replay();
        TscClock clock = new TscClock(recording.description().tscHz());
        long at = recording.fromTsc() + clock.toCycles(nanos);
        DecisionLog log = new DecisionLog(Integer.MAX_VALUE);
        RecordedDecisions decisions = new RecordedDecisions(log);
        try (MergedReader reader = MergedReader.open(recording.trace())) {
            TraceRecord record = new TraceRecord();
            while (!isPast(log, at) && reader.next(record)) {
                if (record.cpu == pcpu) {
                    decisions.accept(record);
                }
            }
        }
        return new Found(log, last(log, at), names(recording.labels()), clock, recording.fromTsc());
    }

    private Found simulated(long nanos) {
        TscClock clock = new TscClock(scenario.costs().tscHertz());
        long from = clock.toCycles(scenario.warmupNanos());
        long to = clock.toCycles(scenario.durationNanos());
        long at = clock.toCycles(scenario.warmupNanos() + nanos);
        DecisionLog log = new DecisionLog(Integer.MAX_VALUE);
        Simulation simulation = Simulation.build(scenario, cell, null, new OnOnePcpu(log, pcpu));
        // In the same pieces as the run: what is typed on consoles comes between them.
        CellRun.run(simulation, 0, from, () -> isPast(log, at));
        CellRun.run(simulation, from, to, () -> isPast(log, at));
        return new Found(log, last(log, at), names(simulation.labels()), clock, from);
    }

    private static boolean isPast(DecisionLog log, long at) {
        return log.size() > 0 && log.tsc(log.size() - 1) > at;
    }

    private static int last(DecisionLog log, long at) {
        int last = log.size() - 1;
        while (last >= 0 && log.tsc(last) > at) {
            last--;
        }
        return last;
    }

    private static Map<Integer, String> names(List<DomainLabel> labels) {
        Map<Integer, String> names = new TreeMap<>();
        labels.forEach(label -> names.put(label.id(), label.name()));
        return names;
    }

    /** Keeps what is decided on one pCPU. */
    private static final class OnOnePcpu implements DecisionListener {
        private final DecisionListener log;
        private final int pcpu;
        private boolean on;

        OnOnePcpu(DecisionListener log, int pcpu) {
            this.log = Objects.requireNonNull(log);
            this.pcpu = pcpu;
        }

        @Override
        public void deciding(int decidingPcpu, long tsc, SchedUnit current) {
            on = decidingPcpu == pcpu;
            if (on) {
                log.deciding(decidingPcpu, tsc, current);
            }
        }

        @Override
        public void considered(SchedUnit unit, String metric, long value, String verdict) {
            if (on) {
                log.considered(unit, metric, value, verdict);
            }
        }

        @Override
        public void because(String reason, long value) {
            if (on) {
                log.because(reason, value);
            }
        }

        @Override
        public void decided(SchedUnit next, long sliceNanos) {
            if (on) {
                log.decided(next, sliceNanos);
            }
        }
    }
}
