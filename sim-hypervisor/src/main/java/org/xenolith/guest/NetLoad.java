package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.device.Endpoint;
import org.xenolith.device.Packet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.Vcpu;

/**
 * The load of a domain with a network interface: a {@link NetLoop} on its first vCPU. Others of the domain have nothing to do, or compute if the domain
 * is to be busy.
 */
final class NetLoad extends DomainLoad {
    /** The two ends of the conversation that a workload is. */
    interface Ends {
        /** The end in the guest on {@code own}; {@code peer} is with whom it talks, a domain or {@link Packet#OUTSIDE}. */
        Endpoint inside(Vcpu own, int peer);

        /** The end outside, where the guest talks with the outside; null if the host there needs none to answer. */
        Endpoint outside(Vcpu own);
    }

    /** Parameters that all workloads with a network interface have. */
    static final List<WorkloadParameter> PARAMETERS = List.of(
            WorkloadParameter.text("backend", "the domain that has the network; may be left out if there is one only"),
            WorkloadParameter.number(
                    "packetNanos", "ns", 2000, 0, 1_000_000_000, "work of the guest for a packet; an assumption"),
            WorkloadParameter.flag("busy", false, "its vCPUs compute whenever they have nothing else to do"));

    private final WorkloadKind kind;
    private final WorkloadValues values;
    private final String peer;
    private final Ends ends;
    private final GrantedFrames frames;
    private final NetLoop loop;
    private Hypervisor hypervisor;

    /** When it began to count, cycles. */
    private long windowBegin;

    private Endpoint inside;
    private Endpoint outside;

    private NetLoad(
            WorkloadKind kind,
            int vcpus,
            WorkloadValues values,
            String peer,
            Ends ends,
            GrantedFrames frames,
            NetLoop loop) {
        super(vcpus, IoLoop.EVENT_LINE, frames.memory(), id -> id == 0 ? loop : other(values.flag("busy")));
        this.kind = kind;
        this.values = values;
        this.peer = peer;
        this.ends = ends;
        this.frames = frames;
        this.loop = loop;
    }

    /** A load of {@code kind} that talks with {@code peer}, a domain's name, or with the outside if that is empty. */
    static NetLoad create(WorkloadKind kind, int vcpus, WorkloadValues values, String peer, Ends ends) {
        GrantedFrames frames = new GrantedFrames(NetLoop.FRAMES);
        NetLoop loop = new NetLoop(frames, values.number("packetNanos"), values.flag("busy"));
        return new NetLoad(kind, vcpus, values, peer, ends, frames, loop);
    }

    private static Workload other(boolean busy) {
        return busy ? Workload.Task::computeForever : Workload.Task::waitForEver;
    }

    /** The values of its parameters. */
    WorkloadValues values() {
        return values;
    }

    /** The workload that it is of. */
    WorkloadKind kind() {
        return kind;
    }

    @Override
    void connect(Hypervisor machine, Domain own, Map<Integer, DomainLoad> loads) {
        hypervisor = machine;
        windowBegin = machine.time();
        DriverLoad driver = driver(own, loads);
        frames.grantAll(driver.domainId());
        driver.attachInterface(own, this, frames);
        Vcpu vcpu = own.vcpus().get(0);
        inside = ends.inside(vcpu, peer.isEmpty() ? Packet.OUTSIDE : peerOf(own, driver, loads));
        loop.host(inside);
        outside = peer.isEmpty() ? ends.outside(vcpu) : null;
        if (outside != null) {
            driver.outside().add(own.id(), outside);
        }
    }

    private DriverLoad driver(Domain own, Map<Integer, DomainLoad> loads) {
        return DriverLoad.find(hypervisor, own, kind.name(), values.text("backend"), loads);
    }

    private int peerOf(Domain own, DriverLoad driver, Map<Integer, DomainLoad> loads) {
        for (Domain domain : hypervisor.domains()) {
            if (domain == own || !domain.name().equals(peer)) {
                continue;
            }
            if (!(loads.get(domain.id()) instanceof NetLoad load)) {
                throw refuse(own, "its peer " + peer + " runs a workload without a network interface");
            }
            load.hypervisor = hypervisor;
            if (load.driver(domain, loads) != driver) {
                throw refuse(own, "its peer " + peer + " has another backend");
            }
            if (load.kind instanceof Stream != kind instanceof Stream
                    || kind instanceof Stream && load.values.flag("receive") == values.flag("receive")) {
                throw refuse(
                        own,
                        "a stream has a domain that sends and one that receives, and its peer " + peer
                                + " is not the other one");
            }
            return domain.id();
        }
        throw refuse(own, "names a peer '" + peer + "', but there is no other domain of that name");
    }

    private RuntimeException refuse(Domain own, String why) {
        return DriverLoad.refuse(kind.name(), own, why);
    }

    @Override
    public void beginWindow() {
        windowBegin = hypervisor.time();
        inside.beginWindow();
        if (outside != null) {
            outside.beginWindow();
        }
    }

    @Override
    public Map<String, Long> counters() {
        long nanos = hypervisor.clock().toNanos(hypervisor.time() - windowBegin);
        Map<String, Long> counters = new LinkedHashMap<>();
        inside.count(counters, nanos);
        if (outside != null) {
            outside.count(counters, nanos);
        }
        return counters;
    }

    /** {@code own} parameters, and those of all. */
    static List<WorkloadParameter> parameters(WorkloadParameter... own) {
        return java.util.stream.Stream.concat(java.util.Arrays.stream(own), PARAMETERS.stream())
                .toList();
    }
}
