package org.xenolith.experiment.report;

import java.util.Arrays;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceEvent.Credit;
import org.xenolith.trace.TraceEvent.Credit2;
import org.xenolith.trace.TraceEvent.Rtds;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/**
 * Why a real Xen decided as it did, as far as a recorded trace says: credit2 records the credit that it burnt, whom it
 * looked at and whom it took with which credit; rtds the budget that is left and the first in the queue with its deadline; credit only that it decided; every scheduler records the slice. A decision
 * begins with the scheduler's own {@code schedule} record and ends with {@code switch_infnext} or {@code switch_infcont},
 * on the same pCPU.
 */
public final class RecordedDecisions implements TraceSink {
    private final DecisionLog log;
    private Pending[] pending = new Pending[8];

    /** Puts the decisions into {@code log}. */
    public RecordedDecisions(DecisionLog log) {
        this.log = log;
    }

    /** What one pCPU has recorded of the decision that it is about to take: records of several pCPUs may interleave. */
    private static final class Pending {
        boolean open;
        long tsc;
        int current = DecisionLog.IDLE;
        boolean burnt;
        String metric;
        long left;
        int candidate;
        boolean candidateKnown;
        String candidateMetric;
        long candidateValue;
        boolean ratelimited;
        int ranNanos;
        final IntColumn checked = new IntColumn();
    }

    @Override
    public void accept(TraceRecord r) {
        if ((r.event & ~0xfff) != Sched.PER_SCHEDULER_CLASS && (r.event & ~0xfff) != Sched.VERBOSE_CLASS) {
            return;
        }
        Pending p = pending(r.cpu);
        int[] w = r.word;
        switch (r.event) {
            case Credit.SCHEDULE, Credit2.SCHEDULE, Rtds.SCHEDULE -> begin(p, r.tsc);
            case Credit2.BURN -> burnt(p, w[0], "credit", w[1]);
            case Rtds.BURN -> burnt(p, w[0], "budget (ns)", r.longWord(1));
            case Rtds.RUNQ_PICK -> candidate(p, w[0], "deadline (ns)", r.longWord(1));
            case Credit2.CANDIDATE_CHECK -> p.checked.add(w[0]);
            case Credit2.CANDIDATE -> candidate(p, w[0], "credit", w[2]);
            case Credit.RATELIMIT, Credit2.RATELIMIT -> ratelimited(p, w[1]);
            case Sched.SWITCH_INFNEXT -> decided(r.cpu, p, packed(w[0], w[1]), w[3]);
            case Sched.SWITCH_INFCONT -> decided(r.cpu, p, packed(w[0], w[1]), w[3]);
            default -> {}
        }
    }

    private Pending pending(int pcpu) {
        if (pcpu >= pending.length) {
            pending = Arrays.copyOf(pending, Math.max(pcpu + 1, pending.length * 2));
        }
        if (pending[pcpu] == null) {
            pending[pcpu] = new Pending();
        }
        return pending[pcpu];
    }

    private static int packed(int domain, int vcpu) {
        return domain == TraceEvent.IDLE_DOMAIN ? DecisionLog.IDLE : TraceEvent.packVcpu(domain, vcpu);
    }

    private static void begin(Pending p, long tsc) {
        p.open = true;
        p.tsc = tsc;
        p.burnt = false;
        p.candidateKnown = false;
        p.ratelimited = false;
        p.checked.truncate(0);
    }

    private static void burnt(Pending p, int unit, String metric, long left) {
        if (unit == p.current) {
            p.burnt = true;
            p.metric = metric;
            p.left = left;
        }
    }

    private static void candidate(Pending p, int unit, String metric, long value) {
        p.candidateKnown = true;
        p.candidate = unit;
        p.candidateMetric = metric;
        p.candidateValue = value;
    }

    private static void ratelimited(Pending p, int ranNanos) {
        p.ratelimited = true;
        p.ranNanos = ranNanos;
    }

    private void decided(int pcpu, Pending p, int next, int sliceNanos) {
        if (p.open) {
            log.begin(pcpu, p.tsc, p.current);
            if (p.burnt) {
                log.consider(p.current, p.metric, p.left, next == p.current ? "goes on" : "was running");
            }
            explainChecked(p, next);
            if (p.ratelimited) {
                log.because("ratelimit: it has run for only (ns)", p.ranNanos);
            }
            log.end(next, sliceNanos);
        }
        p.open = false;
        p.current = next;
    }

    private void explainChecked(Pending p, int next) {
        for (int i = 0; i < p.checked.size(); i++) {
            int unit = p.checked.get(i);
            if (!p.candidateKnown || unit != p.candidate) {
                log.consider(unit, "", 0, "looked at, not taken");
            }
        }
        if (p.candidateKnown && p.candidate != p.current) {
            String verdict = p.candidate == next ? "taken" : "best of the runqueue";
            log.consider(p.candidate, p.candidateMetric, p.candidateValue, verdict);
        }
    }
}
