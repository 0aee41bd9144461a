package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceSink;

/** How long each domain's vCPU 0 waited for a pCPU each time it woke, from runstate records: real or simulated. */
final class WakeLatencies implements TraceSink {
    private final Map<Integer, Long> wokeAt = new TreeMap<>();
    private final Map<Integer, List<long[]>> found = new TreeMap<>();

    @Override
    public void accept(TraceRecord r) {
        if (!TraceEvent.isRunstateChange(r.event) || TraceEvent.vcpuOf(r.word[0]) != 0) {
            return;
        }
        int domain = TraceEvent.domainOf(r.word[0]);
        int next = TraceEvent.newRunstate(r.event);
        if (TraceEvent.oldRunstate(r.event) == TraceEvent.RUNSTATE_BLOCKED && next == TraceEvent.RUNSTATE_RUNNABLE) {
            wokeAt.put(domain, r.tsc);
        } else {
            Long woke = wokeAt.remove(domain);
            if (woke != null && next == TraceEvent.RUNSTATE_RUNNING) {
                found.computeIfAbsent(domain, d -> new ArrayList<>()).add(new long[] {woke, r.tsc - woke});
            }
        }
    }

    /** Latencies of the wakes of {@code domain} from {@code from} to {@code to}, cycles, ascending. */
    long[] latencies(int domain, long from, long to) {
        return found.getOrDefault(domain, List.of()).stream()
                .filter(w -> w[0] >= from && w[0] <= to)
                .mapToLong(w -> w[1])
                .sorted()
                .toArray();
    }
}
