package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;

/** What the paths of disk and network come to where nobody is in the way, against what can be worked out. */
class IoPathTest {
    private static final long SECOND = 1000 * Sim.MS;

    /** What {@code load} counts in {@code nanos} beside a driver domain, each on a pCPU of its own. */
    private static Map<String, Long> run(Map<String, Object> driver, DomainLoad load, long nanos) {
        Sim sim = new Sim(2, "zero", 10 * Sim.MS, UnaryOperator.identity());
        sim.keep = false;
        sim.add(1, "dom0", Workloads.create("driver-domain", driver, 1));
        sim.add(2, "guest", load);
        sim.start();
        sim.hypervisor.run(nanos);
        return load.counters();
    }

    @Test
    void aPingTakesTheWireTwiceAndTheWork() {
        Map<String, Long> counted = run(
                Map.of("packetNanos", 3000, "wireMicros", 50, "linkMegabitsPerSecond", 1000),
                Workloads.create("ping", Map.of("packetNanos", 2000, "packetBytes", 100), 1),
                SECOND);
        long expected = 2 * (800 + 50_000) + 2 * 3000 + 2000;
        assertThat(counted.get("pings")).isBetween(95L, 105L);
        assertThat(counted.get("roundTripMaxNanos")).isBetween(expected, expected + 40);
        assertThat(counted.get("roundTripDeviationNanos")).isLessThan(40);
    }

    @Test
    void aPingFromOutsideTakesAsLong() {
        Map<String, Long> counted = run(
                Map.of("packetNanos", 3000, "wireMicros", 50, "linkMegabitsPerSecond", 1000),
                Workloads.create("ping", Map.of("packetNanos", 2000, "packetBytes", 100, "fromOutside", true), 1),
                SECOND);
        long expected = 2 * (800 + 50_000) + 2 * 3000 + 2 * 2000;
        assertThat(counted.get("replies")).isBetween(95L, 105L);
        assertThat(counted.get("roundTripMaxNanos")).isBetween(expected, expected + 40);
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aStreamFillsASlowWire(boolean receive) {
        Map<String, Long> counted = run(
                Map.of("linkMegabitsPerSecond", 100),
                Workloads.create("stream", Map.of("receive", receive), 1),
                SECOND);
        assertThat(counted.get("kilobitsPerSecond")).isBetween(98_000L, 100_000L);
        assertThat(counted).containsEntry("packetsLost", 0L);
    }

    @Test
    void aStreamOverAFastWireIsAsFastAsTheDriverDomain() {
        // Each packet costs it 3000 ns, and so does each acknowledgement, one for two packets.
        Map<String, Long> counted = run(
                Map.of("linkMegabitsPerSecond", 100_000, "packetNanos", 3000),
                Workloads.create("stream", Map.of("packetNanos", 500, "windowPackets", 200), 1),
                SECOND);
        assertThat(counted.get("kilobitsPerSecond") / 1e6).isCloseTo(1514 * 8 / 4500.0, within(0.05));
    }

    @Test
    void whatIsDroppedIsGivenUpAndTheStreamGoesOn() {
        Sim sim = new Sim(1, "zero", 10 * Sim.MS, UnaryOperator.identity());
        sim.keep = false;
        DomainLoad driver = Workloads.create("driver-domain", Map.of("queuePackets", 1), 1);
        DomainLoad load = Workloads.create("stream", Map.of("receive", true, "windowPackets", 500), 1);
        sim.add(1, "dom0", driver);
        sim.add(2, "guest", load);
        sim.add(3, "busy", Workloads.create("spin", Map.of(), 1));
        sim.start();
        sim.hypervisor.run(SECOND);
        long first = load.counters().get("packetsReceived");
        sim.hypervisor.run(3 * SECOND);
        assertThat(driver.counters().get("packetsDropped")).isPositive();
        assertThat(load.counters().get("packetsReceived")).isGreaterThan(first);
        assertThat(load.counters().get("packetsSent") - load.counters().get("packetsReceived"))
                .isBetween(
                        driver.counters().get("packetsDropped"),
                        driver.counters().get("packetsDropped") + 500);
    }

    @Test
    void aServerAgreesWithTheFormula() {
        // M/M/1: mean response = service / (1 - load), and the wire both ways.
        Map<String, Long> counted = run(
                Map.of("packetNanos", 0, "wireMicros", 10, "linkMegabitsPerSecond", 1_000_000),
                Workloads.create("server", Map.of("packetNanos", 0, "arrivalMicros", 1000, "serviceMicros", 500), 1),
                40 * SECOND);
        assertThat(counted.get("responses")).isBetween(39_000L, 41_000L);
        assertThat(counted.get("responseMeanNanos") / 1e3).isCloseTo(500 / (1 - 0.5) + 20, within(30.0));
    }

    @Test
    void aClosedLoopIsAsFastAsItsClientsThink() {
        Map<String, Long> counted = run(
                Map.of(),
                Workloads.create(
                        "server",
                        Map.of("arrivalMicros", 0, "clients", 10, "thinkMicros", 100_000, "serviceMicros", 10),
                        1),
                20 * SECOND);
        assertThat(counted.get("responsesPerSecond")).isBetween(97L, 103L);
        assertThat(counted).containsEntry("givenUp", 0L);
    }

    @ParameterizedTest
    @CsvSource({
        // depth, access, rate, sequential, mean latency: access + 4096 bytes + 10 us of work
        "1, 100, 500, false, 118.2",
        "1, 100, 500, true, 18.2",
        "1, 0, 100, false, 51.0",
        // eight at once share the data path, 41 us each
        "8, 100, 100, false, 328.0"
    })
    void aDiskTakesItsTime(int depth, int access, int rate, boolean sequential, double micros) {
        Map<String, Long> counted = run(
                Map.of("blockNanos", 10_000, "diskAccessMicros", access, "diskMegabytesPerSecond", rate),
                Workloads.create("disk", Map.of("depth", depth, "sequential", sequential, "workMicros", 0), 1),
                2 * SECOND);
        assertThat(counted.get("latencyMeanNanos") / 1e3).isCloseTo(micros, within(micros / 50));
        assertThat(counted.get("kibPerSecond") / 4.0).isCloseTo(depth * 1e6 / micros, within(depth * 2e4 / micros));
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aFrontendThatIsDestroyedHarmsNobody(boolean persistent) {
        Sim sim = new Sim(1, "zero", Sim.MS, UnaryOperator.identity());
        sim.keep = false;
        DomainLoad driver = Workloads.create("driver-domain", Map.of("persistentGrants", persistent), 1);
        DomainLoad client = Workloads.create("disk", Map.of("depth", 4), 1);
        DomainLoad stream = Workloads.create("stream", Map.of("receive", true), 1);
        DomainLoad victim = Workloads.create("stream", Map.of(), 1);
        sim.add(1, "dom0", driver);
        sim.add(2, "client", client);
        sim.add(3, "stream", stream);
        Domain streaming = sim.add(4, "streaming", victim);
        Domain writing = sim.add(5, "writing", Workloads.create("disk", Map.of("depth", 32, "writePercent", 100), 1));
        sim.start();
        sim.hypervisor.run(SECOND / 4 + 123);
        sim.hypervisor.destroy(streaming);
        sim.hypervisor.destroy(writing);
        sim.hypervisor.run(SECOND / 2);
        long sent = victim.counters().get("packetsSent");
        long received = stream.counters().get("packetsReceived");
        long requests = client.counters().get("requests");
        sim.hypervisor.run(SECOND);
        assertThat(victim.counters()).containsEntry("packetsSent", sent);
        assertThat(stream.counters().get("packetsReceived")).isGreaterThan(2 * received - received / 10);
        assertThat(client.counters().get("requests")).isGreaterThan(2 * requests - requests / 10);
        assertThat(stream.counters()).containsEntry("packetsMissing", 0L);
        assertThat(driver.counters().get("grantsRefused")).isPositive();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            disk   | backend | none  | needs a domain 'none' that runs driver-domain, and there is none
            ping   | backend | busy  | needs a domain 'busy' that runs driver-domain
            ping   | peer    | none  | names a peer 'none', but there is no other domain of that name
            ping   | peer    | busy  | runs a workload without a network interface
            stream | peer    | other | its peer other is not the other one
            """)
    void refusesWhatIsNotThere(String workload, String parameter, String value, String says) {
        Sim sim = new Sim(1, "zero", Sim.MS, UnaryOperator.identity());
        sim.add(1, "dom0", Workloads.create("driver-domain", Map.of(), 1));
        sim.add(2, "guest", Workloads.create(workload, Map.of(parameter, value), 1));
        sim.add(3, "other", Workloads.create("ping", Map.of(), 1));
        sim.add(4, "busy", Workloads.create("spin", Map.of(), 1));
        assertThatThrownBy(sim::start)
                .isInstanceOf(InputException.class)
                .hasMessageContaining(says)
                .hasMessageNotContaining("\n");
    }

    @Test
    void wantsToKnowWhichOfTwoBackends() {
        Sim sim = new Sim(1, "zero", Sim.MS, UnaryOperator.identity());
        sim.add(1, "dom0", Workloads.create("driver-domain", Map.of(), 1));
        sim.add(2, "driver", Workloads.create("driver-domain", Map.of(), 1));
        sim.add(3, "guest", Workloads.create("disk", Map.of(), 1));
        assertThatThrownBy(sim::start)
                .isInstanceOf(InputException.class)
                .hasMessageContaining("several domains run driver-domain; name one of them as its backend");
        assertThatThrownBy(() -> Workloads.create("ping", Map.of("fromOutside", true, "peer", "x"), 1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("has no peer");
    }
}
