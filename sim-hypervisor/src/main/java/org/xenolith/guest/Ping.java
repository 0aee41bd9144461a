package org.xenolith.guest;

import java.util.List;
import org.xenolith.device.Endpoint;
import org.xenolith.device.Packet;
import org.xenolith.device.Pinger;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Vcpu;

/**
 * Echo requests at intervals, from a guest to another or to the outside, or from the outside to the guest, and how long they take to come back. Every
 * guest with a network interface answers them, in its kernel.
 */
final class Ping implements WorkloadKind {
    @Override
    public String name() {
        return "ping";
    }

    @Override
    public String title() {
        return "pings another domain or the host outside, or is pinged by it, through a driver domain";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return NetLoad.parameters(
                WorkloadParameter.text("peer", "the domain to ping; without one the host outside"),
                WorkloadParameter.flag("fromOutside", false, "the host outside pings the domain, not it the host"),
                WorkloadParameter.micros("intervalMicros", 10_000, 0, "time between pings, 0 to answer only"),
                WorkloadParameter.number(
                        "jitterPercent", "%", 10, 0, 100, "the interval differs from that at random by up to so much"),
                WorkloadParameter.number("packetBytes", "bytes", 98, Packet.HEADER, Packet.MOST, "size of a ping"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        String peer = values.text("peer");
        boolean fromOutside = values.flag("fromOutside");
        if (fromOutside && !peer.isEmpty()) {
            throw new InputException("workload ping: a domain that is pinged from outside has no peer");
        }
        return NetLoad.create(this, vcpus, values, peer, new NetLoad.Ends() {
            @Override
            public Endpoint inside(Vcpu own, int whom) {
                return pinger(values, own.domainId(), whom, fromOutside ? 0 : values.nanos("intervalMicros"), own);
            }

            @Override
            public Endpoint outside(Vcpu own) {
                return fromOutside
                        ? pinger(values, Packet.OUTSIDE, own.domainId(), values.nanos("intervalMicros"), own)
                        : null;
            }
        });
    }

    private static Pinger pinger(WorkloadValues values, int from, int to, long intervalNanos, Vcpu vcpu) {
        return new Pinger(
                from,
                to,
                (int) values.number("packetBytes"),
                intervalNanos,
                values.number("jitterPercent"),
                vcpu.random("ping"));
    }
}
