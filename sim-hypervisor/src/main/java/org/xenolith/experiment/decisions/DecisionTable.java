package org.xenolith.experiment.decisions;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How far our model of a scheduler took the decisions of a recording.
 *
 * @param trace file name of the recording
 * @param scheduler name of the scheduler, with its parameters
 * @param decisions how often the recorded hypervisor called its scheduler, since the first guest was unpaused
 * @param contested of these, how often more than one vCPU could run
 * @param agreed of the decisions, how often all was the same: who runs, for how long, and every credit, budget and priority
 *     told since the decision before
 * @param who how often the same vCPU was chosen, or idle
 * @param slice how often the same time was granted
 * @param burns records of credits or budget burnt, and how many the model wrote with the same figures
 * @param grants records of credits or budget given (resets, replenishments, who starts or stops earning)
 * @param others records of other state (who is queued with which credit, boosts)
 * @param causes why decisions did not agree, how many each
 * @param examples the first disagreements, a line each
 * @param assumptions what had to be assumed of the state at the start, a line each
 */
public record DecisionTable(
        String trace,
        String scheduler,
        int decisions,
        int contested,
        int agreed,
        int who,
        int slice,
        Count burns,
        Count grants,
        Count others,
        Map<Cause, Integer> causes,
        List<String> examples,
        List<String> assumptions) {

    /** Some records, and how many of them were the same. */
    public record Count(int all, int same) {
        /** Percent that were the same, or {@code -} if there are none. */
        public String percent() {
            return all == 0 ? "-" : DecisionTable.percent(same, all);
        }
    }

    /** Why a decision did not agree. */
    public enum Cause {
        /** No record before tells of the state that it shows. */
        START("a vCPU's state at the start, not recorded before"),
        /** A timer of the scheduler ran close to it. */
        TIMER("a timer of the scheduler within 100 us: before it or after is not recorded"),
        /** It follows another that did not agree. */
        FOLLOWS("follows one that did not agree, within a tenth of a second"),
        /** None of these: the rules differ. */
        RULE("none of these: the rules differ");

        private final String text;

        Cause(String text) {
            this.text = text;
        }

        /** In words. */
        public String text() {
            return text;
        }
    }

    /** Heads of the columns of {@link #row}; a hash sign before those of figures. */
    public static final List<String> COLUMNS = List.of(
            "recording",
            "#decisions",
            "#contested",
            "#agreed %",
            "#who %",
            "#slice %",
            "#burnt %",
            "#granted %",
            "#other %",
            "the rest");

    /** Copies what can change. */
    public DecisionTable {
        Map<Cause, Integer> sorted = new EnumMap<>(Cause.class);
        sorted.putAll(causes);
        causes = sorted;
        examples = List.copyOf(examples);
        assumptions = List.copyOf(assumptions);
    }

    /** Percent of the decisions in which all was the same. */
    public double agreedPercent() {
        return 100.0 * agreed / decisions;
    }

    /** Percent of the decisions in which the same vCPU was chosen. */
    public double whoPercent() {
        return 100.0 * who / decisions;
    }

    /** A row of a table under {@link #COLUMNS}. */
    public List<String> row() {
        return List.of(
                scheduler + " " + trace.replaceFirst("\\.trc(\\.\\w+)?$", ""),
                Integer.toString(decisions),
                Integer.toString(contested),
                percent(agreed, decisions),
                percent(who, decisions),
                percent(slice, decisions),
                burns.percent(),
                grants.percent(),
                others.percent(),
                causes.entrySet().stream()
                        .map(e -> e.getValue() + " " + e.getKey().name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", ")));
    }

    private static String percent(int part, int all) {
        return String.format(Locale.ROOT, "%.2f", 100.0 * part / all);
    }
}
