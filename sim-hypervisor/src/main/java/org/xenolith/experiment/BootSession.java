package org.xenolith.experiment;

import java.util.List;
import org.xenolith.device.ConsoleBackend;
import org.xenolith.device.XenStore;
import org.xenolith.engine.InputException;
import org.xenolith.guest.BootedGuest;
import org.xenolith.guest.Timing;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.DomainConfig;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MachineConfig;
import org.xenolith.hypervisor.PoolConfig;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.Topology;
import org.xenolith.toolstack.BootSpec;
import org.xenolith.trace.TraceSink;

/** One domain that boots a kernel on a machine of its own. */
public final class BootSession {
    private static final String POOL = "Pool-0";
    private static final int DOMAIN_ID = 1;

    private final Hypervisor hypervisor;
    private final Domain domain;
    private final BootedLoad load;

    /**
     * The machine around the domain.
     *
     * @param pcpus pCPUs, at least 1
     * @param scheduler who schedules them
     * @param costs what things cost
     * @param timing how instructions take time
     * @param quantumCycles how far one vCPU may run ahead of another
     * @param traceMask which trace records are made
     * @param seed seed of random streams
     */
    public record Setting(
            int pcpus,
            SchedulerChoice scheduler,
            CostProfile costs,
            Timing.Kind timing,
            long quantumCycles,
            int traceMask,
            long seed) {}

    /**
     * Builds the domain; it has not begun to run.
     *
     * @param name the domain's name
     * @param type how it is virtualised
     * @param vcpus its vCPUs
     * @param spec what it boots
     * @param sink where trace records go, or null
     * @param console hears what the guest prints
     * @throws InputException if the kernel, ramdisk or sizes will not do
     */
    public BootSession(
            String name,
            Domain.Type type,
            int vcpus,
            BootSpec spec,
            Setting setting,
            TraceSink sink,
            ConsoleBackend.Output console) {
        int frames = BootedLoad.frames(spec.memoryMebibytes()) + BootedLoad.HYPERVISOR_FRAMES;
        hypervisor = new Hypervisor(
                new MachineConfig(
                        Topology.flat(setting.pcpus()),
                        setting.costs(),
                        setting.quantumCycles(),
                        setting.traceMask(),
                        setting.seed(),
                        name,
                        frames),
                List.of(new PoolConfig(
                        POOL,
                        CpuSet.firstOf(setting.pcpus()),
                        setting.scheduler().create())),
                sink,
                null);
        load = new BootedLoad(hypervisor, type, vcpus, setting.timing(), setting.costs());
        domain = hypervisor.createDomain(new DomainConfig(
                DOMAIN_ID, name, type, null, POOL, Domain.DEFAULT_WEIGHT, 0, load.guests(), null, null));
        load.build(domain, spec, new XenStore(), console);
        hypervisor.unpause(domain);
    }

    /** Lets {@code nanos} ns of virtual time pass, or fewer if the domain ends. */
    public void run(long nanos) {
        hypervisor.run(hypervisor.time() + hypervisor.clock().toCycles(nanos));
    }

    /** Types {@code bytes} at the console. */
    public void type(byte[] bytes) {
        load.type(bytes);
    }

    /** Whether the domain has shut down. */
    public boolean ended() {
        return domain.shutdownReason() >= 0;
    }

    /** Whether every vCPU waits for an event. */
    public boolean idle() {
        return hypervisor.pcpus().stream().allMatch(p -> p.current() == null);
    }

    /** Virtual time, ns. */
    public long nanos() {
        return hypervisor.clock().toNanos(hypervisor.time());
    }

    /** Instructions executed by all vCPUs. */
    public long instructions() {
        return load.instructions();
    }

    /** The domain. */
    public Domain domain() {
        return domain;
    }

    /** Its vCPUs' cores. */
    public List<BootedGuest> guests() {
        return load.guests();
    }

    /** The machine. */
    public Hypervisor hypervisor() {
        return hypervisor;
    }
}
