package org.xenolith.scheduler;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.xenolith.experiment.decisions.DecisionReplay;
import org.xenolith.experiment.decisions.DecisionTable;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.SchedulerDescription;

/**
 * Finds the credits that the vCPUs of a recording under credit had at its first record, which no record tells: those under which
 * the most decisions come out as recorded. Made for the descriptions beside our traces; they are one whole number for each
 * vCPU, and the decisions are hundreds.
 *
 * <p>A random walk: change some of the credits by a little, now and then all of them by much, and keep what is no worse.
 */
final class CreditSearch {
    private static final int LOWEST = -100;
    private static final int HIGHEST = 300;

    private CreditSearch() {}

    /** Prints ever better credits for the recording {@code args[0]}, {@code args[1]} tries long. */
    public static void main(String[] args) {
        Path trace = Path.of(args[0]);
        TraceDescription description = TraceDescription.load(trace);
        Random random = new Random(1);
        List<DomainDescription> best = description.domains();
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < Integer.parseInt(args[1]) && least > 0; i++) {
            List<DomainDescription> changed = changed(best, random, i);
            DecisionTable table = DecisionReplay.of(trace, with(description, description.scheduler(), changed));
            int missed = table.decisions() - table.agreed();
            if (missed < least) {
                System.out.println(i + ": " + missed + " of " + table.decisions() + " missed with "
                        + changed.stream().map(DomainDescription::credit).toList());
            }
            if (missed <= least) {
                least = missed;
                best = changed;
            }
        }
    }

    private static List<DomainDescription> changed(List<DomainDescription> from, Random random, int step) {
        boolean afresh = step > 0 && random.nextInt(8) == 0;
        List<DomainDescription> changed = new ArrayList<>();
        for (DomainDescription d : from) {
            int credit = d.credit() == null ? 187 : d.credit();
            if (step > 0 && random.nextInt(3) > 0) {
                credit += (int) Math.round(random.nextGaussian() * (afresh ? 40 : 4));
            }
            changed.add(new DomainDescription(
                    d.id(),
                    d.name(),
                    d.vcpus(),
                    d.weight(),
                    d.cap(),
                    d.rtds(),
                    d.workload(),
                    d.measuredPercent(),
                    Math.min(Math.max(credit, LOWEST), HIGHEST)));
        }
        return changed;
    }

    /** {@code d} with another scheduler and other domains. */
    static TraceDescription with(TraceDescription d, SchedulerDescription scheduler, List<DomainDescription> domains) {
        return new TraceDescription(
                d.title(),
                d.provenance(),
                d.hypervisor(),
                scheduler,
                d.costs(),
                d.tscHz(),
                d.uptimeNanos(),
                d.pcpus(),
                d.steady(),
                domains,
                d.assumptions());
    }
}
