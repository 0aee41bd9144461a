package org.xenolith.trace;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Adds up how long each domain ran within a stretch of time, from the runstate changes of a trace. Records must come in
 * the order of time per pCPU.
 *
 * <p>A vCPU that was running when the trace began is known by the first change that it makes, and is counted from the first
 * record on. Time after lost records belongs to nobody until the next change to RUNNING.
 *
 * <p>A switch is two changes, of who leaves and of who comes, recorded some instructions apart. The hypervisor's own account
 * has one instant for both, so what lies between the two is counted for who comes.
 */
public final class RunningTime implements TraceSink {
    private static final int NOBODY = -1;
    private static final int NOT_YET_KNOWN = -2;

    private final long from;
    private final long to;
    private long origin = -1;
    private long latest;
    private int[] running = {};
    private long[] since = {};
    /** When the last vCPU left; {@link #NOBODY} if another came since, or that is not known. */
    private long[] left = {};

    private final Map<Integer, Long> cycles = new TreeMap<>();

    /** Counts the whole trace. */
    public RunningTime() {
        this(0, Long.MAX_VALUE);
    }

    /** Counts what lies between two instants, in TSC cycles from the trace's first record. */
    public RunningTime(long fromCycles, long toCycles) {
        this.from = fromCycles;
        this.to = toCycles;
    }

    @Override
    public void accept(TraceRecord record) {
        if (!record.hasTsc) {
            return;
        }
        if (origin < 0) {
            origin = record.tsc;
        }
        long now = Math.max(0, record.tsc - origin);
        latest = Math.max(latest, now);
        int cpu = record.cpu;
        if (cpu >= running.length) {
            int known = running.length;
            running = Arrays.copyOf(running, cpu + 1);
            since = Arrays.copyOf(since, cpu + 1);
            left = Arrays.copyOf(left, cpu + 1);
            Arrays.fill(running, known, running.length, NOT_YET_KNOWN);
            Arrays.fill(left, known, left.length, NOBODY);
        }
        if (record.event == TraceEvent.Gen.LOST_RECORDS) {
            // The words name the first record lost; what ran then is unknown.
            stop(cpu, record.words >= 4 ? Math.max(0, record.longWord(2) - origin) : now);
            left[cpu] = NOBODY;
        } else if (TraceEvent.isRunstateChange(record.event) && record.words > 0) {
            int vcpu = record.word[0];
            if (TraceEvent.oldRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
                if (running[cpu] == NOT_YET_KNOWN) {
                    running[cpu] = vcpu;
                }
                if (running[cpu] == vcpu) {
                    stop(cpu, now);
                    left[cpu] = now;
                }
            }
            if (TraceEvent.newRunstate(record.event) == TraceEvent.RUNSTATE_RUNNING) {
                stop(cpu, now);
                running[cpu] = vcpu;
                since[cpu] = left[cpu] == NOBODY ? now : left[cpu];
                left[cpu] = NOBODY;
            }
        }
    }

    private void stop(int cpu, long now) {
        if (running[cpu] >= 0) {
            long ran = Math.min(now, to) - Math.max(since[cpu], from);
            if (ran > 0) {
                cycles.merge(TraceEvent.domainOf(running[cpu]), ran, Long::sum);
            }
        }
        running[cpu] = NOBODY;
    }

    /** Stops what still runs at the last record; to be called once, after all records. */
    public void finish() {
        for (int cpu = 0; cpu < running.length; cpu++) {
            stop(cpu, latest);
        }
    }

    /** Cycles of RUNNING within the stretch, by domain number, the idle domain's among them; ascending. */
    public Map<Integer, Long> cyclesByDomain() {
        return java.util.Collections.unmodifiableMap(cycles);
    }

    /** Cycles of the stretch that the trace covers. */
    public long length() {
        return Math.max(0, Math.min(latest, to) - from);
    }

    /** Share of the stretch that a domain ran, in percent of one pCPU. */
    public double percent(int domain) {
        return length() == 0 ? 0 : 100.0 * cycles.getOrDefault(domain, 0L) / length();
    }
}
