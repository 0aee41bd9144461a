package org.xenolith.guest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.xenolith.device.BlockRing;
import org.xenolith.device.Disk;
import org.xenolith.device.Link;
import org.xenolith.device.OutsideHost;
import org.xenolith.device.Packet;
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
    private static final int CARD_VIRQ = Abi.VIRQ_ARCH_0;
    private static final int DISK_VIRQ = Abi.VIRQ_ARCH_0 + 1;

    /** Sectors of the disk that each frontend has: 2 TiB. */
    private static final long SECTORS = 1L << 32;

    private final WorkloadValues values;
    private final List<BackendLoop> loops;

    // By vCPU.
    private final List<DiskCompletions> completions = new ArrayList<>();
    private final List<CardQueue> cardQueues = new ArrayList<>();

    /** By the frontend's domain. */
    private final Map<Integer, VirtualInterface> interfaces = new TreeMap<>();

    private Hypervisor hypervisor;
    private Domain own;
    private Disk<VirtualDisk.Request> disk;
    private OutsideHost outside;
    private Link toOutside;
    private Link toCard;
    private int frontends;
    private int disks;

    private DriverLoad(List<BackendLoop> loops, FlatMemory memory, WorkloadValues values) {
        super(loops.size(), IoLoop.EVENT_LINE + loops.size() + MOST_FRONTENDS, memory, loops::get);
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
                            "several domains run " + DriverDomain.NAME + "; name one of them as its backend");
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
        outside = new OutsideHost(hypervisor);
        toOutside = link(outside::receive);
        toCard = link(packet -> cardQueues
                .get(loops.indexOf(interfaces.get(packet.destination()).loop()))
                .arrive(packet));
        outside.connect(toCard);
        for (int id = 0; id < loops.size(); id++) {
            BackendLoop loop = loops.get(id);
            CardQueue queue = new CardQueue(loop, line(id, CARD_VIRQ), this::forward);
            cardQueues.add(queue);
            loop.add(queue);
            DiskCompletions done = new DiskCompletions(
                    loop, line(id, DISK_VIRQ), values.number("blockNanos"), values.flag("persistentGrants"));
            completions.add(done);
            loop.add(done);
        }
        if (loops.size() > 1) {
            connectAllToAll(hypervisor.events(), own, IoLoop.EVENT_LINE);
        }
    }

    private Link link(Consumer<Packet> end) {
        return new Link(hypervisor, values.number("linkMegabitsPerSecond"), values.nanos("wireMicros"), end);
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

    /** The host at the other end of the wire. */
    OutsideHost outside() {
        return outside;
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

    /** Serves the network interface of {@code frontend}, which is a {@link NetLoop} with {@code frames}. */
    void attachInterface(Domain frontend, DomainLoad load, GrantedFrames frames) {
        int id = frontends % loops.size();
        int line = attach(frontend, load, id);
        BackendLoop loop = loops.get(id);
        loop.mapRing(frontend.id(), frames.frame(0));
        loop.mapRing(frontend.id(), frames.frame(1));
        interfaces.put(
                frontend.id(),
                new VirtualInterface(
                        loop,
                        NetLoop.backOfSending(frames),
                        NetLoop.backOfReceiving(frames),
                        frontend.id(),
                        line,
                        values.number("packetNanos"),
                        (int) values.number("queuePackets"),
                        this::forward));
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
        int line = IoLoop.EVENT_LINE + loops.size() + ++frontends;
        guests().get(id).connect(IoLoop.EVENT_LINE, ours);
        guests().get(id).connectSender(line, ours);
        load.guests().get(0).connect(IoLoop.EVENT_LINE, theirs);
        return line;
    }

    /** The bridge: what vCPU {@code from} has for a guest goes to its interface, all else to the wire. */
    private void forward(Packet packet, BackendLoop from) {
        VirtualInterface to = interfaces.get(packet.destination());
        if (to == null) {
            toOutside.send(packet, from.nowNanos());
            return;
        }
        to.enqueue(packet);
        if (to.loop() != from) {
            from.notifyBy(IoLoop.EVENT_LINE + 1 + loops.indexOf(to.loop()));
        }
    }

    @Override
    Map<String, Long> sums() {
        long forwarded = 0;
        long delivered = 0;
        long dropped = toOutside.dropped() + toCard.dropped();
        long refused = 0;
        for (VirtualInterface one : interfaces.values()) {
            forwarded += one.forwarded();
            delivered += one.delivered();
            dropped += one.dropped();
        }
        for (int id = 0; id < loops.size(); id++) {
            dropped += cardQueues.get(id).dropped();
            refused += loops.get(id).grants().refused();
        }
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put(
                "diskRequests",
                completions.stream().mapToLong(DiskCompletions::served).sum());
        counters.put("packetsFromGuests", forwarded);
        counters.put("packetsToGuests", delivered);
        counters.put("packetsDropped", dropped);
        counters.put("grantsRefused", refused);
        return counters;
    }
}
