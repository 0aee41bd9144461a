package org.xenolith.scheduler;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * A recorded trace of real Xen with all on one pCPU, and what stands beside it: the hypervisor's own CPU times before and
 * after the steady window.
 */
final class Recording {
    final RunIntervals runs = new RunIntervals();

    /** Time stamp of the first record. */
    final long start;

    /** The steady window, cycles. */
    long windowFrom;

    long windowTo;

    /** The part of it, of the length that was asked for, in which dom0 ran least: between the two readings of CPU times. */
    long quietFrom;

    long quietTo;

    /** By domain: when it was unpaused, cycles. */
    final Map<Integer, Long> unpaused = new TreeMap<>();

    /** What dom0 did. */
    final List<long[]> dom0;

    /** What d did. */
    final List<long[]> d;

    /** By domain: percent of a pCPU in the steady window, as the hypervisor counted it. */
    final Map<Integer, Double> shares = new TreeMap<>();

    /**
     * Reads a recording.
     *
     * @param folder below {@code traces/xen-4.17}
     * @param run its name, without {@code .trc.xz}
     * @param quietCycles how long the recording was left alone between the two readings
     * @param periodic which domain is d; none of the recording's, if it has no such guest
     * @param costs what the recorded hypervisor's work costs
     */
    Recording(String folder, String run, long quietCycles, int periodic, CostProfile costs) {
        Path traces = folder().resolve(folder);
        long first = -1;
        Bursts ofDom0 = new Bursts(0, costs);
        Bursts ofD = new Bursts(periodic, costs);
        try (MergedReader reader = MergedReader.open(traces.resolve(run + ".trc.xz"))) {
            TraceRecord r = new TraceRecord();
            while (reader.next(r)) {
                first = first < 0 ? r.tsc : first;
                runs.accept(r);
                ofDom0.accept(r);
                ofD.accept(r);
                if (r.event == TraceEvent.runstateChange(TraceEvent.RUNSTATE_OFFLINE, TraceEvent.RUNSTATE_RUNNABLE)) {
                    unpaused.putIfAbsent(TraceEvent.domainOf(r.word[0]), r.tsc);
                }
            }
        }
        dom0 = ofDom0.list();
        d = ofD.list();
        start = first;
        readCpuTimes(traces.resolve("cputime.txt"), run);
        findQuiet(quietCycles);
    }

    /** The steady window has a length, but its place in the trace must be found: where the CPU times fit best. */
    private void readCpuTimes(Path file, String run) {
        Map<Integer, Long> before = new TreeMap<>();
        Map<Integer, Long> after = new TreeMap<>();
        long nanos = 0;
        Map<Integer, Long> into = null;
        for (String line : lines(file)) {
            if (line.startsWith("#" + run + "-before ") || line.startsWith("#" + run + "-after ")) {
                into = line.contains("-before ") ? before : after;
                nanos = Long.parseLong(line.substring(line.indexOf('=') + 1).trim()) - nanos;
            } else if (line.startsWith("#") && line.contains("mono_ns")) {
                into = null;
            } else if (into != null && !line.startsWith("#")) {
                String[] column = line.trim().split(" ", -1);
                into.put(Integer.parseInt(column[0]), Long.parseLong(column[3]));
            }
        }
        long length = nanos;
        before.forEach((domain, cpu) -> {
            if (after.get(domain) > cpu) {
                shares.put(domain, 100.0 * (after.get(domain) - cpu) / length);
            }
        });
        double best = Double.MAX_VALUE;
        for (long from = start; from < start + 2_000_000_000L; from += 10_000_000) {
            double off = 0;
            for (Map.Entry<Integer, Double> share : shares.entrySet()) {
                off += Math.abs(runs.share(share.getKey(), from, from + length) - share.getValue());
            }
            if (off < best) {
                best = off;
                windowFrom = from;
            }
        }
        windowTo = windowFrom + length;
    }

    private void findQuiet(long length) {
        double least = Double.MAX_VALUE;
        for (long from = windowFrom - 100_000_000; from <= windowTo - length + 100_000_000; from += 10_000_000) {
            double share = runs.share(0, from, from + length);
            if (share < least) {
                least = share;
                quietFrom = from;
            }
        }
        quietTo = quietFrom + length;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder of the recordings. */
    static Path folder() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("traces").resolve("xen-4.17"))) {
                return at.resolve("traces").resolve("xen-4.17");
            }
        }
        throw new AssertionError("no traces folder above " + Path.of("").toAbsolutePath());
    }
}
