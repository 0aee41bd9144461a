package org.xenolith.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What one cell of an experiment came to: one entry of {@code cells} in {@code summary.json}. Everything is measured
 * inside the window [{@code fromNanos}, {@code toNanos}) and comes from trace records alone, but for the split of a pCPU's
 * time into guest and hypervisor, which records cannot tell.
 *
 * @param name the cell's name, unique in its experiment, such as {@code credit2} or {@code recorded}
 * @param scheduler the scheduler's name
 * @param parameters every parameter of the scheduler with its value, by name
 * @param seed the seed of its random streams
 * @param status how it ended
 * @param error why it failed, in a line; null unless it did
 * @param fromNanos start of the window, ns since the cell's time 0
 * @param toNanos end of the window, ns since the cell's time 0
 * @param domains by domain id; empty if the cell failed
 * @param pcpus by number; empty if the cell failed
 * @param jainFairness Jain's index over the shares per weight of the domains that always wanted more than they got and that
 *     no cap held back, 1 is fair; null if there are not two of them
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record CellSummary(
        String name,
        String scheduler,
        Map<String, Object> parameters,
        long seed,
        Status status,
        String error,
        long fromNanos,
        long toNanos,
        List<DomainSummary> domains,
        List<PcpuSummary> pcpus,
        @JsonSerialize(using = FourPlaces.class) Double jainFairness) {

    /** How a cell ended; in JSON in lower case. */
    public enum Status {
        /** It ran to its end. */
        OK,
        /** It failed; {@link CellSummary#error} says why. */
        FAILED,
        /** It was not run, or not to its end, because the experiment was interrupted. */
        INTERRUPTED,
        /** It was not run: it is what a real host did. */
        RECORDED;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A domain: sums over its vCPUs, and the distributions over all of them together.
     *
     * @param name its name, or {@code d} and its id where the trace's description names none
     * @param id its id
     * @param weight its weight, 256 where none is known
     * @param cap its cap in percent of one pCPU, 0 for none
     * @param cpuPercent time RUNNING in percent of one pCPU
     * @param fluidPercent the same had it got, while it wanted to run, exactly what weights and caps promise: generalised
     *     processor sharing; null where that is not known
     * @param farthestFromFluidNanos the farthest that the time it had got was ever from that, either way, ns; null likewise
     * @param budgets how what is reserved for its vCPUs was kept; null if nothing is
     * @param contextSwitches how often one of its vCPUs was switched in
     * @param migrations how often one of its vCPUs was switched in on another pCPU than the one it ran on before
     * @param preemptions how often one of its vCPUs lost its pCPU while it wanted to go on (RUNNING to RUNNABLE)
     * @param wakeups how often one of its vCPUs woke (left BLOCKED)
     * @param backlogged whether none of its vCPUs that ran ever blocked: its demand was without bound
     * @param note what the reader of the table must know, such as that its demand is censored; null if nothing
     * @param counters what its workload counted in the window, by name with its unit; empty if nothing
     * @param wakeLatencyNanos from waking to running
     * @param runLengthNanos lengths of unbroken runs
     * @param vcpus the same by vCPU
     */
    public record DomainSummary(
            String name,
            int id,
            int weight,
            int cap,
            @JsonSerialize(using = FourPlaces.class) Double cpuPercent,
            @JsonSerialize(using = FourPlaces.class) Double fluidPercent,
            Long farthestFromFluidNanos,
            Budgets budgets,
            long contextSwitches,
            long migrations,
            long preemptions,
            long wakeups,
            boolean backlogged,
            String note,
            Map<String, Long> counters,
            Latency wakeLatencyNanos,
            RunLength runLengthNanos,
            List<VcpuSummary> vcpus) {}

    /**
     * How budgets were kept that are reserved for vCPUs, by period and budget. An optimum misses none, if that is possible at all.
     *
     * @param periods periods within the window throughout which the vCPU wanted to run
     * @param missed those in which it ran for less than 98 % of its budget
     * @param shortfallNanos the most that it ran less than its budget in one of them, ns; null if there are none
     */
    public record Budgets(long periods, long missed, Long shortfallNanos) {}

    /** A vCPU; as {@link DomainSummary}, where the words are explained. */
    public record VcpuSummary(
            int id,
            @JsonSerialize(using = FourPlaces.class) Double cpuPercent,
            long contextSwitches,
            long migrations,
            long preemptions,
            long wakeups,
            boolean backlogged,
            Latency wakeLatencyNanos,
            RunLength runLengthNanos) {}

    /**
     * Wake-to-run latencies that ended in the window, in ns: from BLOCKED to RUNNABLE until RUNNING, less the time paused or
     * parked between. Percentiles are right to three significant digits.
     *
     * @param count how many; where there are none the other figures are null
     */
    public record Latency(long count, Long p50, Long p90, Long p99, Long max) {}

    /**
     * Unbroken runs that ended in the window, in ns. If none ended, the one that went on through the window counts, as long
     * as it lasted in it.
     *
     * @param count how many; where there are none the other figures are null
     */
    public record RunLength(long count, Long p50, Long max) {}

    /**
     * Where a pCPU's time went. The three sum to 100. For a recorded trace what the hypervisor did is not known:
     * {@code hypervisorPercent} is null, and {@code guestPercent} holds both.
     */
    public record PcpuSummary(
            int id,
            @JsonSerialize(using = FourPlaces.class) Double guestPercent,
            @JsonSerialize(using = FourPlaces.class) Double hypervisorPercent,
            @JsonSerialize(using = FourPlaces.class) Double idlePercent) {}

    /** Writes a fraction with four places, exactly rounded: the same digits on every JDK. */
    static final class FourPlaces extends JsonSerializer<Double> {
        @Override
        public void serialize(Double value, JsonGenerator out, SerializerProvider provider) throws IOException {
            out.writeNumber(new BigDecimal(value).setScale(4, RoundingMode.HALF_EVEN));
        }
    }
}
