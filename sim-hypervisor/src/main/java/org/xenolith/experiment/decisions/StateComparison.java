package org.xenolith.experiment.decisions;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.xenolith.experiment.decisions.DecisionTable.Count;
import org.xenolith.experiment.decisions.RecordedState.Kind;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;

/** Holds the records by which the model tells its state against those of the recording, and counts. */
final class StateComparison {
    /** A record that has not been met by one of the recording after so long is too much, ns. */
    private static final long PATIENCE = 100_000;

    private final RecordedState state;
    private final Deque<TraceRecord> emitted = new ArrayDeque<>();

    /** Units of which a record has told. */
    private final Set<Integer> known = new HashSet<>();

    private final Map<Kind, int[]> counts = new EnumMap<>(Kind.class);

    /** Whether what the model does now is not its own doing: then its records do not count. */
    private boolean deaf;

    /** Whether the world acts on a unit: then sleep and wake are not the model's. */
    private boolean outside;

    /** Whether records count by now. */
    private boolean counting;

    /** The first disagreement since {@link #begin}, or null. */
    private String disagreement;

    private boolean start;

    StateComparison(RecordedState state) {
        this.state = state;
        for (Kind kind : Kind.values()) {
            counts.put(kind, new int[2]);
        }
    }

    /** The model emits a record. */
    void emitted(TraceRecord r) {
        boolean ofTheWorld = outside && (r.event == Sched.SLEEP || r.event == Sched.WAKE);
        if (!deaf && !ofTheWorld && state.kind(r.event) != null) {
            TraceRecord copy = new TraceRecord();
            copy.set(r);
            emitted.add(copy);
        }
    }

    /** Does {@code action}, during which the model tells nothing of itself. */
    void silently(Runnable action) {
        deaf = true;
        action.run();
        deaf = false;
    }

    /** Does {@code action}, by which the world wakes a unit or puts it to sleep. */
    void fromOutside(Runnable action) {
        outside = true;
        action.run();
        outside = false;
    }

    /** What the model has told up to here is forgotten. */
    void forget() {
        emitted.clear();
    }

    /** From now on records count. */
    void startCounting() {
        counting = true;
    }

    /** From now on disagreements belong to the next decision. */
    void begin() {
        disagreement = null;
        start = false;
    }

    /** The first disagreement since {@link #begin}, in words, or null. */
    String disagreement() {
        return disagreement;
    }

    /** Whether a unit was told of for the first time since {@link #begin}, and otherwise than the model had it. */
    boolean isStart() {
        return start;
    }

    /**
     * The recording tells {@code r}.
     *
     * @param sees corrects the model; it is given the model's own record, or null if there is none, where that differs
     */
    void told(TraceRecord r, Correction sees) {
        int word = state.unitWord(r);
        TraceRecord own = take(r.event, word);
        boolean agrees = own != null && state.isSame(r, own);
        boolean first = known.add(word);
        if (!agrees) {
            silently(() -> sees.correct(r, own));
            if (first) {
                start = true;
                return;
            }
            note(word, r.event, words(r) + ", model " + (own == null ? "nothing" : words(own)));
        }
        count(r.event, agrees);
    }

    private void count(int event, boolean agrees) {
        if (counting) {
            int[] count = counts.get(state.kind(event));
            count[0]++;
            count[1] += agrees ? 1 : 0;
        }
    }

    /** What the model told long before {@code at} and the recording never did is wrong. */
    void settle(long at, Correction sees) {
        while (!emitted.isEmpty() && emitted.peek().tsc < at - PATIENCE) {
            TraceRecord own = emitted.poll();
            silently(() -> sees.correct(null, own));
            note(state.unitWord(own), own.event, "nothing, model " + words(own));
            count(own.event, false);
        }
    }

    private TraceRecord take(int event, int word) {
        for (Iterator<TraceRecord> i = emitted.iterator(); i.hasNext(); ) {
            TraceRecord own = i.next();
            if (own.event == event && state.unitWord(own) == word) {
                i.remove();
                return own;
            }
        }
        return null;
    }

    private void note(int word, int event, String what) {
        if (disagreement == null) {
            TraceEvent known = TraceEvent.of(event);
            disagreement = String.format(
                    Locale.ROOT,
                    "d%dv%d %s: recorded %s",
                    word >>> 16,
                    word & 0xffff,
                    known == null ? Integer.toHexString(event) : known.name(),
                    what);
        }
    }

    private static String words(TraceRecord r) {
        return Arrays.toString(Arrays.copyOf(r.word, r.words));
    }

    Count count(Kind kind) {
        int[] count = counts.get(kind);
        return new Count(count[0], count[1]);
    }

    /** Corrects the model. */
    @FunctionalInterface
    interface Correction {
        /** One of the two may be null: {@code recorded} if there should be none, {@code own} if there is none. */
        void correct(TraceRecord recorded, TraceRecord own);
    }
}
