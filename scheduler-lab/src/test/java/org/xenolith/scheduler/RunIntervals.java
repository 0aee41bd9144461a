package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/** The intervals in which each domain's vCPU 0 was RUNNING, from runstate records: of a real trace or a simulated one. */
final class RunIntervals implements TraceSink {
    /** Times in pairs, start and end, cycles. */
    private static final class Pairs {
        private long[] times = new long[1024];
        private int count;

        private void add(long time) {
            if (count == times.length) {
                times = Arrays.copyOf(times, 2 * count);
            }
            times[count++] = time;
        }
    }

    /** One of them; times in cycles. */
    record Run(int domain, long from, long to) {}

    private final Map<Integer, Pairs> byDomain = new TreeMap<>();

    @Override
    public void accept(TraceRecord r) {
        if (!TraceEvent.isRunstateChange(r.event) || TraceEvent.vcpuOf(r.word[0]) != 0) {
            return;
        }
        Pairs pairs = byDomain.computeIfAbsent(TraceEvent.domainOf(r.word[0]), d -> new Pairs());
        boolean running = pairs.count % 2 == 1;
        boolean starts = TraceEvent.newRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING;
        boolean ends = TraceEvent.oldRunstate(r.event) == TraceEvent.RUNSTATE_RUNNING;
        if (running ? ends : starts) {
            pairs.add(r.tsc);
        }
    }

    /** Those of all domains but the idle one that begin at {@code from} or later, and have ended, in order. */
    List<Run> since(long from) {
        List<Run> runs = new ArrayList<>();
        byDomain.forEach((domain, p) -> {
            for (int i = 0; i + 1 < p.count; i += 2) {
                if (p.times[i] >= from && domain != TraceEvent.IDLE_DOMAIN) {
                    runs.add(new Run(domain, p.times[i], p.times[i + 1]));
                }
            }
        });
        runs.sort(Comparator.comparingLong(Run::from));
        return runs;
    }

    /** Percent of the time from {@code from} to {@code to} in which {@code domain} ran. */
    double share(int domain, long from, long to) {
        Pairs p = byDomain.get(domain);
        long ran = 0;
        for (int i = 0; i + 1 < p.count; i += 2) {
            ran += Math.max(0, Math.min(p.times[i + 1], to) - Math.max(p.times[i], from));
        }
        if (p.count % 2 == 1) {
            ran += Math.max(0, to - Math.max(p.times[p.count - 1], from));
        }
        return 100.0 * ran / (to - from);
    }

    /** How long {@code domain} ran before {@code time}, cycles. */
    long ranBefore(int domain, long time) {
        Pairs p = byDomain.get(domain);
        long ran = 0;
        for (int i = 0; i < p.count && p.times[i] < time; i += 2) {
            ran += (i + 1 < p.count ? Math.min(p.times[i + 1], time) : time) - p.times[i];
        }
        return ran;
    }

    /** When {@code domain} had run for {@code ran} cycles. */
    long whenRan(int domain, long ran) {
        Pairs p = byDomain.get(domain);
        long left = ran;
        for (int i = 0; i + 1 < p.count; i += 2) {
            long length = p.times[i + 1] - p.times[i];
            if (left <= length) {
                return p.times[i] + left;
            }
            left -= length;
        }
        throw new IllegalArgumentException("domain " + domain + " never ran that long");
    }

    /** Lengths of the runs that lie within {@code from} and {@code to}, cycles, ascending. */
    long[] lengths(int domain, long from, long to) {
        Pairs p = byDomain.get(domain);
        long[] lengths = new long[p.count / 2];
        int n = 0;
        for (int i = 0; i + 1 < p.count; i += 2) {
            if (p.times[i] >= from && p.times[i + 1] <= to) {
                lengths[n++] = p.times[i + 1] - p.times[i];
            }
        }
        lengths = Arrays.copyOf(lengths, n);
        Arrays.sort(lengths);
        return lengths;
    }
}
