package org.xenolith.experiment.decisions;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.experiment.decisions.RecordedState.Kind;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;

/**
 * Xen's system time in a recording, to the nanosecond where the records tell it. A record's time stamp is taken after the
 * clock was read, by some hundred nanoseconds; but each decision says how long the unit before it ran, so that the times of
 * decisions form a chain, and each charge says how long the unit ran since the last.
 */
final class RecordedClock {
    /** Farther apart, chain and time stamps do not belong together: records were lost. */
    private static final long TORN = 1_000_000;

    /** A charge this far from its record is another's. */
    private static final long FAR = 50_000;

    private final List<TraceRecord> records;
    private final RecordedState state;
    private final long[] offset;
    private final long[] runningSince;

    /** By unit: up to when it is charged. */
    private final Map<Integer, Long> charged = new HashMap<>();

    /** Whether the clocks of two pCPUs have been compared. */
    private boolean aligned;

    RecordedClock(List<TraceRecord> records, RecordedState state, TraceDescription description) {
        this.records = records;
        this.state = state;
        int pcpus = description.pcpus();
        long start = state.systemTime(records, description);
        offset = new long[pcpus];
        Arrays.fill(offset, start - records.get(0).tsc);
        runningSince = new long[pcpus];
        Arrays.fill(runningSince, start);
    }

    /** System time less time stamp, at last. */
    long offset(int pcpu) {
        return offset[pcpu];
    }

    /** When {@code record} was written, or a little before. */
    long at(TraceRecord record) {
        return record.tsc + offset[record.cpu];
    }

    /** When the work began of which record {@code i} is the first: exact if a charge in it tells. */
    long exact(int i) {
        long at = at(records.get(i));
        int pcpu = records.get(i).cpu;
        for (int j = i; j < records.size(); j++) {
            TraceRecord r = records.get(j);
            if (r.cpu != pcpu) {
                continue;
            }
            if (j > i && (r.event == state.scheduleEvent() || (r.event & ~0xfff) == Sched.VERBOSE_CLASS)) {
                break;
            }
            long ran = state.kind(r.event) == null ? -1 : state.chargedNanos(r);
            Long since = ran < 0 ? null : charged.get(state.unitWord(r));
            if (since != null && Math.abs(since + ran - at) < FAR) {
                return since + ran;
            }
        }
        if (state.grantsRestartCharging() && state.kind(records.get(i).event) == Kind.GRANT) {
            long restarted = nextCharge(i, pcpu);
            if (Math.abs(restarted - at) < FAR) {
                return restarted;
            }
        }
        return at;
    }

    /** From when on the unit that runs on {@code pcpu} is charged at the first decision after record {@code i}. */
    private long nextCharge(int i, int pcpu) {
        long charge = -1;
        for (int j = i; j < records.size(); j++) {
            TraceRecord r = records.get(j);
            if (r.cpu != pcpu) {
                continue;
            }
            if (r.event == Sched.SWITCH_INFPREV || r.event == Sched.SWITCH_INFCONT) {
                return charge < 0
                        ? Long.MAX_VALUE / 2
                        : runningSince[pcpu] + Integer.toUnsignedLong(r.word[2]) - charge;
            }
            charge = state.kind(r.event) == null || state.chargedNanos(r) < 0 ? charge : state.chargedNanos(r);
        }
        return Long.MAX_VALUE / 2;
    }

    /** When the decision was taken that begins with {@code r}, before which {@code ran} ns went by since the last switch. */
    long decision(TraceRecord r, long ran) {
        long at = runningSince[r.cpu] + ran;
        if (Math.abs(at - at(r)) > TORN) {
            at = at(r);
        }
        offset[r.cpu] = at - r.tsc;
        return at;
    }

    /** {@code pcpu} switched by the decision at {@code at}. */
    void switched(int pcpu, long at) {
        runningSince[pcpu] = at;
    }

    /** The unit {@code word} is charged from {@code at} on. */
    void chargedFrom(int word, long at) {
        charged.put(word, at);
    }

    /** The unit {@code word}, if it runs, starts to be charged anew at {@code at}. */
    void chargedAnew(int word, long at) {
        charged.replace(word, at);
    }

    /** The unit {@code word}, if it runs, was charged for {@code ran} ns. */
    void charged(int word, long ran) {
        charged.computeIfPresent(word, (w, since) -> since + ran);
    }

    /**
     * A decision on {@code pcpu} at {@code at} charged the unit {@code word}, which runs elsewhere, for {@code ran} ns: so the
     * two clocks can be compared, once.
     */
    void chargedElsewhere(int pcpu, int word, long ran, long at) {
        Long since = charged.get(word);
        if (!aligned && since != null && Math.abs(since + ran - at) < FAR) {
            aligned = true;
            runningSince[pcpu] += since + ran - at;
        }
    }
}
