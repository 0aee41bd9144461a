package org.xenolith.scheduler.kit;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Cell;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.experiment.SchedulerChoice;
import org.xenolith.experiment.Simulation;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * One run of a scheduler on a scenario, and what its trace records say of every vCPU at every moment. The scenario is run from
 * the text of its file by what the command line runs it with, so both see the same run. All times are nanoseconds.
 */
final class KitRun {
    static final int RUNNING = TraceEvent.RUNSTATE_RUNNING;
    static final int RUNNABLE = TraceEvent.RUNSTATE_RUNNABLE;
    static final int BLOCKED = TraceEvent.RUNSTATE_BLOCKED;
    static final int OFFLINE = TraceEvent.RUNSTATE_OFFLINE;

    /** The schedulers of the class path. */
    private static final SchedulerCatalog CATALOG = new SchedulerCatalog();

    /**
     * A time that a vCPU spent in one state.
     *
     * @param state the runstate
     * @param pcpu the pCPU, if it ran
     * @param next the runstate that followed, or -1 at the end of the run
     */
    record Span(int state, int pcpu, long from, long to, int next) {
        long length() {
            return to - from;
        }
    }

    /** What the records say of one vCPU. */
    static final class Watched {
        final int domain;
        final int id;
        final List<Span> spans = new ArrayList<>();
        private int state = OFFLINE;
        private int pcpu = -1;
        private long since;

        Watched(int domain, int id) {
            this.domain = domain;
            this.id = id;
        }

        private void change(int newState, int onPcpu, long now) {
            spans.add(new Span(state, pcpu, since, Math.max(since, now), newState));
            since = Math.max(since, now);
            state = newState;
            pcpu = newState == RUNNING ? onPcpu : -1;
        }

        /** How long it ran between two times. */
        long ran(long from, long to) {
            long sum = 0;
            for (Span s : spans) {
                if (s.state == RUNNING) {
                    sum += Math.max(0, Math.min(s.to, to) - Math.max(s.from, from));
                }
            }
            return sum;
        }

        @Override
        public String toString() {
            return KitScenario.name(domain) + "v" + id;
        }
    }

    final KitScenario scenario;

    /** The vCPUs, in order of domains. */
    final List<Watched> vcpus = new ArrayList<>();

    /** The machine after the run; null if there was none. */
    final Hypervisor xen;

    /** How far it came: to its end, or the last change before the scheduler was refused. */
    final long end;

    /** Hash over all trace records. */
    long traceHash = 17;

    /** The first record that cannot follow on what was before, or null. */
    Violation impossible;

    /** What the scheduler was refused or threw, at which the run ended; or null. */
    final RuntimeException refused;

    private final TscClock clock;
    private final Map<Integer, Watched> byWord = new TreeMap<>();
    private final Watched[] onPcpu;
    private long lastChange;

    private KitRun(Scenario read, KitScenario scenario) {
        this.scenario = scenario;
        onPcpu = new Watched[scenario.topology().pcpus()];
        for (int d = 0; d < scenario.domains().size(); d++) {
            for (int v = 0; v < scenario.domains().get(d).vcpus(); v++) {
                Watched w = new Watched(d, v);
                vcpus.add(w);
                byWord.put(d + 1 << 16 | v, w);
            }
        }
        clock = new TscClock(read.costs().tscHertz());
        Hypervisor built = null;
        RuntimeException why = null;
        try {
            built = Simulation.build(read, Cell.of(read).get(0), this::accept, null)
                    .hypervisor();
            built.run(clock.toCycles(scenario.nanos()));
        } catch (InputException e) {
            throw e; // The kit's own mistake.
        } catch (RuntimeException e) {
            why = e;
        }
        xen = built;
        refused = why;
        long reached = built == null ? lastChange : Math.max(lastChange, clock.toNanos(built.time()));
        end = Math.min(scenario.nanos(), why == null ? scenario.nanos() : reached);
        vcpus.forEach(w -> w.change(-1, -1, end));
    }

    /** Runs {@code scheduler} on {@code scenario}. */
    static KitRun of(SchedulerChoice scheduler, KitScenario scenario) {
        String text = scenario.yaml("", scheduler.name());
        Scenario read = ScenarioReader.parse(text, "kit", Path.of(""), CATALOG.with(scheduler));
        return new KitRun(read.withSchedulers(List.of(scheduler)), scenario);
    }

    /** Runs the file that was left of {@code scenario}, as the command line does: with the scheduler that it names. */
    static KitRun of(Path file, KitScenario scenario) {
        return new KitRun(ScenarioReader.read(file, CATALOG), scenario);
    }

    private void accept(TraceRecord r) {
        long hash = (traceHash * 31 + r.event) * 31 + r.tsc;
        hash = hash * 31 + r.cpu;
        for (int i = 0; i < r.words; i++) {
            hash = hash * 31 + r.word[i];
        }
        traceHash = hash;
        if (TraceEvent.isRunstateChange(r.event)) {
            Watched w = byWord.get(r.word[0]);
            if (w != null) {
                change(w, TraceEvent.newRunstate(r.event), r.cpu, clock.toNanos(r.tsc));
            }
        }
    }

    private void change(Watched w, int state, int pcpu, long now) {
        if (w.state == RUNNING) {
            onPcpu[w.pcpu] = null;
        }
        if (state == RUNNING) {
            Watched other = w.state == RUNNING ? w : onPcpu[pcpu];
            if (other != null && impossible == null) {
                impossible = new Violation(
                        w + " begins to run on pCPU " + pcpu + " while "
                                + (other == w ? "it runs on pCPU " + w.pcpu : other + " runs there"),
                        now,
                        now);
            }
            onPcpu[pcpu] = w;
        }
        lastChange = Math.max(lastChange, now);
        w.change(state, pcpu, now);
    }

    /** How long all vCPUs of a domain ran between two times. */
    long ran(int domain, long from, long to) {
        return vcpus.stream()
                .filter(w -> w.domain == domain)
                .mapToLong(w -> w.ran(from, to))
                .sum();
    }
}
