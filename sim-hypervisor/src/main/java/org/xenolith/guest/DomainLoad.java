package org.xenolith.guest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;

/** What the vCPUs of one domain run, and the memory they share. */
public class DomainLoad {
    private final FlatMemory memory;
    private final List<TinyKernel> guests = new ArrayList<>();
    private Map<String, Long> before = Map.of();

    /**
     * A load of {@code vcpus} kernels with {@code lines} event lines each.
     *
     * @param workloadOf the load of each vCPU, by its number
     */
    DomainLoad(int vcpus, int lines, IntFunction<? extends Workload> workloadOf) {
        this(vcpus, lines, new FlatMemory(vcpus * TinyKernel.ARGUMENT_BYTES), workloadOf);
    }

    /** The same, with {@code memory} of which {@link TinyKernel} uses the first bytes. */
    DomainLoad(int vcpus, int lines, FlatMemory memory, IntFunction<? extends Workload> workloadOf) {
        this.memory = memory;
        for (int id = 0; id < vcpus; id++) {
            guests.add(new TinyKernel(workloadOf.apply(id), memory, lines));
        }
    }

    /** The domain's memory. */
    public final FlatMemory memory() {
        return memory;
    }

    /** One guest for each vCPU. */
    public final List<TinyKernel> guests() {
        return Collections.unmodifiableList(guests);
    }

    /**
     * Connects the event channels between the vCPUs of {@code own} and to other domains, before the domain is unpaused.
     *
     * @param own the domain made of this load
     * @param loads the loads of all domains, by domain id
     */
    void connect(Hypervisor hypervisor, Domain own, Map<Integer, DomainLoad> loads) {}

    /** The window that is measured begins: what the workload counted so far counts no more. */
    public void beginWindow() {
        before = sums();
    }

    /** What the workload counted since {@link #beginWindow}, or ever, by name; a name ends in its unit. */
    public Map<String, Long> counters() {
        Map<String, Long> counters = sums();
        counters.replaceAll((name, sum) -> sum - before.getOrDefault(name, 0L));
        return counters;
    }

    /** What of that are sums, since its start. */
    Map<String, Long> sums() {
        return new LinkedHashMap<>();
    }

    /** What a reader of a result must know of this load; empty if nothing. */
    public String note() {
        return "";
    }

    /** Binds a port that notifies each vCPU of {@code own}: its line {@code first}, and line {@code first + 1 + i} to send to vCPU i. */
    final void connectAllToAll(EventChannels events, Domain own, int first) {
        for (int to = 0; to < guests.size(); to++) {
            int port = port(own, events.bindIpi(own.vcpus().get(to)));
            for (TinyKernel from : guests) {
                from.connectSender(first + 1 + to, port);
            }
            guests.get(to).connect(first, port);
        }
    }

    /** The port that a call returned. */
    static int port(Domain domain, long result) {
        if (result <= 0) {
            throw new InputException(domain + " has no event channel left for its workload (error " + result + ")");
        }
        return (int) result;
    }
}
