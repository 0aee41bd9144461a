package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.CellSummary.Status;

/**
 * Says in a line for each cell what differs most from what was recorded, or else from the first cell of its seed: the domain whose share, wake-to-run latency and run length
 * moved farthest. A difference too small to matter is left out: half a percentage point of CPU, a fifth of a length of time,
 * or one seen in fewer than ten samples.
 */
public final class Differences {
    private static final double LEAST_POINTS = 0.5;
    private static final double LEAST_RATIO = 1.2;
    private static final long LEAST_SAMPLES = 10;

    /** Latencies that nobody notices: the cost of a wake itself. */
    private static final long LEAST_NANOS = 1_000;

    private Differences() {}

    /** A line for each cell that has figures and something to be compared with. */
    public static List<String> of(List<CellSummary> cells) {
        List<CellSummary> measured = cells.stream()
                .filter(c -> c.status() == Status.OK || c.status() == Status.RECORDED)
                .toList();
        List<String> lines = new ArrayList<>();
        for (CellSummary cell : measured) {
            measured.stream()
                    .filter(c -> c.status() == Status.RECORDED || c.seed() == cell.seed())
                    .findFirst()
                    .filter(base -> !base.name().equals(cell.name()))
                    .ifPresent(base -> lines.add(compare(base, cell)));
        }
        return lines;
    }

    private static String compare(CellSummary base, CellSummary cell) {
        Map<Integer, DomainSummary> before =
                base.domains().stream().collect(Collectors.toMap(DomainSummary::id, Function.identity()));
        List<DomainSummary> both =
                cell.domains().stream().filter(d -> before.containsKey(d.id())).toList();
        List<String> found = new ArrayList<>();

        both.stream()
                .max(Comparator.comparingDouble(d -> points(before.get(d.id()), d)))
                .filter(d -> points(before.get(d.id()), d) >= LEAST_POINTS)
                .ifPresent(d -> found.add(String.format(
                        Locale.ROOT,
                        "%s gets %.1f %% CPU, not %.1f %%",
                        d.name(),
                        d.cpuPercent(),
                        before.get(d.id()).cpuPercent())));
        farthest(both, before, d -> d.wakeLatencyNanos().count(), d -> d.wakeLatencyNanos()
                        .p99())
                .ifPresent(d -> found.add(d.name() + "'s p99 wake-to-run latency is "
                        + times(
                                before.get(d.id()).wakeLatencyNanos().p99(),
                                d.wakeLatencyNanos().p99())));
        farthest(both, before, d -> d.runLengthNanos().count(), d -> d.runLengthNanos()
                        .p50())
                .ifPresent(d -> found.add(d.name() + "'s median run is "
                        + times(
                                before.get(d.id()).runLengthNanos().p50(),
                                d.runLengthNanos().p50())));
        return cell.name() + " against " + base.name() + ": "
                + (found.isEmpty() ? "no difference that matters" : String.join("; ", found));
    }

    private static double points(DomainSummary a, DomainSummary b) {
        return Math.abs(a.cpuPercent() - b.cpuPercent());
    }

    private static Optional<DomainSummary> farthest(
            List<DomainSummary> domains,
            Map<Integer, DomainSummary> before,
            Function<DomainSummary, Long> count,
            Function<DomainSummary, Long> length) {
        return domains.stream()
                .filter(d -> count.apply(d) >= LEAST_SAMPLES && count.apply(before.get(d.id())) >= LEAST_SAMPLES)
                .filter(d -> ratio(length.apply(d), length.apply(before.get(d.id()))) >= LEAST_RATIO)
                .max(Comparator.comparingDouble(d -> ratio(length.apply(d), length.apply(before.get(d.id())))));
    }

    /** How many times the longer is the shorter, at least 1. */
    private static double ratio(long a, long b) {
        double x = Math.max(a, LEAST_NANOS);
        double y = Math.max(b, LEAST_NANOS);
        return Math.max(x / y, y / x);
    }

    private static String times(long before, long after) {
        return String.format(
                Locale.ROOT,
                "%s, not %s (%.1f times %s)",
                Durations.format(after),
                Durations.format(before),
                ratio(before, after),
                after > before ? "longer" : "shorter");
    }
}
