package org.xenolith.scheduler;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Policy;
import org.xenolith.hypervisor.SchedUnit;
import org.xenolith.hypervisor.Scheduler;
import org.xenolith.hypervisor.SchedulerStepper;
import org.xenolith.hypervisor.XenTimer;
import org.xenolith.machine.Topology;

/** A machine for a policy to be measured on: sockets of 16 pCPUs, domains of 4 vCPUs, all of them runnable, and no guests. */
final class BusyMachine {
    private static final int VCPUS_PER_DOMAIN = 4;
    private static final int PCPUS_PER_SOCKET = 16;

    /** A slice, ns. */
    static final long SLICE = 1_000_000;

    final SchedulerStepper stepper;
    final List<SchedUnit> units = new ArrayList<>();
    final int pcpus;
    private int pcpu;
    private long now;

    /** The policy called {@code scheduler}, and as many pCPUs and vCPUs as {@code sizes} says: 8/64, say. */
    BusyMachine(String scheduler, String sizes) {
        String[] size = sizes.split("/", -1);
        pcpus = Integer.parseInt(size[0]);
        int sockets = Math.max(1, pcpus / PCPUS_PER_SOCKET);
        stepper = new SchedulerStepper(new Topology(sockets, pcpus / sockets, 1, sockets), named(scheduler), null);
        for (int id = 1; id <= Integer.parseInt(size[1]) / VCPUS_PER_DOMAIN; id++) {
            // Reservations that together fit: 16 vCPUs on each pCPU, a twentieth of it for each.
            Map<String, Long> reservation = Map.of("period_us", 20_000L, "budget_us", 1000L, "slice_us", 1000L);
            Domain d = stepper.create(id, "d" + id, VCPUS_PER_DOMAIN, id % 2 == 0 ? 256 : 512, 0, reservation);
            units.addAll(d.units());
        }
        for (SchedUnit u : units) {
            at(u.pcpu());
            stepper.unpause(u);
        }
        for (int decisions = 4 * pcpus; decisions > 0; decisions--) {
            decide(nextPcpu(), SLICE / pcpus);
        }
    }

    private static Scheduler named(String name) {
        return ServiceLoader.load(Scheduler.class).stream()
                .filter(p -> p.type().getAnnotation(Policy.class).name().equals(name))
                .findFirst()
                .orElseThrow()
                .get();
    }

    /** The pCPU after that of the last call. */
    int nextPcpu() {
        pcpu = (pcpu + 1) % pcpus;
        return pcpu;
    }

    /** The pCPU of the last call of {@link #nextPcpu}. */
    int pcpu() {
        return pcpu;
    }

    /** What is told next happens on {@code p}, a nanosecond later. */
    void at(int p) {
        stepper.at(p, ++now);
    }

    /** {@code p} decides whom to run, {@code later} ns after what was before, and switches. */
    SchedUnit decide(int p, long later) {
        now += later;
        stepper.at(p, now);
        SchedUnit next = stepper.decide(p);
        if (stepper.left() != null) {
            stepper.contextSaved(p, stepper.left());
        }
        return next;
    }

    /** {@code timer} expires when it is due. */
    void expire(XenTimer timer) {
        now = Math.max(now + 1, stepper.dueAt(timer));
        stepper.expire(timer, now);
    }
}
