package org.xenolith.experiment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.device.ConsoleBackend;
import org.xenolith.device.DomainServices;
import org.xenolith.device.XenStore;
import org.xenolith.guest.BootedGuest;
import org.xenolith.guest.Timing;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.machine.CostProfile;
import org.xenolith.toolstack.BootSpec;
import org.xenolith.toolstack.BootedDomain;
import org.xenolith.toolstack.DomainBuilder;

/**
 * A domain that boots: its vCPUs' cores, its console, and the back ends that serve it. Use: make the domain of {@link #guests}, then
 * {@link #build} it, then unpause it.
 */
public final class BootedLoad {
    /** Frames of a machine that are the hypervisor's own, its special pages for domains among them. */
    static final int HYPERVISOR_FRAMES = 4096;

    private static final int FRAMES_PER_MIB = 256;
    private static final int KIB_PER_MIB = 1024;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Hypervisor hypervisor;
    private final List<BootedGuest> guests = new ArrayList<>();
    private Domain domain;
    private ConsoleBackend console;
    private Map<String, Long> before = Map.of();

    /** Cores for {@code vcpus} vCPUs of a domain of {@code type}. */
    BootedLoad(Hypervisor hypervisor, Domain.Type type, int vcpus, Timing.Kind timing, CostProfile costs) {
        this.hypervisor = hypervisor;
        for (int i = 0; i < vcpus; i++) {
            guests.add(new BootedGuest(type, hypervisor.frames().memory(), timing, costs));
        }
    }

    /** Frames that a machine needs for a domain of {@code memoryMib}. */
    static int frames(int memoryMib) {
        return memoryMib * FRAMES_PER_MIB;
    }

    /** Builds the domain {@code made}, which was made of {@link #guests}; {@code output} hears what it prints, {@code store} is the machine's. */
    void build(Domain made, BootSpec spec, XenStore store, ConsoleBackend.Output output) {
        domain = made;
        BootedDomain booted = DomainBuilder.build(hypervisor, domain, spec);
        DomainServices.Rings rings = new DomainServices.Rings(
                booted.storeFrame(), booted.storePort(), booted.consoleFrame(), booted.consolePort());
        console = new DomainServices(hypervisor, store, domain, rings, spec.memoryMebibytes() * KIB_PER_MIB).console();
        console.setOutput(output);
    }

    /** Types {@code bytes} at the console. */
    void type(byte[] bytes) {
        console.type(bytes);
    }

    /** One core for each vCPU. */
    List<BootedGuest> guests() {
        return Collections.unmodifiableList(guests);
    }

    /** Instructions executed by all vCPUs. */
    long instructions() {
        return guests.stream().mapToLong(BootedGuest::instructions).sum();
    }

    /** What a summary tells of it: what it executed, and how long its vCPUs were runnable and did not run, which Linux counts as steal time. */
    Map<String, Long> counters() {
        Map<String, Long> counters = sums();
        counters.replaceAll((name, sum) -> sum - before.getOrDefault(name, 0L));
        return counters;
    }

    /** The window that is measured begins: what was counted so far counts no more. */
    void beginWindow() {
        before = sums();
    }

    private Map<String, Long> sums() {
        long waited = domain.vcpus().stream()
                .mapToLong(vcpu -> vcpu.cyclesIn(Runstate.RUNNABLE))
                .sum();
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("instructions", instructions());
        counters.put("runnableMillis", hypervisor.clock().toNanos(waited) / NANOS_PER_MILLI);
        return counters;
    }
}
