package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.Runstate;

/** Networks behind a driver domain that is scheduled as all others are. */
class NetPathProperties {
    private static final long END = 60 * Sim.MS;
    private static final int PACKET_NANOS = 3000;

    /** A domain's workload; {@code progress} is what it counts as it goes on. */
    record Talk(String workload, Map<String, Object> parameters, String progress) {
        Talk busy(boolean busy) {
            Map<String, Object> all = new HashMap<>(parameters);
            all.put("busy", busy);
            return new Talk(workload, all, progress);
        }
    }

    @Provide
    Arbitrary<Talk> talks() {
        Arbitrary<Integer> micros = Arbitraries.integers().between(300, 1500);
        Arbitrary<Integer> window = Arbitraries.integers().between(1, 300);
        Arbitrary<Talk> talk = Arbitraries.oneOf(
                Combinators.combine(micros, Arbitraries.of(true, false))
                        .as((interval, from) ->
                                new Talk("ping", Map.of("intervalMicros", interval, "fromOutside", from), "replies")),
                Combinators.combine(window, Arbitraries.of(true, false))
                        .as((packets, receive) -> new Talk(
                                "stream", Map.of("windowPackets", packets, "receive", receive), "packetsReceived")),
                Combinators.combine(micros, micros)
                        .as((arrival, service) -> new Talk(
                                "server", Map.of("arrivalMicros", arrival, "serviceMicros", service / 4), "responses")),
                micros.map(think -> new Talk(
                        "server",
                        Map.of("arrivalMicros", 0, "clients", 5, "thinkMicros", think, "serviceMicros", 100),
                        "responses")));
        return Combinators.combine(talk, Arbitraries.of(true, false)).as(Talk::busy);
    }

    private static Map<String, Object> driver() {
        return Map.of("packetNanos", PACKET_NANOS, "wireMicros", 20);
    }

    @Property(tries = 60)
    void everyPacketArrivesOnceAndIsPaidForByTheDriverDomain(
            @ForAll @Size(min = 1, max = 4) List<@From("talks") Talk> talks,
            @ForAll @IntRange(min = 1, max = 3) int pcpus,
            @ForAll @IntRange(min = 1, max = 2) int driverVcpus) {
        Sim sim = new Sim(pcpus, "zero", 300_000, UnaryOperator.identity());
        sim.keep = false;
        DomainLoad driver = Workloads.create("driver-domain", driver(), driverVcpus);
        List<DomainLoad> loads = new ArrayList<>();
        for (int i = 0; i < talks.size(); i++) {
            loads.add(Workloads.create(talks.get(i).workload(), talks.get(i).parameters(), 1));
            sim.add(2 + i, "d" + i, loads.get(i));
        }
        // Two more that talk to each other.
        loads.add(Workloads.create("ping", Map.of("peer", "answering", "intervalMicros", 700), 1));
        sim.add(20, "pinging", loads.get(talks.size()));
        sim.add(21, "answering", Workloads.create("ping", Map.of("intervalMicros", 0), 1));
        Domain dom0 = sim.add(1, "dom0", driver);
        sim.start();
        sim.hypervisor.run(END / 2);
        List<Map<String, Long>> half = loads.stream().map(DomainLoad::counters).toList();
        sim.hypervisor.run(END);

        long windows = 0;
        long missing = 0;
        for (int i = 0; i < loads.size(); i++) {
            String progress = i < talks.size() ? talks.get(i).progress() : "replies";
            Map<String, Long> now = loads.get(i).counters();
            assertThat(now.get(progress))
                    .as("domain %d goes on", i)
                    .isGreaterThan(half.get(i).get(progress));
            if (now.containsKey("packetsSent")) {
                long window = (Integer) talks.get(i).parameters().get("windowPackets");
                // What is missing was acknowledged with what came after it, and is not under way any more.
                assertThat(now.get("packetsSent") - now.get("packetsReceived") - now.get("packetsMissing"))
                        .isBetween(0L, window);
                assertThat(now).containsEntry("packetsLost", 0L);
                windows += window;
                missing += now.get("packetsMissing");
            }
            if (now.containsKey("pings")) { // as many as can be under way in the time of a few turns of all slices
                assertThat(now.get("pings") - now.get("replies")).isBetween(0L, 60L);
            }
        }
        Map<String, Long> counted = driver.counters();
        assertThat(counted).containsEntry("grantsRefused", 0L);
        // A packet is missing only if it was dropped, and none is while all that can be under way fits the card's 512
        // slots.
        assertThat(missing).isBetween(0L, counted.get("packetsDropped"));
        if (windows < 450) {
            assertThat(counted).containsEntry("packetsDropped", 0L);
        }
        long packets = counted.get("packetsFromGuests") + counted.get("packetsToGuests");
        long underWay = 2L * BackendLoop.BATCH;
        long steps = 30 * packets + 5000; // cycles of a hypercall's trap or a look, a few for each packet at most
        long running = dom0.vcpus().stream()
                .mapToLong(v -> v.cyclesIn(Runstate.RUNNING))
                .sum();
        assertThat(running).isBetween(packets * PACKET_NANOS, (packets + underWay) * PACKET_NANOS + steps);
    }

    @Property(tries = 25)
    void budgetsDoNotMatter(@ForAll("talks") Talk one, @ForAll("talks") Talk other, @ForAll("costs") String costs) {
        List<String> whole = run(one, other, costs, UnaryOperator.identity());
        assertThat(whole).hasSizeGreaterThan(10);
        for (long chunk : new long[] {7, 1000, Long.MAX_VALUE}) {
            assertThat(run(one, other, costs, g -> new ChoppedGuest(g, chunk, false)))
                    .isEqualTo(whole);
        }
    }

    /** What a driver domain does to its card inside a run is noticed: only a guest that promises a lookahead may do so. */
    @Example
    void promisesALookahead() {
        Talk ping = new Talk("ping", Map.of("intervalMicros", 500), "replies");
        assertThatThrownBy(() -> run(ping, ping, "zero", g -> new ChoppedGuest(g, Long.MAX_VALUE, true)))
                .hasMessageContaining("d1v0 caused an event inside a run");
    }

    @Provide
    Arbitrary<String> costs() {
        return Arbitraries.of("zero", "qemu-icount", "xeon-2003");
    }

    private static List<String> run(Talk one, Talk other, String costs, UnaryOperator<Guest> wrap) {
        Sim sim = new Sim(1, costs, 700_000, wrap);
        sim.add(1, "dom0", Workloads.create("driver-domain", driver(), 1));
        sim.add(2, "one", Workloads.create(one.workload(), one.parameters(), 1));
        sim.add(3, "other", Workloads.create(other.workload(), other.parameters(), 1));
        sim.start();
        sim.hypervisor.run(4 * Sim.MS);
        return sim.lines();
    }
}
