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
import org.xenolith.hypervisor.Runstate;
import org.xenolith.trace.TraceEvent;

class WorkloadsTest {
    private static final long SECOND = 1000 * Sim.MS;

    private static Sim sim(int pcpus) {
        return new Sim(pcpus, "zero", 10 * Sim.MS, UnaryOperator.identity());
    }

    private static long running(Domain domain) {
        return domain.vcpus().stream()
                .mapToLong(v -> v.cyclesIn(Runstate.RUNNING))
                .sum();
    }

    @Test
    void spinUsesAllOfItsPcpu() {
        Sim sim = sim(1);
        Domain spin = sim.add(1, "spin", Workloads.create("spin", Map.of(), 1));
        sim.start();
        sim.hypervisor.run(SECOND);
        assertThat(running(spin)).isEqualTo(SECOND);
    }

    @Test
    void periodicUsesWorkOfWorkPlusSleep() {
        Sim sim = sim(1);
        DomainLoad load = Workloads.create("periodic", Map.of("workMicros", 2000, "sleepMicros", "8000"), 1);
        Domain domain = sim.add(1, "d", load);
        sim.start();
        sim.hypervisor.run(SECOND);
        assertThat(running(domain)).isCloseTo(SECOND / 5, within(2 * Sim.MS));
        assertThat(load.counters()).containsEntry("turns", 100L).containsEntry("lateTurns", 0L);
    }

    @Test
    void absolutePeriodsCatchUpWhereRelativeOnesDrift() {
        Map<String, Object> load = Map.of("workMicros", 2000, "sleepMicros", 8000, "startMicros", 1);
        DomainLoad relative = Workloads.create("periodic", load, 1);
        DomainLoad absolute = Workloads.create(
                "periodic", Map.of("workMicros", 2000, "sleepMicros", 8000, "startMicros", 1, "absolute", true), 1);
        for (DomainLoad one : new DomainLoad[] {relative, absolute}) {
            Sim sim = sim(1);
            sim.add(1, "spin", Workloads.create("spin", Map.of(), 1));
            sim.add(2, "d", one);
            sim.start();
            sim.hypervisor.run(10 * SECOND);
        }
        assertThat(relative.counters().get("turns")).isLessThan(850);
        assertThat(absolute.counters().get("turns")).isBetween(990L, 1000L);
        assertThat(absolute.counters().get("lateTurns")).isPositive();
    }

    @Test
    void onOffUsesItsMeanShare() {
        Sim sim = sim(1);
        Domain domain = sim.add(1, "d", Workloads.create("on-off", Map.of("onMicros", 300, "offMicros", 700), 1));
        sim.start();
        sim.hypervisor.run(10 * SECOND);
        assertThat(running(domain) / 1e9).isCloseTo(3.0, within(0.1));
    }

    @Test
    void poissonServerAgreesWithTheFormulas() {
        // M/M/1: mean response = service / (1 - load); M/D/1: service * (1 + load / (2 (1 - load)))
        assertThat(meanResponseMicros(true)).isCloseTo(500 / (1 - 0.5), within(30.0));
        assertThat(meanResponseMicros(false)).isCloseTo(500 * (1 + 0.5), within(20.0));
    }

    private static double meanResponseMicros(boolean exponential) {
        Sim sim = sim(1);
        DomainLoad load = Workloads.create(
                "poisson", Map.of("arrivalMicros", 1000, "serviceMicros", 500, "exponential", exponential), 1);
        sim.add(1, "server", load);
        sim.start();
        sim.hypervisor.run(100 * SECOND);
        assertThat(load.counters().get("served")).isBetween(99_000L, 101_000L);
        return load.counters().get("meanResponseNanos") / 1e3;
    }

    @Test
    void pingPongOfTwoVcpusGoesToAndFro() {
        Sim sim = sim(1);
        DomainLoad load = Workloads.create("ping-pong", Map.of("workMicros", 100), 2);
        Domain domain = sim.add(1, "pair", load);
        sim.start();
        sim.hypervisor.run(SECOND);
        assertThat(load.counters().get("returns")).isBetween(9990L, 10_000L);
        long first = domain.vcpus().get(0).cyclesIn(Runstate.RUNNING);
        assertThat(first).isCloseTo(domain.vcpus().get(1).cyclesIn(Runstate.RUNNING), within(Sim.MS));
    }

    @Test
    void pingPongOfTwoDomainsGoesToAndFro() {
        Sim sim = sim(2);
        DomainLoad ping = Workloads.create("ping-pong", Map.of("workMicros", 100, "peer", "pong"), 1);
        DomainLoad pong = Workloads.create("ping-pong", Map.of("workMicros", 300, "peer", "ping"), 1);
        Domain a = sim.add(1, "ping", ping);
        Domain b = sim.add(2, "pong", pong);
        sim.start();
        sim.hypervisor.run(SECOND);
        assertThat(ping.counters().get("returns")).isBetween(2499L, 2500L);
        assertThat(pong.counters().get("returns")).isBetween(2499L, 2500L);
        assertThat(running(b)).isCloseTo(3 * running(a), within(Sim.MS));
    }

    @Test
    void forkJoinIsHeldUpByTheVcpuThatIsNotServed() {
        // 4 vCPUs, phases of 5 ms: on 4 pCPUs a phase lasts 5 ms, on 2 it lasts 10, on 3 the fourth holds up the rest.
        assertThat(phases(4)).isBetween(199L, 200L);
        assertThat(phases(2)).isBetween(99L, 100L);
        assertThat(phases(3)).isBetween(99L, 100L);
    }

    private static long phases(int pcpus) {
        Sim sim = sim(pcpus);
        DomainLoad load = Workloads.create("fork-join", Map.of("workMicros", 5000), 4);
        sim.add(1, "parallel", load);
        sim.start();
        sim.hypervisor.run(SECOND);
        assertThat(sim.count(TraceEvent.Sched.BLOCK)).isPositive();
        return load.counters().get("phases");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            sping     | x           | 1    | 1 | no workload 'sping'
            spin      | workMicros  | 1    | 1 | no parameter 'workMicros'; it has none
            periodic  | work        | 1    | 1 | no parameter 'work'; it has workMicros, sleepMicros
            periodic  | workMicros  | 0    | 1 | workMicros must be a whole number from 1 to 1000000000 us, not 0
            periodic  | workMicros  | 1.5  | 1 | workMicros must be a whole number
            periodic  | absolute    | ja   | 1 | absolute must be true or false, not ja
            fork-join | workMicros  | 1    | 1 | at least 2 vCPUs, not 1
            tasks     | lock        | ple2 | 1 | lock must be spin, ple, pv or none, not ple2
            parallel  | workMicros  | 1    | 1 | at least 2 tasks, not 1
            ping-pong | workMicros  | 1    | 1 | without a peer the domain must have 2 vCPUs, not 1
            ping-pong | peer        | p    | 2 | with a peer the domain must have 1 vCPU, not 2
            """)
    void refusesWhatMakesNoSense(String workload, String parameter, String value, int vcpus, String says) {
        assertThatThrownBy(() -> Workloads.create(workload, Map.of(parameter, value), vcpus))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(says)
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesAPeerThatIsNotThere() {
        Sim sim = sim(1);
        sim.add(1, "ping", Workloads.create("ping-pong", Map.of("peer", "pong"), 1));
        assertThatThrownBy(sim::start).isInstanceOf(InputException.class).hasMessageContaining("'pong'");

        Sim other = sim(1);
        other.add(1, "ping", Workloads.create("ping-pong", Map.of("peer", "pong"), 1));
        other.add(2, "pong", Workloads.create("spin", Map.of(), 1));
        assertThatThrownBy(other::start)
                .isInstanceOf(InputException.class)
                .hasMessageContaining("does not run ping-pong");
    }

    @Test
    void everyEntryDescribesItself() {
        for (WorkloadKind kind : Workloads.all()) {
            assertThat(kind.title()).isNotBlank();
            assertThat(Workloads.named(kind.name())).isSameAs(kind);
            for (WorkloadParameter parameter : kind.parameters()) {
                assertThat(parameter.help()).isNotBlank();
                assertThat(parameter.checked(kind.name(), parameter.defaultValue()))
                        .isEqualTo(parameter.defaultValue());
            }
        }
    }
}
