package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.Runstate;

/** Disks behind a driver domain that is scheduled as all others are. A client itself refuses an answer that it does not wait for. */
class DiskPathProperties {
    private static final long END = 20 * Sim.MS;
    private static final int BLOCK_NANOS = 7000;

    /** A client's parameters. */
    record Client(Map<String, Object> parameters) {
        long depth() {
            return (Integer) parameters.get("depth");
        }
    }

    @Provide
    Arbitrary<Client> clients() {
        Arbitrary<Integer> work = Arbitraries.integers().between(0, 200);
        return Combinators.combine(
                        Arbitraries.integers().between(1, 32),
                        Arbitraries.of(1, 4, 17, 44),
                        Arbitraries.of(true, false),
                        work,
                        work)
                .as((depth, kib, sequential, micros, think) -> new Client(Map.of(
                        "depth", depth,
                        "blockKib", kib,
                        "sequential", sequential,
                        "writePercent", 30,
                        "workMicros", micros,
                        "thinkMicros", think)));
    }

    private static Map<String, Object> driver(boolean persistent) {
        return Map.of(
                "blockNanos",
                BLOCK_NANOS,
                "persistentGrants",
                persistent,
                "diskAccessMicros",
                90,
                "diskDepth",
                4,
                "diskMegabytesPerSecond",
                2000);
    }

    @Property(tries = 60)
    void everyRequestIsAnsweredOnceAndPaidForByTheDriverDomain(
            @ForAll @Size(min = 1, max = 4) List<@From("clients") Client> clients,
            @ForAll boolean persistent,
            @ForAll @IntRange(min = 1, max = 3) int pcpus,
            @ForAll @IntRange(min = 1, max = 2) int driverVcpus) {
        Sim sim = new Sim(pcpus, "zero", 700_000, UnaryOperator.identity());
        sim.keep = false;
        DomainLoad driver = Workloads.create("driver-domain", driver(persistent), driverVcpus);
        List<DomainLoad> loads = new ArrayList<>();
        for (int i = 0; i < clients.size(); i++) {
            loads.add(Workloads.create("disk", clients.get(i).parameters(), 1));
            sim.add(2 + i, "c" + i, loads.get(i));
        }
        Domain dom0 = sim.add(1, "dom0", driver);
        sim.start();
        sim.hypervisor.run(END / 2);
        List<Long> half = loads.stream().map(l -> l.counters().get("requests")).toList();
        sim.hypervisor.run(END);

        long answered = 0;
        for (int i = 0; i < loads.size(); i++) {
            long requests = loads.get(i).counters().get("requests");
            assertThat(requests).as("client %d goes on", i).isGreaterThan(half.get(i));
            answered += requests;
        }
        long outstanding = clients.stream().mapToLong(Client::depth).sum();
        long served = driver.counters().get("diskRequests");
        assertThat(served).isBetween(answered, answered + outstanding);

        long running = dom0.vcpus().stream()
                .mapToLong(v -> v.cyclesIn(Runstate.RUNNING))
                .sum();
        long steps =
                30 * (served + outstanding) + 1000; // cycles of a hypercall's trap or a look, a few for each request
        assertThat(running).isBetween(served * BLOCK_NANOS, (served + outstanding) * BLOCK_NANOS + steps);
    }

    @Property(tries = 25)
    void budgetsDoNotMatter(
            @ForAll("clients") Client client, @ForAll boolean persistent, @ForAll("costs") String costs) {
        List<String> whole = run(client, persistent, costs, UnaryOperator.identity());
        assertThat(whole).hasSizeGreaterThan(10);
        for (long chunk : new long[] {7, 1000, Long.MAX_VALUE}) {
            assertThat(run(client, persistent, costs, g -> new ChoppedGuest(g, chunk, false)))
                    .isEqualTo(whole);
        }
    }

    @Provide
    Arbitrary<String> costs() {
        return Arbitraries.of("zero", "qemu-icount", "xeon-2003");
    }

    private static List<String> run(Client client, boolean persistent, String costs, UnaryOperator<Guest> wrap) {
        Sim sim = new Sim(1, costs, 700_000, wrap);
        sim.add(1, "dom0", Workloads.create("driver-domain", driver(persistent), 1));
        sim.add(2, "client", Workloads.create("disk", client.parameters(), 1));
        sim.add(3, "busy", Workloads.create("spin", Map.of(), 1));
        sim.start();
        sim.hypervisor.run(5 * Sim.MS);
        return sim.lines();
    }
}
