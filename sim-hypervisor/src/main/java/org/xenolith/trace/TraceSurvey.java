package org.xenolith.trace;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.SchedulerDescription;

/**
 * Works out from the records of a trace what a description would say: pCPUs, domains and their vCPUs, the scheduler, and
 * the rate of the time stamps.
 *
 * <p>The rate is not in the file. But Xen says in nanoseconds how long a vCPU ran when it switches away from it, and the
 * stamps say the same in cycles. The slope of a straight line through the two (least squares, so that the constant time
 * between the two readings drops out) is the rate; it is rounded to whole MHz.
 */
final class TraceSurvey {
    private static final long DEFAULT_HZ = 1_000_000_000;
    private static final int FEWEST_PAIRS = 20;

    private int pcpus;
    /** vCPUs of each domain: the highest number seen, plus one. */
    private final TreeMap<Integer, Integer> vcpus = new TreeMap<>();

    private final TreeSet<String> schedulers = new TreeSet<>();

    /** Where each pCPU switched to a vCPU last: stamp and packed vCPU. */
    private final Map<Integer, long[]> lastSwitch = new HashMap<>();

    private long pairs;
    private double meanNanos;
    private double meanCycles;
    private double varianceSum;
    private double covarianceSum;

    private TraceSurvey() {}

    /** Reads {@code trace} once. */
    static TraceDescription describe(Path trace) {
        TraceSurvey survey = new TraceSurvey();
        TraceRecord record = new TraceRecord();
        try (XentraceReader reader = XentraceReader.open(trace)) {
            while (reader.next(record)) {
                survey.take(record);
            }
        }
        return survey.describe(trace, TraceDescription.fileBeside(trace));
    }

    private void take(TraceRecord record) {
        pcpus = Math.max(pcpus, record.cpu + 1);
        switch (record.event) {
            case TraceEvent.Gen.LOST_RECORDS, TraceEvent.Sched.SWITCH_INFCONT -> lastSwitch.remove(record.cpu);
            case TraceEvent.Sched.SWITCH_INFNEXT ->
                lastSwitch.put(
                        record.cpu, new long[] {record.tsc, TraceEvent.packVcpu(record.word[0], record.word[1])});
            case TraceEvent.Sched.SWITCH_INFPREV -> pair(record);
            default -> {
                if (TraceEvent.isRunstateChange(record.event) && record.words > 0) {
                    int domain = TraceEvent.domainOf(record.word[0]);
                    if (domain != TraceEvent.IDLE_DOMAIN) {
                        vcpus.merge(domain, TraceEvent.vcpuOf(record.word[0]) + 1, Math::max);
                    }
                } else if ((record.event & 0xfffff000) == TraceEvent.Sched.PER_SCHEDULER_CLASS) {
                    schedulers.add(schedulerName((record.event >>> 9) & 7));
                }
            }
        }
    }

    private static String schedulerName(int id) {
        return switch (id) {
            case 0 -> "credit";
            case 1 -> "credit2";
            case 3 -> "arinc653";
            case 4 -> "rtds";
            case 5 -> "null";
            default -> "scheduler " + id;
        };
    }

    private void pair(TraceRecord record) {
        long[] start = lastSwitch.remove(record.cpu);
        if (start == null || start[1] != TraceEvent.packVcpu(record.word[0], record.word[1]) || !record.hasTsc) {
            return;
        }
        double nanos = Integer.toUnsignedLong(record.word[2]);
        double cycles = record.tsc - start[0];
        pairs++;
        double fromMean = nanos - meanNanos;
        meanNanos += fromMean / pairs;
        meanCycles += (cycles - meanCycles) / pairs;
        varianceSum += fromMean * (nanos - meanNanos);
        covarianceSum += fromMean * (cycles - meanCycles);
    }

    private TraceDescription describe(Path trace, Path missing) {
        List<String> assumptions = new ArrayList<>();
        assumptions.add("there is no description " + missing);
        long hz = estimate();
        if (hz == 0) {
            hz = DEFAULT_HZ;
            assumptions.add("the time stamps count at 1 GHz: the trace does not show their rate");
        } else {
            assumptions.add(String.format(
                    Locale.ROOT,
                    "the time stamps count at %d MHz, by %d run times that Xen gives in ns",
                    hz / 1_000_000,
                    pairs));
        }
        List<DomainDescription> domains = vcpus.entrySet().stream()
                .map(entry -> new DomainDescription(
                        entry.getKey(),
                        null,
                        entry.getValue(),
                        TraceDescription.DEFAULT_WEIGHT,
                        0,
                        null,
                        "",
                        null,
                        null))
                .toList();
        assumptions.add("every domain has weight " + TraceDescription.DEFAULT_WEIGHT + " and no cap");
        assumptions.add("the whole trace is steady");
        String scheduler = schedulers.size() == 1 ? schedulers.first() : "";
        return new TraceDescription(
                trace.getFileName().toString(),
                "",
                "",
                new SchedulerDescription(scheduler, Map.of()),
                "",
                hz,
                0,
                Math.max(1, pcpus),
                null,
                domains,
                assumptions);
    }

    /** The rate in Hz, rounded to MHz, or 0 where the trace has too little to say. */
    private long estimate() {
        if (pairs < FEWEST_PAIRS || varianceSum <= 0) {
            return 0;
        }
        long mega = Math.round(covarianceSum / varianceSum * 1000);
        return mega >= 1 && mega <= 9000 ? mega * 1_000_000 : 0;
    }
}
