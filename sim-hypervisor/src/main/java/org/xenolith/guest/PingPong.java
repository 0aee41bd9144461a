package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.Hypervisor;

/**
 * A ball that goes to and fro over an event channel, between the two vCPUs of a domain or vCPU 0 of two domains: each waits
 * for it, works, and sends it back.
 *
 * <p>Nobody serves: binding an interdomain channel leaves an event pending at the end that binds (an event may have been
 * lost before), and that is the ball.
 */
final class PingPong implements WorkloadKind {
    private static final int LINE = 1;

    @Override
    public String name() {
        return "ping-pong";
    }

    @Override
    public String title() {
        return "two vCPUs or domains wake each other in turn over an event channel";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.micros("workMicros", 100, 1, "work before the ball is sent back"),
                WorkloadParameter.text("peer", "the domain to play with; without one the domain's two vCPUs play"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        String peer = values.text("peer");
        int needed = peer.isEmpty() ? 2 : 1;
        if (vcpus != needed) {
            throw new InputException("workload ping-pong: "
                    + (peer.isEmpty() ? "without a peer" : "with a peer") + " the domain must have " + needed
                    + (needed == 1 ? " vCPU" : " vCPUs") + ", not " + vcpus);
        }
        return new Load(vcpus, values.nanos("workMicros"), peer);
    }

    private static final class Load extends DomainLoad {
        private final Player[] players;
        private final String peer;
        private boolean connected;

        Load(int vcpus, long workNanos, String peer) {
            this(new Player[vcpus], workNanos, peer);
        }

        private Load(Player[] players, long workNanos, String peer) {
            super(players.length, 1, id -> players[id] = new Player(workNanos));
            this.players = players;
            this.peer = peer;
        }

        @Override
        void connect(Hypervisor hypervisor, Domain own, Map<Integer, DomainLoad> loads) {
            if (connected) {
                return;
            }
            Domain other = peer.isEmpty() ? own : find(hypervisor, own);
            int otherVcpu = other == own ? 1 : 0;
            if (!(loads.get(other.id()) instanceof Load load) || (other != own && !load.peer.equals(own.name()))) {
                throw new InputException("workload ping-pong: " + own.name() + " names " + other.name()
                        + " as its peer, which does not run ping-pong with peer " + own.name());
            }
            EventChannels events = hypervisor.events();
            int theirs = port(other, events.allocUnbound(other, own.id()));
            events.bindVcpu(other, theirs, otherVcpu);
            int ours = port(own, events.bindInterdomain(own, other.id(), theirs));
            guests().get(0).connect(LINE, ours);
            load.guests().get(otherVcpu).connect(LINE, theirs);
            connected = true;
            load.connected = true;
        }

        private Domain find(Hypervisor hypervisor, Domain own) {
            for (Domain domain : hypervisor.domains()) {
                if (domain != own && domain.name().equals(peer)) {
                    return domain;
                }
            }
            throw new InputException("workload ping-pong: " + own.name() + " names a peer '" + peer
                    + "', but there is no other domain of that name");
        }

        @Override
        Map<String, Long> sums() {
            Map<String, Long> counters = new LinkedHashMap<>();
            long returns = 0;
            for (Player player : players) {
                returns += player.returns;
            }
            counters.put("returns", returns);
            return counters;
        }
    }

    private static final class Player implements Workload {
        private final long workNanos;
        private int step;
        private long returns;

        Player(long workNanos) {
            this.workNanos = workNanos;
        }

        @Override
        public void next(Task task) {
            switch (step++) {
                case 0 -> task.waitFor(LINE);
                case 1 -> task.compute(task.cycles(workNanos));
                default -> {
                    step = 0;
                    returns++;
                    task.send(LINE);
                }
            }
        }
    }
}
