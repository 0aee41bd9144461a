package org.xenolith.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * What the vCPUs of a recorded host wanted in a window of time: demand, not schedule. Immutable, in ns, hence usable on
 * any machine and under any scheduler. {@link DemandExtractor} says how it is found, {@link ReplayGuests} runs it.
 */
public final class Demand {
    private final long lengthNanos;
    private final List<VcpuDemand> vcpus;
    private final Map<Integer, long[]> pauses;
    private final long lostRecords;

    Demand(long lengthNanos, List<VcpuDemand> vcpus, Map<Integer, long[]> pauses, long lostRecords) {
        this.lengthNanos = lengthNanos;
        this.vcpus = List.copyOf(vcpus);
        this.pauses = Map.copyOf(pauses);
        this.lostRecords = lostRecords;
    }

    /** Length of the window, ns. */
    public long lengthNanos() {
        return lengthNanos;
    }

    /** The vCPUs, by domain and number. A step's peer is an index in this list. */
    public List<VcpuDemand> vcpus() {
        return vcpus;
    }

    /** Ids of the domains, ascending. */
    public List<Integer> domains() {
        TreeSet<Integer> ids = new TreeSet<>();
        vcpus.forEach(v -> ids.add(v.domain()));
        return List.copyOf(ids);
    }

    /** The vCPUs of {@code domain}. */
    public List<VcpuDemand> vcpusOf(int domain) {
        return vcpus.stream().filter(v -> v.domain() == domain).toList();
    }

    /** When the operator kept {@code domain} paused: begin and end in turn, ns since the window's begin. */
    public long[] pausesOf(int domain) {
        return pauses.getOrDefault(domain, new long[0]).clone();
    }

    /** Whether no vCPU of {@code domain} ever blocked, though it ran: what it would have used is unknown. */
    public boolean backlogged(int domain) {
        return vcpusOf(domain).stream().anyMatch(VcpuDemand::backlogged);
    }

    /** Records that Xen lost in the window: what they said is missing. */
    public long lostRecords() {
        return lostRecords;
    }

    /** What was found and on what grounds, a line each vCPU. */
    public List<String> describe() {
        List<String> lines = new ArrayList<>();
        vcpus.forEach(v -> lines.add(v.describe()));
        for (int domain : domains()) {
            int n = pausesOf(domain).length / 2;
            if (n > 0) {
                lines.add("d" + domain + ": paused " + n + (n == 1 ? " time" : " times")
                        + " by the toolstack, as replayed");
            }
        }
        if (lostRecords > 0) {
            lines.add(lostRecords + " records were lost in the recording; the demand lacks what they said");
        }
        return lines;
    }
}
