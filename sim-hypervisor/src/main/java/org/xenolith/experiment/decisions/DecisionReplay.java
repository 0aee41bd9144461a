package org.xenolith.experiment.decisions;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.experiment.SchedulerChoice;
import org.xenolith.experiment.decisions.DecisionTable.Cause;
import org.xenolith.experiment.decisions.RecordedState.Kind;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.Reservation;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;

/**
 * Feeds a scheduler with the instants of a recording, and holds what it decides against what Xen decided.
 *
 * <p>Record by record: on each recorded wake, block, yield and pause the scheduler's hook is called, at the recorded
 * nanosecond; on each recorded decision it is asked whom to run and for how long, and its answer compared. Then it is made
 * to follow the recorded one, so that one mistake is counted once. The records that tell credits, budgets and priorities are
 * compared as well, and where they differ the scheduler is corrected. So every decision is judged from the state that Xen
 * had, as far as earlier records tell it. Nothing is taken from later ones but what {@link RecordedState#start} says.
 */
public final class DecisionReplay {
    /** Decisions this long after one that did not agree may follow from it, ns. */
    private static final long AFTERMATH = 100_000_000;

    private static final long CLOSE_TO_TIMER = 100_000;
    private static final int EXAMPLES = 20;

    private final String name;
    private final TraceDescription description;
    private final List<TraceRecord> records;
    private final RecordedState state;
    private final SchedulerChoice choice;
    private final SchedulerStepper stepper;
    private final StateComparison comparison;
    private final RecordedClock clock;
    private final LateTimers timers;
    private final List<String> assumptions;

    private final List<Lane> lanes = new ArrayList<>();

    /** vCPUs that the toolstack has paused, packed. */
    private final Set<Integer> paused = new HashSet<>();

    /** Whether the first guest was unpaused: before, there is little to decide. */
    private boolean begun;

    /** The last decision, not judged yet. */
    private Verdict last;

    private int decisions;
    private int contested;
    private int agreed;
    private int sameWho;
    private int sameSlice;
    private long lastDisagreed = Long.MIN_VALUE / 2;
    private final Map<Cause, Integer> causes = new EnumMap<>(Cause.class);
    private final List<String> examples = new ArrayList<>();

    /** What a pCPU is doing. */
    private static final class Lane {
        SchedUnit current;

        /** Whether it has begun to decide and not said yet what. */
        boolean deciding;

        /** Whom it ran before that. */
        SchedUnit before;

        /** Who has left it but is not known to have. */
        SchedUnit leaving;

        long decidedAt;
        long sliceEnd = Long.MAX_VALUE;
    }

    private DecisionReplay(Path trace, TraceDescription description, SchedulerChoice choice, RecordedState state) {
        this.name = trace.getFileName().toString();
        this.description = description;
        this.choice = choice;
        this.state = state;
        this.records = read(trace, new TscClock(description.tscHz()));
        this.comparison = new StateComparison(state);
        this.stepper = new SchedulerStepper(Topology.flat(description.pcpus()), choice.create(), comparison::emitted);
        this.clock = new RecordedClock(records, state, description);
        this.timers = new LateTimers(records, state, clock, stepper, costs(description));
        this.assumptions = start();
    }

    private static CostProfile costs(TraceDescription description) {
        boolean known = CostProfile.SHIPPED.contains(description.costs());
        return CostProfile.load(known ? description.costs() : "zero");
    }

    /** The records of scheduling, their times in ns. */
    private static List<TraceRecord> read(Path trace, TscClock clock) {
        List<TraceRecord> all = new ArrayList<>();
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord r = new TraceRecord();
            while (reader.next(r)) {
                if (r.event >>> 16 == Sched.CLASS >>> 16) {
                    TraceRecord copy = new TraceRecord();
                    copy.set(r);
                    copy.tsc = clock.toNanos(r.tsc);
                    all.add(copy);
                }
            }
        }
        return all;
    }

    /**
     * Replays the decisions of a recording under our model of the scheduler that took them.
     *
     * @throws InputException if the recording's scheduler is not one of Xen's whose state is known from its records, or the trace
     *     holds no decisions of it
     */
    public static DecisionTable of(Path trace) {
        return of(trace, TraceDescription.load(trace));
    }

    /** As {@link #of(Path)}, with another description of the trace than the one beside it. */
    public static DecisionTable of(Path trace, TraceDescription description) {
        String scheduler = description.scheduler().name();
        ServiceLoader<RecordedState> states = ServiceLoader.load(RecordedState.class);
        RecordedState state = states.stream()
                .map(ServiceLoader.Provider::get)
                .filter(s -> s.scheduler().equals(scheduler))
                .findFirst()
                .orElseThrow(() -> new InputException(trace + ": decisions of '" + scheduler
                        + "' cannot be replayed; those of "
                        + String.join(
                                ", ",
                                states.stream()
                                        .map(s -> s.get().scheduler())
                                        .sorted()
                                        .toList())
                        + " can. The description beside the trace names the scheduler."));
        SchedulerChoice choice = new SchedulerCatalog()
                .parse(scheduler, Path.of(""), description.scheduler().parameters());
        DecisionReplay replay = new DecisionReplay(trace, description, choice, state);
        replay.run();
        if (replay.decisions == 0) {
            throw new InputException(trace + ": holds no decision of " + scheduler
                    + " after a guest was unpaused; record with xentrace -e 0x2f000");
        }
        return replay.table();
    }

    private DecisionTable table() {
        return new DecisionTable(
                name,
                choice.label(),
                decisions,
                contested,
                agreed,
                sameWho,
                sameSlice,
                comparison.count(Kind.BURN),
                comparison.count(Kind.GRANT),
                comparison.count(Kind.OTHER),
                causes,
                examples,
                assumptions);
    }

    // ---- the start --------------------------------------------------------------------------------------------------

    private List<String> start() {
        if (records.isEmpty()) {
            return List.of();
        }
        state.attach(stepper);
        long start = clock.at(records.get(0)) - 1;
        stepper.at(0, start);
        for (DomainDescription d : description.domains()) {
            stepper.create(d.id(), d.name(), d.vcpus(), d.weight(), d.cap(), parameters(d.rtds()));
            for (int v = 0; v < d.vcpus(); v++) {
                paused.add(TraceEvent.packVcpu(d.id(), v));
            }
        }
        for (int p = 0; p < description.pcpus(); p++) {
            Lane lane = new Lane();
            lanes.add(lane);
            lane.decidedAt = start;
            lane.current = firstRunning(p);
            if (lane.current != null) {
                paused.remove(lane.current.traceWord());
                stepper.at(p, start);
                stepper.unpause(lane.current);
            }
        }
        for (SchedUnit unit : firstAwake()) {
            paused.remove(unit.traceWord());
            stepper.unpause(unit);
        }
        for (int p = 0; p < description.pcpus(); p++) {
            stepper.at(p, start);
            SchedUnit chosen = stepper.decide(p);
            if (chosen != lanes.get(p).current) {
                follow(p, chosen, lanes.get(p).current, start);
            }
        }
        List<String> assumed = state.start(records, clock.offset(0), description);
        comparison.forget();
        return assumed;
    }

    private static Map<String, Long> parameters(Reservation r) {
        Map<String, Long> all = new TreeMap<>();
        if (r != null) {
            all.put("period_us", r.periodMicros());
            all.put("budget_us", r.budgetMicros());
            all.put("extratime", r.extratime() ? 1L : 0L);
        }
        return all;
    }

    private SchedUnit firstRunning(int pcpu) {
        for (TraceRecord r : records) {
            if (r.cpu == pcpu && (r.event == Sched.SWITCH_INFPREV || r.event == Sched.SWITCH_INFCONT)) {
                return unit(r);
            }
        }
        return null;
    }

    /** vCPUs that are found runnable or blocked before anything unpauses them. */
    private List<SchedUnit> firstAwake() {
        List<SchedUnit> awake = new ArrayList<>();
        Set<Integer> seen = new HashSet<>();
        for (TraceRecord r : records) {
            if (TraceEvent.isRunstateChange(r.event) && seen.add(r.word[0])) {
                SchedUnit unit = stepper.unit(TraceEvent.domainOf(r.word[0]), TraceEvent.vcpuOf(r.word[0]));
                boolean wasPaused = TraceEvent.oldRunstate(r.event) == TraceEvent.RUNSTATE_OFFLINE;
                if (unit != null && !wasPaused && paused.contains(r.word[0])) {
                    awake.add(unit);
                }
            }
        }
        return awake;
    }

    private SchedUnit unit(TraceRecord r) {
        return r.word[0] == TraceEvent.IDLE_DOMAIN ? null : stepper.unit(r.word[0], r.word[1]);
    }

    // ---- record by record -------------------------------------------------------------------------------------------

    private void run() {
        for (int i = 0; i < records.size(); i++) {
            step(i, records.get(i));
        }
        judgeLast();
    }

    private void step(int i, TraceRecord r) {
        Lane lane = lanes.get(r.cpu);
        long at = clock.at(r);
        comparison.settle(at, this::correct);
        leave(i, r, lane);
        if (r.event == state.scheduleEvent()) {
            decide(i, r, lane);
            return;
        }
        switch (r.event) {
            case Sched.WAKE, Sched.SLEEP, Sched.BLOCK, Sched.YIELD -> {
                if (state.isOwn(r, at)) {
                    tell(i, r, lane, at);
                } else if (unit(r) != null) {
                    hook(i, r, lane);
                }
            }
            case Sched.SWITCH_INFCONT, Sched.SWITCH_INFNEXT -> lane.deciding = false;
            default -> {
                if (state.kind(r.event) != null) {
                    tell(i, r, lane, at);
                }
            }
        }
    }

    /** The unit that was switched away from has left its pCPU by the time that record {@code i} was written. */
    private void leave(int i, TraceRecord r, Lane lane) {
        if (lane.leaving == null || lane.deciding || r.event == Sched.SWITCH || TraceEvent.isRunstateChange(r.event)) {
            return;
        }
        boolean told = state.recordsLeaving()
                && (r.event & ~0xfff) == Sched.PER_SCHEDULER_CLASS
                && r.event != state.scheduleEvent();
        stepper.at(r.cpu, told ? clock.exact(i) : lane.decidedAt);
        SchedUnit unit = lane.leaving;
        lane.leaving = null;
        stepper.contextSaved(r.cpu, unit);
    }

    /** Calls the hook of a recorded wake, block, yield or pause. */
    private void hook(int i, TraceRecord r, Lane lane) {
        long at = clock.exact(i);
        timers.run(i, at, false, lane.current == null);
        stepper.at(r.cpu, at);
        SchedUnit unit = unit(r);
        comparison.fromOutside(() -> {
            switch (r.event) {
                case Sched.BLOCK -> stepper.block(unit);
                case Sched.YIELD -> stepper.yield(unit);
                case Sched.SLEEP -> {
                    paused.add(unit.traceWord());
                    stepper.pause(unit);
                }
                default -> wake(i, unit);
            }
        });
        if (r.event == Sched.WAKE) {
            timers.interrupted(at - 1000);
        }
    }

    private void wake(int i, SchedUnit unit) {
        int becomes = TraceEvent.runstateChange(TraceEvent.RUNSTATE_OFFLINE, TraceEvent.RUNSTATE_RUNNABLE);
        TraceRecord next = i + 1 < records.size() ? records.get(i + 1) : records.get(i);
        boolean unpaused = next.event == becomes && next.word[0] == unit.traceWord();
        if (unpaused && paused.remove(unit.traceWord())) {
            begun = true;
            comparison.startCounting();
            stepper.unpause(unit);
        } else {
            stepper.unblock(unit);
        }
    }

    /** Compares what record {@code i} tells with what the scheduler tells. */
    private void tell(int i, TraceRecord r, Lane lane, long at) {
        int word = state.unitWord(r);
        if (stepper.unit(word >>> 16, word & 0xffff) == null) {
            return;
        }
        long ran = state.chargedNanos(r);
        if (ran >= 0 && lane.deciding && (lane.before == null || lane.before.traceWord() != word)) {
            clock.chargedElsewhere(r.cpu, word, ran, lane.decidedAt);
        } else if (ran >= 0 && !lane.deciding) {
            clock.charged(word, ran);
        }
        if (state.kind(r.event) == Kind.GRANT && (lane.deciding || state.grantsRestartCharging())) {
            clock.chargedAnew(word, lane.deciding ? lane.decidedAt : clock.exact(i));
        }
        if (!lane.deciding) {
            timers.run(i, at, false, lane.current == null);
            stepper.at(r.cpu, at);
        }
        comparison.told(r, this::correct);
        comparison.silently(() -> state.told(r, at));
    }

    private void correct(TraceRecord recorded, TraceRecord own) {
        int word = state.unitWord(recorded == null ? own : recorded);
        state.correct(stepper.unit(word >>> 16, word & 0xffff), recorded, own);
    }

    // ---- decisions --------------------------------------------------------------------------------------------------

    private void decide(int i, TraceRecord r, Lane lane) {
        judgeLast();
        TraceRecord outcome = null;
        long ran = 0;
        for (int j = i + 1; j < records.size() && outcome == null; j++) {
            TraceRecord n = records.get(j);
            if (n.cpu == r.cpu) {
                if (n.event == state.scheduleEvent()) {
                    return; // its outcome was not recorded
                }
                boolean wentOn = n.event == Sched.SWITCH_INFCONT;
                ran = wentOn || n.event == Sched.SWITCH_INFPREV ? Integer.toUnsignedLong(n.word[2]) : ran;
                outcome = wentOn || n.event == Sched.SWITCH_INFNEXT ? n : null;
            }
        }
        if (outcome == null) {
            return;
        }
        long at = clock.decision(r, ran);
        timers.run(i, at, true, lane.current == null);
        if (at >= lane.sliceEnd && at < lane.sliceEnd + CLOSE_TO_TIMER / 2) {
            timers.interrupted(at);
        }
        stepper.at(r.cpu, at);
        SchedUnit recorded = unit(outcome);
        Verdict verdict = new Verdict(at, r.tsc - records.get(0).tsc, stepper.runnable() > 1);
        SchedUnit chosen = stepper.decide(r.cpu);
        verdict.compare(chosen, stepper.sliceNanos(), recorded, outcome.word[3]);
        verdict.closeToTimer = timers.distance(at) < CLOSE_TO_TIMER;
        last = begun ? verdict : null;

        lane.before = lane.current;
        lane.leaving = stepper.left();
        if (chosen != recorded) {
            follow(r.cpu, chosen, recorded, at);
            lane.leaving = stepper.left();
        }
        lane.deciding = true;
        lane.current = recorded;
        lane.decidedAt = at;
        lane.sliceEnd = outcome.word[3] < 0 ? Long.MAX_VALUE : at + outcome.word[3];
        if (outcome.event == Sched.SWITCH_INFNEXT) {
            clock.switched(r.cpu, at);
        }
        if (recorded != null) {
            clock.chargedFrom(recorded.traceWord(), at);
        }
    }

    private void follow(int pcpu, SchedUnit chosen, SchedUnit recorded, long at) {
        stepper.runInstead(pcpu, recorded);
        comparison.silently(() -> state.runInstead(pcpu, chosen, recorded, at));
    }

    /** A decision of the scheduler beside the recorded one. */
    private static final class Verdict {
        final long at;
        final long sinceStart;
        final boolean contested;
        boolean closeToTimer;
        boolean who;
        boolean slice;
        String text;

        Verdict(long at, long sinceStart, boolean contested) {
            this.at = at;
            this.sinceStart = sinceStart;
            this.contested = contested;
        }

        void compare(SchedUnit chosen, long sliceNanos, SchedUnit recorded, int recordedNanos) {
            who = chosen == recorded;
            slice = (int) sliceNanos == recordedNanos;
            text = String.format(
                    Locale.ROOT,
                    "recorded %s for %d ns, model %s for %d ns",
                    recorded == null ? "idle" : recorded,
                    recordedNanos,
                    chosen == null ? "idle" : chosen,
                    sliceNanos);
        }
    }

    /** Counts the last decision, now that all that followed from it is known. */
    private void judgeLast() {
        if (last != null) {
            decisions++;
            contested += last.contested ? 1 : 0;
            sameWho += last.who ? 1 : 0;
            sameSlice += last.slice ? 1 : 0;
            String disagreement = last.who && last.slice ? comparison.disagreement() : last.text;
            if (disagreement == null) {
                agreed++;
            } else {
                Cause cause = comparison.isStart()
                        ? Cause.START
                        : last.closeToTimer
                                ? Cause.TIMER
                                : last.at - lastDisagreed < AFTERMATH ? Cause.FOLLOWS : Cause.RULE;
                causes.merge(cause, 1, Integer::sum);
                lastDisagreed = last.at;
                if (examples.size() < EXAMPLES) {
                    examples.add(String.format(
                            Locale.ROOT,
                            "%.6f s: %s (%s)",
                            last.sinceStart / 1e9,
                            disagreement,
                            cause.name().toLowerCase(Locale.ROOT)));
                }
            }
            last = null;
        }
        comparison.begin();
    }
}
