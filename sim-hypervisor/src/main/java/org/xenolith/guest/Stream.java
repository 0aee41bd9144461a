package org.xenolith.guest;

import java.util.List;
import org.xenolith.device.Endpoint;
import org.xenolith.device.Packet;
import org.xenolith.device.StreamReceiver;
import org.xenolith.device.StreamSender;
import org.xenolith.hypervisor.Vcpu;

/** A stream without end, as fast as it goes with so many packets on their way. Offloads that make packets larger than a frame are not modelled. */
final class Stream implements WorkloadKind {
    @Override
    public String name() {
        return "stream";
    }

    @Override
    public String title() {
        return "sends or receives a stream of packets, to or from another domain or the outside";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return NetLoad.parameters(
                WorkloadParameter.text("peer", "the domain at the other end; without one the host outside"),
                WorkloadParameter.flag("receive", false, "the domain receives the stream"),
                WorkloadParameter.number(
                        "windowPackets", "", 64, 1, 100_000, "packets that may be on their way unacknowledged"),
                WorkloadParameter.number(
                        "packetBytes", "bytes", Packet.MOST, Packet.HEADER, Packet.MOST, "size of a packet"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        boolean receive = values.flag("receive");
        return NetLoad.create(this, vcpus, values, values.text("peer"), new NetLoad.Ends() {
            @Override
            public Endpoint inside(Vcpu own, int peer) {
                return end(values, receive, own.domainId(), peer);
            }

            @Override
            public Endpoint outside(Vcpu own) {
                return end(values, !receive, Packet.OUTSIDE, own.domainId());
            }
        });
    }

    private static Endpoint end(WorkloadValues values, boolean receive, int own, int peer) {
        int window = (int) values.number("windowPackets");
        return receive
                ? new StreamReceiver(window)
                : new StreamSender(own, peer, (int) values.number("packetBytes"), window);
    }
}
