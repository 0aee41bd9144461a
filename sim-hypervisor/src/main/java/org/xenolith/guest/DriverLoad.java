package org.xenolith.guest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.device.BlockRing;
import org.xenolith.device.Disk;
import org.xenolith.device.RingEnd;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.InterruptLine;
import org.xenolith.hypervisor.Vcpu;

/** The load of a {@link DriverDomain}: a {@link BackendLoop} on each vCPU, and the devices. */
final class DriverLoad extends DomainLoad {
    private static final int MOST_FRONTENDS = 1024;
    private static final int DISK_VIRQ = Abi.VIRQ_ARCH_0 + 1;

    /** Sectors of the disk that each frontend has: 2 TiB. */
    private static final long SECTORS = 1L << 32;

    private final WorkloadValues values;
    private final List<BackendLoop> loops;
    private final List<DiskCompletions> completions = new ArrayList<>();
    private Hypervisor hypervisor;
    private Domain own;
    private Disk<VirtualDisk.Request> disk;
    private int frontends;
    private int disks;

    private DriverLoad(List<BackendLoop> loops, FlatMemory memory, WorkloadValues values) {
        super(loops.size(), IoLoop.EVENT_LINE + MOST_FRONTENDS, memory, loops::get);
        this.loops = loops;
        this.values = values;
    }

    static DriverLoad create(int vcpus, WorkloadValues values) {
        FlatMemory memory = new FlatMemory((1 + vcpus * BackendLoop.FRAMES) * FlatMemory.FRAME);
        List<BackendLoop> loops = new ArrayList<>();
        for (int id = 0; id < vcpus; id++) {
            loops.add(new BackendLoop(memory, id));
        }
        return new DriverLoad(loops, memory, values);
    }

    /**
     * The driver domain that serves {@code frontend}, ready to.
     *
     * @param name its name; empty if there is but one
     */
    static DriverLoad find(
            Hypervisor hypervisor, Domain frontend, String workload, String name, Map<Integer, DomainLoad> loads) {
        DriverLoad found = null;
        for (Domain domain : hypervisor.domains()) {
            if (loads.get(domain.id()) instanceof DriverLoad load
                    && (name.isEmpty() || domain.name().equals(name))) {
                if (found != null) {
                    throw refuse(
                            workload,
                            frontend,
                            "there are several domains that run " + DriverDomain.NAME + "; name one as its backend");
                }
                found = load;
                load.start(hypervisor, domain);
            }
        }
        if (found == null) {
            throw refuse(
                    workload,
                    frontend,
                    "needs a domain" + (name.isEmpty() ? "" : " '" + name + "'") + " that runs " + DriverDomain.NAME
                            + ", and there is none");
        }
        return found;
    }

    static InputException refuse(String workload, Domain domain, String why) {
        return new InputException("workload " + workload + ": " + domain.name() + ": " + why);
    }

    /** Makes its devices, once. */
    private void start(Hypervisor machine, Domain domain) {
        if (own != null) {
            return;
        }
        hypervisor = machine;
        own = domain;
        disk = new Disk<>(
                hypervisor,
                new Disk.Model(values.nanos("diskAccessMicros"), values.number("diskMegabytesPerSecond"), (int)
                        values.number("diskDepth")),
                own.vcpus().get(0).random("disk"));
        for (int id = 0; id < loops.size(); id++) {
            BackendLoop loop = loops.get(id);
            DiskCompletions done = new DiskCompletions(
                    loop, line(id, DISK_VIRQ), values.number("blockNanos"), values.flag("persistentGrants"));
            completions.add(done);
            loop.add(done);
        }
    }

    /** A device's line into vCPU {@code id}. */
    private InterruptLine line(int id, int virq) {
        Vcpu vcpu = own.vcpus().get(id);
        guests().get(id)
                .connect(IoLoop.EVENT_LINE, port(own, hypervisor.events().bindVirq(vcpu, virq)));
        return new InterruptLine(hypervisor, vcpu, virq);
    }

    @Override
    void connect(Hypervisor machine, Domain domain, Map<Integer, DomainLoad> loads) {
        start(machine, domain);
    }

    /** Id of its domain. */
    int domainId() {
        return own.id();
    }

    /** Serves the disk of {@code frontend}, whose ring is in shared frame 0 of {@code frames}. */
    void attachDisk(Domain frontend, DomainLoad load, GrantedFrames frames) {
        int id = frontends % loops.size();
        int line = attach(frontend, load, id);
        BackendLoop loop = loops.get(id);
        loop.mapRing(frontend.id(), frames.frame(0));
        loop.add(new VirtualDisk(
                loop,
                RingEnd.back(frames.memory(), frames.address(0), BlockRing.ENTRY),
                frontend.id(),
                line,
                frames.memory().size() / FlatMemory.FRAME,
                SECTORS * disks++,
                disk,
                completions.get(id)));
    }

    /** Connects a channel between vCPU 0 of {@code frontend} and vCPU {@code id}; the line of {@code id} that sends on it. */
    private int attach(Domain frontend, DomainLoad load, int id) {
        if (frontends == MOST_FRONTENDS) {
            throw refuse(DriverDomain.NAME, own, "serves no more than " + MOST_FRONTENDS + " frontends");
        }
        EventChannels events = hypervisor.events();
        int theirs = port(frontend, events.allocUnbound(frontend, own.id()));
        int ours = port(own, events.bindInterdomain(own, frontend.id(), theirs));
        events.bindVcpu(own, ours, id);
        // Binding left an event pending, and where it was bound first; nobody sent one.
        own.sharedInfo().takePending(ours >> 6, 1L << ours);
        int line = IoLoop.EVENT_LINE + ++frontends;
        guests().get(id).connect(IoLoop.EVENT_LINE, ours);
        guests().get(id).connectSender(line, ours);
        load.guests().get(0).connect(IoLoop.EVENT_LINE, theirs);
        return line;
    }

    @Override
    public Map<String, Long> counters() {
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put(
                "diskRequests",
                completions.stream().mapToLong(DiskCompletions::served).sum());
        return counters;
    }
}
