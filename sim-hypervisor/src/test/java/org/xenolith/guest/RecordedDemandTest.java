package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceDescription;

/**
 * Demand found in the recorded traces, whose guests are known: a, b and c spin, d works for 5 ms and sleeps for 10 ms by a
 * timer, dom0 runs the recorder, which looks after its buffers every 100 ms.
 */
class RecordedDemandTest {
    private static final Path TRACES = Path.of("../traces/xen-4.17");

    private static Demand demand(String trace) {
        Path file = TRACES.resolve(trace + ".trc.xz");
        TraceDescription description = TraceDescription.load(file);
        return DemandExtractor.extract(
                file,
                description,
                CostProfile.load("qemu-icount"),
                description.steady().fromNanos(),
                description.steady().toNanos());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "credit2/s1-w256-w512", "credit2/s2-cap30", "credit2/s4-all", "credit2/s5-all-allevents",
                "credit/s1-w256-w512", "credit/s2-cap30", "credit/s4-all", "rtds/s4-all",
                "credit-params/p1-t30-r1000", "credit2-params/p1-r1000", "credit2-2pcpu/m1-a256-b512-c256"
            })
    void spinnersAreBackloggedAndDom0IsNot(String trace) {
        Demand demand = demand(trace);
        TraceDescription description = TraceDescription.load(TRACES.resolve(trace + ".trc.xz"));
        for (TraceDescription.DomainDescription domain : description.domains()) {
            if (domain.workload().startsWith("backlogged") && demand.domains().contains(domain.id())) {
                assertThat(demand.vcpusOf(domain.id())).hasSize(1);
                boolean ran = domain.measuredPercent() > 0;
                assertThat(demand.backlogged(domain.id())).as(domain.name()).isEqualTo(ran);
            }
        }
        VcpuDemand dom0 = demand.vcpusOf(0).get(0);
        assertThat(dom0.backlogged()).isFalse();
        double percent = 100.0 * dom0.workNanos() / demand.lengthNanos();
        assertThat(percent).isBetween(1.5, description.domains().get(0).measuredPercent());
        assertThat(demand.pausesOf(1))
                .as("nobody is paused in the steady window")
                .isEmpty();
        assertThat(demand.lostRecords()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "credit2/s4-all, 4",
        "credit/s4-all, 4",
        "rtds/s4-all, 4",
        "credit2-params/p1-r1000, 3",
        "credit-params/p1-t30-r1000, 3"
    })
    void findsTheWorkAndTheSleepsOfThePeriodicGuest(String trace, int domain) {
        VcpuDemand d = demand(trace).vcpusOf(domain).get(0);
        int sleeps = 0;
        int ticks = 0;
        int odd = 0;
        long burst = 0;
        int whole = 0;
        for (int i = 1; i < d.size() - 1; i++) {
            if (d.kind(i) == DemandStep.WORK) {
                burst += d.value(i);
            } else if (d.kind(i) == DemandStep.SLEEP && d.value(i) > 9_900_000) {
                // The tick breaks the sleep in two; the timer was set at the first block.
                assertThat(d.value(i)).isCloseTo(10_030_000L, within(60_000L));
                burst = 0;
                sleeps++;
            } else {
                // Work before the first block of a sleep: 5 ms and what the kernel's own ticks take.
                if (burst > 200_000) {
                    whole += burst > 5_050_000 && burst < 5_500_000 ? 1 : 0;
                }
                burst = 0;
                boolean nextTick = d.kind(i) == DemandStep.SLEEP_TO_TICK && d.value(i) == 1;
                ticks += nextTick ? 1 : 0;
                odd += nextTick ? 0 : 1;
            }
        }
        assertThat(sleeps).isGreaterThan(120);
        assertThat(whole).isBetween(sleeps * 9 / 10, sleeps * 6 / 5);
        assertThat(ticks).isBetween(sleeps * 9 / 10, sleeps * 14 / 10);
        assertThat(d.tickPeriodNanos()).isEqualTo(4_000_000);
        assertThat(odd).as("waits of which the length tells nothing").isLessThan(sleeps / 12);
    }

    @ParameterizedTest
    @ValueSource(strings = {"boot/pv1", "boot/pvh1"})
    void seesThatDom0AndABootingGuestWakeEachOther(String trace) {
        Path file = TRACES.resolve(trace + ".trc.xz");
        Demand demand = DemandExtractor.extract(
                file, TraceDescription.load(file), CostProfile.load("qemu-icount"), 0, Long.MAX_VALUE);
        VcpuDemand dom0 = demand.vcpusOf(0).get(0);
        VcpuDemand guest = demand.vcpus().get(1);
        assertThat(guest.waits(DemandStep.AWAIT_EVENT, WakeEvidence.HYPERCALL)).isGreaterThan(8);
        assertThat(dom0.waits(DemandStep.AWAIT_EVENT, WakeEvidence.HYPERCALL)).isGreaterThan(10);
        assertThat(dom0.count(DemandStep.SEND)).isEqualTo(guest.count(DemandStep.AWAIT_EVENT));
        assertThat(guest.count(DemandStep.SEND)).isEqualTo(dom0.count(DemandStep.AWAIT_EVENT));
        assertThat(demand.pausesOf(guest.domain())[0])
                .as("it does not run before it is built")
                .isZero();
    }

    /** The guests counted their work themselves: so often they asked, were answered and slept. */
    @ParameterizedTest
    @CsvSource({"credit2-loads/io, 1323", "credit-loads/io, 1928"})
    void findsEveryReadOfTheGuestWithADisk(String trace, int reads) {
        Demand demand = demand(trace);
        VcpuDemand dom0 = demand.vcpusOf(0).get(0);
        VcpuDemand i = demand.vcpusOf(5).get(0);
        assertThat(i.count(DemandStep.AWAIT_EVENT)).isCloseTo(reads, within(reads / 50));
        assertThat(i.count(DemandStep.SLEEP)).isCloseTo(reads, within(reads / 50));
        assertThat(i.count(DemandStep.SEND)).isCloseTo(reads, within(reads / 50));
        assertThat(dom0.count(DemandStep.SEND)).isEqualTo(i.count(DemandStep.AWAIT_EVENT));
        assertThat(dom0.count(DemandStep.AWAIT_EVENT)).isEqualTo(i.count(DemandStep.SEND));
        assertThat(dom0.lanes())
                .as("what it does for i, and what it does by itself")
                .isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"credit2-loads/forkjoin", "credit-loads/forkjoin"})
    void seesThatTheVcpusOfOneProgramWakeEachOther(String trace) {
        Demand demand = demand(trace);
        for (VcpuDemand f : demand.vcpusOf(6)) {
            assertThat(f.count(DemandStep.AWAIT_EVENT)).as(f.name()).isGreaterThan(100);
            assertThat(f.count(DemandStep.SLEEP) + f.count(DemandStep.SLEEP_UNTIL))
                    .as("f never sleeps; it was taken to do so by its waits' lengths")
                    .isLessThan(4);
        }
    }

    /** Where nobody sends to anybody, none must be found, though schedulers make coincidences, above all periodic ones. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "credit2/s1-w256-w512",
                "credit2/s4-all",
                "credit/s2-cap30",
                "credit/s4-all",
                "rtds/s1-w256-w512",
                "rtds/s2-cap30",
                "rtds/s4-all",
                "credit-loads/smp",
                "credit2-loads/smp",
                "credit-params/p1-t30-r1000"
            })
    void findsNoSenderWhereThereIsNone(String trace) {
        for (VcpuDemand v : demand(trace).vcpus()) {
            assertThat(v.count(DemandStep.AWAIT_EVENT)).as(v.name()).isZero();
            assertThat(v.lanes()).isEqualTo(1);
        }
    }
}
