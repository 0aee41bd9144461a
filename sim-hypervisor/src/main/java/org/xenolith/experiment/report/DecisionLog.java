package org.xenolith.experiment.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.hypervisor.DecisionListener;
import org.xenolith.hypervisor.SchedUnit;

/**
 * Why a scheduler decided as it did, decision by decision, in primitive columns. It is bounded: the first decisions are
 * kept, those beyond the maximum are only counted.
 */
public final class DecisionLog implements DecisionListener {
    /** In place of a unit: none, the pCPU is idle. */
    public static final int IDLE = -1;

    private final int maximum;
    private long dropped;
    private boolean open;

    private final LongColumn times = new LongColumn();
    private final IntColumn pcpus = new IntColumn();
    private final IntColumn currents = new IntColumn();
    private final IntColumn nexts = new IntColumn();
    private final LongColumn slices = new LongColumn();
    private final IntColumn reasonEnds = new IntColumn();
    private final IntColumn consideredEnds = new IntColumn();

    private final IntColumn reasonTexts = new IntColumn();
    private final LongColumn reasonValues = new LongColumn();

    private final IntColumn units = new IntColumn();
    private final IntColumn metrics = new IntColumn();
    private final LongColumn values = new LongColumn();
    private final IntColumn verdicts = new IntColumn();

    private final List<String> texts = new ArrayList<>();
    private final Map<String, Integer> textNumbers = new HashMap<>();

    /** A log that keeps the first {@code maxDecisions} decisions. */
    public DecisionLog(int maxDecisions) {
        this.maximum = maxDecisions;
    }

    @Override
    public void deciding(int pcpu, long tsc, SchedUnit current) {
        begin(pcpu, tsc, word(current));
    }

    @Override
    public void considered(SchedUnit unit, String metric, long value, String verdict) {
        consider(word(unit), metric, value, verdict);
    }

    @Override
    public void because(String reason, long value) {
        if (open) {
            reasonTexts.add(number(reason));
            reasonValues.add(value);
        }
    }

    @Override
    public void decided(SchedUnit next, long sliceNanos) {
        end(word(next), sliceNanos);
    }

    private static int word(SchedUnit unit) {
        return unit == null ? IDLE : unit.traceWord();
    }

    /** Starts a decision; one that was begun and never ended is forgotten. Units are packed as in trace records. */
    void begin(int pcpu, long tsc, int current) {
        if (open) {
            forgetBegun();
        }
        open = nexts.size() < maximum;
        if (!open) {
            dropped++;
            return;
        }
        times.add(tsc);
        pcpus.add(pcpu);
        currents.add(current);
    }

    void consider(int unit, String metric, long value, String verdict) {
        if (open) {
            units.add(unit);
            metrics.add(number(metric));
            values.add(value);
            verdicts.add(number(verdict));
        }
    }

    void end(int next, long sliceNanos) {
        if (open) {
            nexts.add(next);
            slices.add(sliceNanos);
            reasonEnds.add(reasonTexts.size());
            consideredEnds.add(units.size());
            open = false;
        }
    }

    private void forgetBegun() {
        int kept = nexts.size();
        times.truncate(kept);
        pcpus.truncate(kept);
        currents.truncate(kept);
        int reasons = reasonsBegin(kept);
        reasonTexts.truncate(reasons);
        reasonValues.truncate(reasons);
        int considered = consideredBegin(kept);
        units.truncate(considered);
        metrics.truncate(considered);
        values.truncate(considered);
        verdicts.truncate(considered);
    }

    private int number(String text) {
        Integer known = textNumbers.putIfAbsent(text, texts.size());
        if (known != null) {
            return known;
        }
        texts.add(text);
        return texts.size() - 1;
    }

    /** How many decisions are kept. */
    public int size() {
        return nexts.size();
    }

    /** How many decisions came after the maximum and are not kept. */
    public long dropped() {
        return dropped;
    }

    /** When decision {@code i} was taken, TSC cycles. */
    public long tsc(int i) {
        return times.get(i);
    }

    /** The pCPU it was taken for. */
    public int pcpu(int i) {
        return pcpus.get(i);
    }

    /** What that pCPU ran up to then, packed as in trace records, or {@link #IDLE}. */
    public int current(int i) {
        return currents.get(i);
    }

    /** What it was to run from then on, or {@link #IDLE}. */
    public int next(int i) {
        return nexts.get(i);
    }

    /** For how long at most, ns; negative for no limit. */
    public long sliceNanos(int i) {
        return slices.get(i);
    }

    /** First of the reasons of decision {@code i}, which end where those of the next one begin. */
    public int reasonsBegin(int i) {
        return i == 0 ? 0 : reasonEnds.get(i - 1);
    }

    /** A reason, in words. */
    public String reason(int reason) {
        return texts.get(reasonTexts.get(reason));
    }

    /** The number that goes with a reason. */
    public long reasonValue(int reason) {
        return reasonValues.get(reason);
    }

    /** First of the units considered for decision {@code i}, which end where those of the next one begin. */
    public int consideredBegin(int i) {
        return i == 0 ? 0 : consideredEnds.get(i - 1);
    }

    /** A unit that was considered, packed as in trace records. */
    public int unit(int considered) {
        return units.get(considered);
    }

    /** What it was judged by. */
    public String metric(int considered) {
        return texts.get(metrics.get(considered));
    }

    /** Its value of that. */
    public long value(int considered) {
        return values.get(considered);
    }

    /** What came of it. */
    public String verdict(int considered) {
        return texts.get(verdicts.get(considered));
    }

    /** Every string that was logged, each once. */
    List<String> texts() {
        return texts;
    }

    int reasonText(int reason) {
        return reasonTexts.get(reason);
    }

    int metricText(int considered) {
        return metrics.get(considered);
    }

    int verdictText(int considered) {
        return verdicts.get(considered);
    }
}
