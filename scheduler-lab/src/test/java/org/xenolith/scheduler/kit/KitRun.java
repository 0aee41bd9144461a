package org.xenolith.scheduler.kit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.xenolith.guest.TinyKernel;
import org.xenolith.guest.Workload;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.Vcpu;
import org.xenolith.machine.CostProfile;
import org.xenolith.scheduler.kit.KitScenario.KitDomain;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * One run of a scheduler on a scenario, and what its trace records say of every vCPU at every moment. All times are
 * nanoseconds.
 */
final class KitRun {
    private static final int ALL_EVENTS = 0x0ffff000;
    private static final int RUNNING = TraceEvent.RUNSTATE_RUNNING;
    private static final int RUNNABLE = TraceEvent.RUNSTATE_RUNNABLE;

    /** What is known of one vCPU. */
    static final class Watched {
        final Vcpu vcpu;
        final KitDomain domain;
        final int domainIndex;
        private int state = TraceEvent.RUNSTATE_OFFLINE;
        private int pcpu = -1;
        private long since;

        /** When it ran, in pairs of start and end. */
        final List<long[]> runs = new ArrayList<>();

        /** The longest it ever waited for a pCPU, parked time aside where the record shows it. */
        long longestWait;

        Watched(Vcpu vcpu, KitDomain domain, int domainIndex) {
            this.vcpu = vcpu;
            this.domain = domain;
            this.domainIndex = domainIndex;
        }

        long ran(long from, long to) {
            return runs.stream()
                    .mapToLong(r -> Math.max(0, Math.min(r[1], to) - Math.max(r[0], from)))
                    .sum();
        }
    }

    final List<Watched> vcpus = new ArrayList<>();
    final Hypervisor xen;
    final long end;

    /** Hash over all trace records. */
    long traceHash = 17;

    /** The first thing seen that can never be right, or null. */
    String impossible;

    /** The longest that a pCPU idled while a vCPU waited that may run there. */
    long longestNeglect;

    private final Watched[] onPcpu;
    private final long[] neglectSince;
    private final long tscPerNano;

    KitRun(Scheduler scheduler, KitScenario scenario, long seconds) {
        CostProfile costs = CostProfile.load(scenario.costs());
        tscPerNano = costs.tscHertz() / 1_000_000_000L;
        int pcpus = scenario.topology().pcpus();
        onPcpu = new Watched[pcpus];
        neglectSince = new long[pcpus];
        Arrays.fill(neglectSince, -1);
        xen = new Hypervisor(
                new MachineConfig(scenario.topology(), costs, 1000, ALL_EVENTS, scenario.seed(), scenario.toString()),
                List.of(new PoolConfig("Pool-0", CpuSet.firstOf(pcpus), scheduler)),
                this::accept,
                null);
        int id = 1;
        for (KitDomain d : scenario.domains()) {
            Domain domain = create(d, id++);
            for (Vcpu v : domain.vcpus()) {
                vcpus.add(new Watched(v, d, id - 2));
            }
            xen.at(0, () -> xen.unpause(domain));
        }
        end = seconds * 1_000_000_000L;
        xen.run(end * tscPerNano);
        checkNeglect(end);
        for (Watched w : vcpus) {
            change(w, TraceEvent.RUNSTATE_OFFLINE, -1, end);
        }
    }

    private Domain create(KitDomain d, int id) {
        FlatMemory memory = new FlatMemory(TinyKernel.ARGUMENT_BYTES * d.vcpus());
        List<TinyKernel> kernels = new ArrayList<>();
        for (int i = 0; i < d.vcpus(); i++) {
            kernels.add(new TinyKernel(load(d, id * 100 + i), memory, 0));
        }
        return xen.createDomain(new DomainConfig(
                id, "d" + id, Domain.Type.PV, memory, "Pool-0", d.weight(), d.cap(), kernels, d.affinity(), null));
    }

    private static Workload load(KitDomain d, int salt) {
        return switch (d.load()) {
            case SPIN -> Workload.Task::computeForever;
            case PERIODIC -> new Turns(d, 0);
            case ON_OFF -> new Turns(d, salt);
        };
    }

    /** Works and sleeps in turn; with a salt, for times that vary from a tenth to nearly double. */
    private static final class Turns implements Workload {
        private final KitDomain domain;
        private long random;
        private boolean worked;

        Turns(KitDomain domain, int salt) {
            this.domain = domain;
            this.random = salt;
        }

        @Override
        public void next(Task task) {
            worked = !worked;
            if (worked) {
                task.compute(task.cycles(varied(domain.workMicros() * 1000L)));
            } else {
                task.sleepFor(varied(domain.sleepMicros() * 1000L));
            }
        }

        private long varied(long nanos) {
            if (random == 0) {
                return nanos;
            }
            random = random * 6364136223846793005L + 1442695040888963407L;
            return nanos / 10 + Math.floorMod(random >> 20, nanos * 9 / 5);
        }
    }

    private void accept(TraceRecord r) {
        traceHash = traceHash * 31 + r.event;
        traceHash = traceHash * 31 + r.tsc;
        traceHash = traceHash * 31 + r.cpu;
        for (int i = 0; i < r.words; i++) {
            traceHash = traceHash * 31 + r.word[i];
        }
        if (!TraceEvent.isRunstateChange(r.event)) {
            return;
        }
        long now = r.tsc / tscPerNano;
        for (Watched w : vcpus) {
            if (w.vcpu.traceWord() == r.word[0]) {
                change(w, TraceEvent.newRunstate(r.event), r.cpu, now);
            }
        }
        checkNeglect(now);
    }

    private void change(Watched w, int state, int pcpu, long now) {
        if (w.state == RUNNING) {
            w.runs.add(new long[] {w.since, now});
            onPcpu[w.pcpu] = null;
        } else if (w.state == RUNNABLE) {
            w.longestWait = Math.max(w.longestWait, now - w.since);
        }
        if (state == RUNNING) {
            CpuSet allowed = w.domain.affinity();
            if (allowed != null && !allowed.contains(pcpu)) {
                impossible = w.vcpu + " ran on pCPU " + pcpu + " at " + now + " ns, though allowed only on " + allowed;
            }
            if (w.state == RUNNING || onPcpu[pcpu] != null) {
                impossible = w.vcpu + " ran twice, or with another on pCPU " + pcpu + ", at " + now + " ns";
            }
            onPcpu[pcpu] = w;
            w.pcpu = pcpu;
        }
        w.state = state;
        w.since = now;
    }

    private void checkNeglect(long now) {
        for (int p = 0; p < onPcpu.length; p++) {
            boolean neglects = onPcpu[p] == null && someoneWaitsFor(p);
            if (neglects && neglectSince[p] < 0) {
                neglectSince[p] = now;
            }
            if (neglectSince[p] >= 0) {
                longestNeglect = Math.max(longestNeglect, now - neglectSince[p]);
            }
            if (!neglects) {
                neglectSince[p] = -1;
            }
        }
    }

    private boolean someoneWaitsFor(int pcpu) {
        for (Watched w : vcpus) {
            CpuSet allowed = w.domain.affinity();
            if (w.state == RUNNABLE && (allowed == null || allowed.contains(pcpu))) {
                return true;
            }
        }
        return false;
    }

    /** Running time of all vCPUs of the domain with this index. */
    long ran(int domainIndex, long from, long to) {
        return vcpus.stream()
                .filter(w -> w.domainIndex == domainIndex)
                .mapToLong(w -> w.ran(from, to))
                .sum();
    }
}
