package org.xenolith.experiment.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Who was in which runstate when, and on which pCPU: built from the runstate records of a trace, recorded or simulated, in
 * one pass. Times are TSC cycles. A million intervals take some 16 MB: they stand in primitive columns.
 *
 * <p>A trace may contradict itself, because records were lost or because the clocks of two pCPUs differ. Time that goes back
 * for a vCPU is held at what it was; an interval that ends in another runstate than it began with is {@link #UNKNOWN}.
 */
public final class Timeline implements TraceSink {
    /** Runstate of an interval whose records contradict each other; the others are those of {@link TraceEvent}. */
    public static final int UNKNOWN = 4;

    /** By domain and vCPU as records carry them; never iterated. */
    private final Map<Integer, Vcpu> byUnit = new HashMap<>();

    private final List<Vcpu> vcpus = new ArrayList<>();
    private long startTsc = -1;
    private long endTsc;
    private int pcpus;
    private long lostRecords;

    @Override
    public void accept(TraceRecord r) {
        if (startTsc < 0) {
            startTsc = r.tsc;
            endTsc = r.tsc;
        }
        endTsc = Math.max(endTsc, r.tsc);
        pcpus = Math.max(pcpus, r.cpu + 1);
        if (r.event == TraceEvent.Gen.LOST_RECORDS) {
            lostRecords += Integer.toUnsignedLong(r.word[0]);
        } else if (TraceEvent.isRunstateChange(r.event)
                && r.words > 0
                && TraceEvent.domainOf(r.word[0]) != TraceEvent.IDLE_DOMAIN) {
            vcpu(r.word[0]).change(r.tsc, TraceEvent.oldRunstate(r.event), TraceEvent.newRunstate(r.event), r.cpu);
        }
    }

    /** The run is over: what lasts, lasts until {@code tsc} (or the last record, if that is later). */
    public void finish(long tsc) {
        endTsc = Math.max(endTsc, tsc);
    }

    private Vcpu vcpu(int unit) {
        Vcpu known = byUnit.get(unit);
        if (known == null) {
            known = new Vcpu(TraceEvent.domainOf(unit), TraceEvent.vcpuOf(unit));
            byUnit.put(unit, known);
            vcpus.add(known);
        }
        return known;
    }

    /** The vCPUs of which the trace says anything, by domain and number. */
    public List<Vcpu> vcpus() {
        return vcpus.stream()
                .sorted(Comparator.comparingInt(Vcpu::domain).thenComparingInt(Vcpu::id))
                .toList();
    }

    /** How many pCPUs the trace knows: one more than the highest number. */
    public int pcpus() {
        return pcpus;
    }

    /** Time stamp of the first record, or 0 if there was none. */
    public long startTsc() {
        return Math.max(0, startTsc);
    }

    /** Time stamp at which the last intervals end. */
    public long endTsc() {
        return endTsc;
    }

    /** How many records the recorder said it lost. */
    public long lostRecords() {
        return lostRecords;
    }

    /** How many intervals all vCPUs have together. */
    public long intervals() {
        return vcpus.stream().mapToLong(Vcpu::size).sum();
    }

    /** The life of one vCPU: intervals of one runstate each, without gaps, from the start of the trace to its end. */
    public final class Vcpu {
        private final int domain;
        private final int id;
        private final LongColumn starts = new LongColumn();
        /** Runstate in the low three bits, pCPU above. */
        private final IntColumn codes = new IntColumn();

        private Vcpu(int domain, int id) {
            this.domain = domain;
            this.id = id;
        }

        private void change(long tsc, int from, int to, int pcpu) {
            int last = starts.size() - 1;
            if (last < 0) {
                starts.add(startTsc);
                codes.add(from | pcpu << 3);
            } else if (state(last) != from) {
                codes.set(last, UNKNOWN | pcpu(last) << 3);
            }
            starts.add(Math.max(tsc, starts.get(starts.size() - 1)));
            codes.add(to | pcpu << 3);
        }

        /** Its domain. */
        public int domain() {
            return domain;
        }

        /** Its number in the domain. */
        public int id() {
            return id;
        }

        /** How many intervals it has; at least two. */
        public int size() {
            return starts.size();
        }

        /** When interval {@code i} began. */
        public long start(int i) {
            return starts.get(i);
        }

        /** When interval {@code i} ended: never before it began. */
        public long end(int i) {
            return i + 1 < starts.size() ? starts.get(i + 1) : Math.max(endTsc, starts.get(i));
        }

        /** Its runstate in interval {@code i}: one of those of {@link TraceEvent}, or {@link #UNKNOWN}. */
        public int state(int i) {
            return codes.get(i) & 7;
        }

        /** The pCPU that interval {@code i} began on: the one it ran on, if it was running. */
        public int pcpu(int i) {
            return codes.get(i) >>> 3;
        }
    }
}
