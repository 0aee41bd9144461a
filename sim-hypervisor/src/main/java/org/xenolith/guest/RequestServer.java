package org.xenolith.guest;

import java.util.List;
import org.xenolith.device.Clients;
import org.xenolith.device.Endpoint;
import org.xenolith.device.Packet;
import org.xenolith.device.Server;
import org.xenolith.hypervisor.Vcpu;

/** A server, and its clients outside: requests, work, responses. What a client waits for goes through the driver domain twice. */
final class RequestServer implements WorkloadKind {
    @Override
    public String name() {
        return "server";
    }

    @Override
    public String title() {
        return "answers requests of clients outside, which come through a driver domain";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return NetLoad.parameters(
                WorkloadParameter.micros("serviceMicros", 1000, 0, "work of a request"),
                WorkloadParameter.flag("exponential", true, "that work is exponentially distributed, not constant"),
                WorkloadParameter.number("requestBytes", "bytes", 200, Packet.HEADER, Packet.MOST, "size of a request"),
                WorkloadParameter.number(
                        "responseBytes", "bytes", Packet.MOST, Packet.HEADER, Packet.MOST, "size of a response"),
                WorkloadParameter.micros(
                        "arrivalMicros", 5000, 0, "mean time between requests of an open loop; 0 for a closed one"),
                WorkloadParameter.number("clients", "", 10, 1, 10_000, "clients of a closed loop"),
                WorkloadParameter.micros("thinkMicros", 100_000, 0, "mean time that such a client thinks"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        return NetLoad.create(this, vcpus, values, "", new NetLoad.Ends() {
            @Override
            public Endpoint inside(Vcpu own, int peer) {
                return new Server(
                        values.nanos("serviceMicros"),
                        values.flag("exponential"),
                        (int) values.number("responseBytes"),
                        own.random("service"));
            }

            @Override
            public Endpoint outside(Vcpu own) {
                int bytes = (int) values.number("requestBytes");
                long arrivalNanos = values.nanos("arrivalMicros");
                return arrivalNanos > 0
                        ? Clients.open(Packet.OUTSIDE, own.domainId(), bytes, arrivalNanos, own.random("arrivals"))
                        : Clients.closed(
                                Packet.OUTSIDE,
                                own.domainId(),
                                bytes,
                                values.nanos("thinkMicros"),
                                (int) values.number("clients"),
                                own.random("thinking"));
            }
        });
    }
}
