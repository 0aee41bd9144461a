package org.xenolith.tests;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.xenolith.experiment.CellSummary;
import org.xenolith.experiment.RunMetrics;
import org.xenolith.experiment.RunMetrics.DomainLabel;
import org.xenolith.experiment.report.DecisionLog;
import org.xenolith.experiment.report.HtmlReport;
import org.xenolith.experiment.report.RecordedDecisions;
import org.xenolith.experiment.report.ReportCell;
import org.xenolith.experiment.report.ReportModel;
import org.xenolith.experiment.report.Timeline;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/** Reports to look at, and to test with: of real traces, and of made-up ones of any size. */
final class SampleReports {
    private static final long GIGAHERTZ = 1_000_000_000L;

    private static List<DomainLabel> s4(String nameOfB) {
        return List.of(
                new DomainLabel(0, "Domain-0", 256, 0, null),
                new DomainLabel(1, "a", 256, 0, null),
                new DomainLabel(2, nameOfB, 512, 0, null),
                new DomainLabel(3, "c", 256, 15, null),
                new DomainLabel(4, "d", 256, 0, null));
    }

    private SampleReports() {}

    /** Writes a report of {@code slices} made-up slices, or of the real traces if 0, to a file. */
    public static void main(String[] args) throws IOException {
        long slices = Long.parseLong(args[1]);
        HtmlReport.write(slices == 0 ? real(Path.of(args[2])) : synthetic(slices), Path.of(args[0]));
    }

    /** The scenario {@code s4-all} as real Xen served it under credit2 and under credit. */
    static ReportModel real(Path traces) {
        return real(traces, "b");
    }

    /** The same, with a name of one's own for domain 2. */
    static ReportModel real(Path traces, String nameOfB) {
        return new ReportModel(
                "s4-all: credit2, credit",
                "Recorded on Xen 4.17 · four guests and dom0 on one pCPU · 5 s window",
                List.of(
                        "b’s wake-to-run latency does not exist: it never blocks. Its median run is 20 times as long under credit.",
                        "d, which sleeps 10 ms of every 15, waits 1.2 ms for its pCPU under credit2 and 23 µs under credit."),
                List.of("Recorded traces do not tell hypervisor time from guest time."),
                List.of(recorded(traces, "credit2", s4(nameOfB)), recorded(traces, "credit", s4(nameOfB))));
    }

    private static ReportCell recorded(Path traces, String scheduler, List<DomainLabel> labels) {
        Path file = traces.resolve("xen-4.17").resolve(scheduler).resolve("s4-all.trc.xz");
        TraceRecord record = new TraceRecord();
        long first = Long.MAX_VALUE;
        long last = 0;
        try (MergedReader reader = MergedReader.open(file)) {
            while (reader.next(record)) {
                first = Math.min(first, record.tsc);
                last = Math.max(last, record.tsc);
            }
        }
        long from = first + GIGAHERTZ;
        long to = from + 5 * GIGAHERTZ;
        Timeline timeline = new Timeline();
        DecisionLog log = new DecisionLog(100_000);
        RecordedDecisions decisions = new RecordedDecisions(log);
        RunMetrics metrics = new RunMetrics(new TscClock(GIGAHERTZ), from, to);
        try (MergedReader reader = MergedReader.open(file)) {
            while (reader.next(record)) {
                timeline.accept(record);
                decisions.accept(record);
                metrics.accept(record);
            }
        }
        timeline.finish(last);
        return new ReportCell(
                summary(scheduler, CellSummary.Status.RECORDED, to - from, metrics, labels, 1),
                null,
                GIGAHERTZ,
                from,
                to,
                timeline,
                log);
    }

    private static CellSummary summary(
            String name,
            CellSummary.Status status,
            long nanos,
            RunMetrics metrics,
            List<DomainLabel> labels,
            int pcpus) {
        metrics.finish();
        var domains = metrics.domains(labels);
        return new CellSummary(
                name,
                name,
                Map.of(),
                1,
                status,
                null,
                0,
                nanos,
                domains,
                metrics.pcpus(pcpus),
                metrics.jainFairness(domains));
    }

    /** Two cells that share {@code slices} made-up slices, on 8 pCPUs. */
    static ReportModel synthetic(long slices) {
        return new ReportModel(
                "A million slices",
                "made up",
                List.of(),
                List.of(),
                List.of(synthetic("credit2", slices / 2, 1), synthetic("credit", slices / 2, 2)));
    }

    private static ReportCell synthetic(String name, long slices, long seed) {
        int pcpus = 8;
        int vcpusPerPcpu = 4;
        SplittableRandom random = new SplittableRandom(seed);
        Timeline timeline = new Timeline();
        long[] now = new long[pcpus];
        int[] running = new int[pcpus];
        TraceRecord r = new TraceRecord();
        r.words = 1;
        long end = 0;
        RunMetrics metrics = new RunMetrics(new TscClock(GIGAHERTZ), 0, 10 * GIGAHERTZ);
        while (timeline.intervals() < slices) {
            int p = 0;
            for (int q = 1; q < pcpus; q++) {
                p = now[q] < now[p] ? q : p;
            }
            int next = (running[p] + 1 + random.nextInt(vcpusPerPcpu - 1)) % vcpusPerPcpu;
            boolean blocks = random.nextInt(4) == 0;
            r.cpu = p;
            r.tsc = now[p];
            r.word[0] = unit(p, running[p]);
            r.event = TraceEvent.runstateChange(0, blocks ? 2 : 1);
            send(r, timeline, metrics);
            if (blocks) {
                r.tsc = now[p] + 1 + random.nextInt(50_000);
                r.event = TraceEvent.runstateChange(2, 1);
                send(r, timeline, metrics);
            }
            r.tsc = now[p] + 300;
            r.word[0] = unit(p, next);
            r.event = TraceEvent.runstateChange(1, 0);
            send(r, timeline, metrics);
            running[p] = next;
            now[p] += 51_000 + (long) (random.nextDouble() * random.nextDouble() * 1_500_000);
            end = Math.max(end, now[p]);
        }
        timeline.finish(end);
        return new ReportCell(
                summary(name, CellSummary.Status.OK, 10 * GIGAHERTZ, metrics, List.of(), pcpus),
                null,
                GIGAHERTZ,
                0,
                end,
                timeline,
                null);
    }

    private static void send(TraceRecord r, Timeline timeline, RunMetrics metrics) {
        timeline.accept(r);
        metrics.accept(r);
    }

    private static int unit(int pcpu, int slot) {
        return TraceEvent.packVcpu(1 + (pcpu * 4 + slot) % 16, (pcpu * 4 + slot) / 16);
    }
}
