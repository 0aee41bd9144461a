package org.xenolith.guest;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.xenolith.engine.InputException;
import org.xenolith.guest.ReplayWorkload.Mailbox;
import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.SharedInfo;
import org.xenolith.hypervisor.Vcpu;

/**
 * The guests of a {@link Demand}. Use: when the demand is to begin, make a domain of each {@link #load}, then {@link #start}.
 */
public final class ReplayGuests {
    private final Demand demand;
    private final long beginNanos;
    private final Map<Integer, DomainLoad> loads = new LinkedHashMap<>();

    /** All by vCPU of the demand; a line is 0 where there is none. */
    private final ReplayWorkload[] workloads;

    private final int[][] lines;

    /**
     * Guests for {@code demand}, which begins at system time 0.
     *
     * @throws InputException if a domain has a vCPU of a number that the model does not know
     */
    public ReplayGuests(Demand demand) {
        this(demand, 0);
    }

    /**
     * Guests for {@code demand}, which begins at system time {@code beginNanos}.
     *
     * @throws InputException if a domain has a vCPU of a number that the model does not know
     */
    public ReplayGuests(Demand demand, long beginNanos) {
        this.demand = demand;
        this.beginNanos = beginNanos;
        List<VcpuDemand> vcpus = demand.vcpus();
        int n = vcpus.size();
        workloads = new ReplayWorkload[n];
        lines = new int[n][n];
        int[] lineCount = new int[n];
        Arrays.fill(lineCount, ReplayWorkload.FIRST_PEER_LINE - 1);
        Mailbox[][] mail = new Mailbox[n][n];
        for (int from = 0; from < n; from++) {
            VcpuDemand v = vcpus.get(from);
            for (int i = 0; i < v.size(); i++) {
                int to = v.peer(i);
                if (v.kind(i) == DemandStep.SEND && mail[from][to] == null) {
                    mail[from][to] = new Mailbox();
                    if (lines[from][to] == 0) {
                        lines[from][to] = ++lineCount[from];
                        lines[to][from] = ++lineCount[to];
                    }
                }
            }
        }
        for (int i = 0; i < n; i++) {
            Mailbox[] inbox = new Mailbox[n];
            for (int from = 0; from < n; from++) {
                inbox[from] = mail[from][i];
            }
            workloads[i] = new ReplayWorkload(vcpus.get(i), demand.lengthNanos(), beginNanos, lines[i], inbox, mail[i]);
        }
        int most = Arrays.stream(lineCount).max().orElse(0);
        demand.domains().forEach(domain -> loads.put(domain, makeLoad(domain, most)));
    }

    private DomainLoad makeLoad(int domain, int lineCount) {
        Workload[] byNumber = new Workload[SharedInfo.VCPUS];
        Arrays.fill(byNumber, (Workload) Workload.Task::waitForEver);
        int count = 0;
        for (int i = 0; i < workloads.length; i++) {
            VcpuDemand v = demand.vcpus().get(i);
            if (v.domain() == domain) {
                if (v.vcpu() >= SharedInfo.VCPUS) {
                    throw new InputException("the trace has " + v.name() + ", but a domain of the model has at most "
                            + SharedInfo.VCPUS + " vCPUs");
                }
                byNumber[v.vcpu()] = workloads[i];
                count = Math.max(count, v.vcpu() + 1);
            }
        }
        return new DomainLoad(count, lineCount, id -> byNumber[id]);
    }

    /** Ids of the domains, ascending. */
    public List<Integer> domains() {
        return demand.domains();
    }

    /** Memory and guests of {@code domain}. */
    public DomainLoad load(int domain) {
        return loads.get(domain);
    }

    /**
     * Connects the domains with each other and with the outside, and lets them run: from now on, which should be when the
     * demand begins, or as the operator paused and unpaused them in the recording.
     */
    public void start(Hypervisor hypervisor) {
        for (int i = 0; i < workloads.length; i++) {
            for (int j = i + 1; j < workloads.length; j++) {
                if (lines[i][j] != 0) {
                    connect(hypervisor, i, j);
                }
            }
            connectOutside(hypervisor, i);
        }
        for (int id : domains()) {
            unpauseAsRecorded(hypervisor, hypervisor.domainById(id), demand.pausesOf(id));
        }
    }

    private void unpauseAsRecorded(Hypervisor hypervisor, Domain domain, long[] pauses) {
        if (pauses.length == 0 || pauses[0] > 0) {
            hypervisor.unpause(domain);
        }
        for (int i = 0; i < pauses.length; i += 2) {
            if (pauses[i] > 0) {
                hypervisor.at(cycles(hypervisor, pauses[i]), () -> hypervisor.pause(domain));
            }
            hypervisor.at(cycles(hypervisor, pauses[i + 1]), () -> hypervisor.unpause(domain));
        }
    }

    private void connect(Hypervisor hypervisor, int i, int j) {
        EventChannels events = hypervisor.events();
        Vcpu one = vcpu(hypervisor, i);
        Vcpu other = vcpu(hypervisor, j);
        int ports = DomainLoad.port(one.domain(), events.allocUnbound(one.domain(), other.domainId()));
        int port = DomainLoad.port(other.domain(), events.bindInterdomain(other.domain(), one.domainId(), ports));
        events.bindVcpu(one.domain(), ports, one.id());
        events.bindVcpu(other.domain(), port, other.id());
        // Binding leaves an event pending; nobody sent one.
        other.sharedInfo().takePending(port >> 6, 1L << port);
        kernel(i).connect(lines[i][j], ports);
        kernel(j).connect(lines[j][i], port);
    }

    private void connectOutside(Hypervisor hypervisor, int i) {
        VcpuDemand v = demand.vcpus().get(i);
        long[] times = new long[v.count(DemandStep.AWAIT_OUTSIDE)];
        if (times.length == 0) {
            return;
        }
        int n = 0;
        for (int step = 0; step < v.size(); step++) {
            if (v.kind(step) == DemandStep.AWAIT_OUTSIDE) {
                times[n++] = cycles(hypervisor, v.value(step));
            }
        }
        Vcpu vcpu = vcpu(hypervisor, i);
        long port = hypervisor.events().bindVirq(vcpu, Abi.VIRQ_ARCH_0);
        kernel(i).connect(ReplayWorkload.OUTSIDE_LINE, DomainLoad.port(vcpu.domain(), port));
        hypervisor.raiseFromOutside(vcpu, Abi.VIRQ_ARCH_0, times);
    }

    /** The time, in cycles, at which the demand is {@code nanos} ns old. */
    private long cycles(Hypervisor hypervisor, long nanos) {
        return hypervisor.clock().toCycles(beginNanos + nanos);
    }

    private Vcpu vcpu(Hypervisor hypervisor, int i) {
        VcpuDemand v = demand.vcpus().get(i);
        return hypervisor.domainById(v.domain()).vcpus().get(v.vcpu());
    }

    private TinyKernel kernel(int i) {
        VcpuDemand v = demand.vcpus().get(i);
        return loads.get(v.domain()).guests().get(v.vcpu());
    }

    /**
     * What a reader of a result must know of {@code domain}'s demand: that it is unbounded, or that the replay came to its
     * end; empty if nothing.
     */
    public String note(int domain) {
        if (demand.backlogged(domain)) {
            return "never blocked in the recording, so its demand is taken as unbounded";
        }
        long first = Long.MAX_VALUE;
        boolean repeats = false;
        for (int i = 0; i < workloads.length; i++) {
            long ended = workloads[i].endedAfterNanos();
            if (demand.vcpus().get(i).domain() == domain
                    && demand.vcpus().get(i).size() > 0
                    && ended >= 0
                    && ended < first) {
                first = ended;
                repeats = workloads[i].repeats();
            }
        }
        if (first == Long.MAX_VALUE) {
            return "";
        }
        return String.format(Locale.ROOT, "its recorded demand was used up after %.3f s", first / 1e9)
                + (repeats ? " and began anew" : "");
    }
}
