package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.Domain;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceEvent.Sched;
import org.xenolith.trace.TraceRecord;

/** Synthetic guests whose demand is known, run, and found again in the trace. */
class DemandExtractorTest {
    private static final long END = 2000 * Sim.MS;

    private static boolean everything(int event) {
        return true;
    }

    private static boolean scheduling(int event) {
        return event >>> 16 == 2;
    }

    private static Sim sim(int pcpus, String costs) {
        return new Sim(pcpus, costs, 3 * Sim.MS, UnaryOperator.identity());
    }

    private static Demand run(Sim sim, String costs, IntPredicate keep) {
        sim.start();
        sim.hypervisor.run(END);
        return sim.demand(costs, 0, END, keep);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zero", "qemu-icount"})
    void findsWorkAndSleepOfAPeriodicGuest(String costs) {
        Sim sim = sim(1, costs);
        sim.add(1, "a", Workloads.create("spin", Map.of(), 1));
        sim.add(2, "d", Workloads.create("periodic", Map.of("workMicros", 5000, "sleepMicros", 10_000), 1));
        Demand demand = run(sim, costs, DemandExtractorTest::scheduling);

        VcpuDemand spin = demand.vcpus().get(0);
        assertThat(spin.backlogged()).isTrue();
        VcpuDemand periodic = demand.vcpus().get(1);
        assertThat(periodic.backlogged()).isFalse();
        assertThat(periodic.count(DemandStep.SLEEP)).isGreaterThan(80);
        for (int i = 1; i < periodic.size() - 2; i++) {
            long expected = periodic.kind(i) == DemandStep.WORK ? 5 * Sim.MS : 10 * Sim.MS;
            assertThat(periodic.value(i)).isCloseTo(expected, within(costs.equals("zero") ? 10L : 60_000L));
        }
        assertThat(periodic.waits(DemandStep.SLEEP, WakeEvidence.SAME_LENGTH))
                .isEqualTo(periodic.count(DemandStep.SLEEP) - 1); // the last one is cut
    }

    @Test
    void tellsPeriodsFromSleeps() {
        Sim sim = sim(1, "qemu-icount");
        sim.add(1, "a", Workloads.create("spin", Map.of(), 2));
        sim.add(
                2,
                "d",
                Workloads.create("periodic", Map.of("workMicros", 1000, "sleepMicros", 16_500, "absolute", true), 1));
        VcpuDemand d = run(sim, "qemu-icount", DemandExtractorTest::scheduling)
                .vcpusOf(2)
                .get(0);
        assertThat(d.waits(DemandStep.SLEEP_UNTIL, WakeEvidence.SAME_PERIOD)).isGreaterThan(100);
        assertThat(d.count(DemandStep.SLEEP)).isLessThan(3);
    }

    @Test
    void seesWhoWokeWhomByHypercalls() {
        Sim sim = sim(1, "qemu-icount");
        sim.add(1, "ping", Workloads.create("ping-pong", Map.of("workMicros", 700, "peer", "pong"), 1));
        sim.add(2, "pong", Workloads.create("ping-pong", Map.of("workMicros", 300, "peer", "ping"), 1));
        sim.add(3, "d", Workloads.create("on-off", Map.of("onMicros", 500, "offMicros", 2000), 1));
        Demand demand = run(sim, "qemu-icount", DemandExtractorTest::everything);
        for (int i = 0; i < 2; i++) {
            VcpuDemand player = demand.vcpus().get(i);
            assertThat(player.count(DemandStep.AWAIT_EVENT)).isGreaterThan(900);
            assertThat(player.waits(DemandStep.AWAIT_EVENT, WakeEvidence.HYPERCALL))
                    .isEqualTo(player.count(DemandStep.AWAIT_EVENT));
            assertThat(player.count(DemandStep.SLEEP))
                    .as("but for the last one, which is cut")
                    .isLessThan(2);
            for (int step = 0; step < player.size(); step++) {
                if (player.kind(step) == DemandStep.AWAIT_EVENT) {
                    assertThat(player.peer(step)).isEqualTo(1 - i);
                }
            }
        }
        VcpuDemand d = demand.vcpus().get(2);
        assertThat(d.count(DemandStep.SLEEP)).isEqualTo(d.size() / 2).isGreaterThan(300);
    }

    @Test
    void infersWhoWokeWhomFromThePlaceInItsWork() {
        Sim sim = sim(1, "qemu-icount");
        sim.add(1, "ping", Workloads.create("ping-pong", Map.of("workMicros", 700, "peer", "pong"), 1));
        sim.add(2, "pong", Workloads.create("ping-pong", Map.of("workMicros", 300, "peer", "ping"), 1));
        sim.add(3, "d", Workloads.create("on-off", Map.of("onMicros", 500, "offMicros", 2000), 1));
        Demand demand = run(sim, "qemu-icount", DemandExtractorTest::scheduling);
        for (int i = 0; i < 2; i++) {
            VcpuDemand player = demand.vcpus().get(i);
            assertThat(player.waits(DemandStep.AWAIT_EVENT, WakeEvidence.PLACE_IN_WORK))
                    .isGreaterThan(900);
        }
        VcpuDemand d = demand.vcpus().get(2);
        assertThat(d.count(DemandStep.AWAIT_EVENT))
                .as("its timer hits others anywhere")
                .isZero();
    }

    @Test
    void aWakeOnAnotherPcpuIsNoTimers() {
        Sim sim = sim(2, "zero");
        sim.add(1, "ping", Workloads.create("ping-pong", Map.of("workMicros", 700, "peer", "pong"), 1));
        sim.add(2, "pong", Workloads.create("ping-pong", Map.of("workMicros", 300, "peer", "ping"), 1));
        Demand demand = run(sim, "zero", DemandExtractorTest::scheduling);
        for (VcpuDemand player : demand.vcpus()) {
            assertThat(player.count(DemandStep.AWAIT_EVENT)).isGreaterThan(1900);
            assertThat(player.count(DemandStep.SLEEP)).isLessThan(3);
        }
    }

    @Test
    void whatTheOutsideEndsKeepsItsTime() {
        Sim sim = sim(1, "zero");
        long[] times = new long[200];
        for (int i = 0; i < times.length; i++) {
            times[i] = 10 * Sim.MS + i * 7L * Sim.MS + (i * 37 % 11) * 300_000L;
        }
        DomainLoad load = new DomainLoad(1, 1, id -> new Workload() {
            private boolean waited;

            @Override
            public void next(Task task) {
                waited = !waited;
                if (waited) {
                    task.waitFor(1);
                } else {
                    task.compute(200_000);
                }
            }
        });
        sim.add(1, "spin", Workloads.create("spin", Map.of(), 1));
        Domain device = sim.add(2, "device", load);
        int port = (int) sim.hypervisor.events().bindVirq(device.vcpus().get(0), Abi.VIRQ_ARCH_0);
        load.guests().get(0).connect(1, port);
        sim.hypervisor.raiseFromOutside(device.vcpus().get(0), Abi.VIRQ_ARCH_0, times);
        sim.start();
        sim.hypervisor.run(END);

        // In a domU nothing in a scheduling-only trace speaks for a device; as dom0 it is assumed to have one.
        assertThat(sim.demand("zero", 0, END, DemandExtractorTest::scheduling)
                        .vcpusOf(2)
                        .get(0)
                        .count(DemandStep.AWAIT_OUTSIDE))
                .isZero();
        sim.records.forEach(r -> r.word[0] = domainTwoIsZero(r));
        VcpuDemand d = sim.demand("zero", 0, END, DemandExtractorTest::scheduling)
                .vcpusOf(0)
                .get(0);
        assertThat(d.count(DemandStep.AWAIT_OUTSIDE)).isEqualTo(times.length);
        int n = 0;
        for (int i = 0; i < d.size(); i++) {
            if (d.kind(i) == DemandStep.AWAIT_OUTSIDE) {
                assertThat(d.value(i)).isEqualTo(times[n++]);
            }
        }
    }

    private static int domainTwoIsZero(TraceRecord r) {
        if ((r.event & ~0xff0) == Sched.RUNSTATE_CHANGE) {
            return r.word[0] >>> 16 == 2 ? r.word[0] & 0xffff : r.word[0];
        }
        return r.event >>> 12 == 0x28 && r.word[0] == 2 ? 0 : r.word[0];
    }

    @Test
    void aPauseByTheOperatorIsDemandButACapIsNot() {
        DemandExtractor extractor =
                new DemandExtractor(1_000_000_000, CostProfile.load("zero"), Map.of(), 0, Long.MAX_VALUE);
        long t = 0;
        extractor.accept(runstate(t, 1, 3, 1)); // dom1 was paused before the trace began, and runs
        extractor.accept(runstate(t, 1, 1, 0));
        for (int i = 0; i < 10; i++) {
            extractor.accept(runstate(t += 15 * Sim.MS, 1, 0, 3)); // parked by its cap
            extractor.accept(runstate(t += 85 * Sim.MS, 1, 3, 0));
        }
        extractor.accept(record(t += 5 * Sim.MS, Sched.SLEEP, 1, 0)); // paused
        extractor.accept(runstate(t, 1, 0, 3));
        extractor.accept(runstate(t += 700 * Sim.MS, 1, 3, 1));
        extractor.accept(runstate(t, 1, 1, 0));
        extractor.accept(runstate(t += 100 * Sim.MS, 1, 0, 1));
        Demand demand = extractor.finish();
        assertThat(demand.pausesOf(1)).containsExactly(1005 * Sim.MS, 1705 * Sim.MS);
        assertThat(demand.backlogged(1)).isTrue();
        assertThat(demand.vcpus().get(0).workNanos()).isEqualTo(255 * Sim.MS);
    }

    @Test
    void windowsCutWorkAndWaits() {
        Sim sim = sim(1, "zero");
        sim.add(1, "d", Workloads.create("periodic", Map.of("workMicros", 5000, "sleepMicros", 10_000), 1));
        sim.start();
        sim.hypervisor.run(END);
        VcpuDemand inWork = sim.demand("zero", 302 * Sim.MS, 308 * Sim.MS, DemandExtractorTest::scheduling)
                .vcpus()
                .get(0);
        assertThat(inWork.size()).isEqualTo(2);
        assertThat(inWork.value(0)).isCloseTo(3 * Sim.MS, within(1000L));
        assertThat(inWork.kind(1)).isEqualTo(DemandStep.SLEEP);
        assertThat(inWork.value(1)).isCloseTo(3 * Sim.MS, within(1000L));
        VcpuDemand inSleep = sim.demand("zero", 308 * Sim.MS, 317 * Sim.MS, DemandExtractorTest::scheduling)
                .vcpus()
                .get(0);
        assertThat(inSleep.kind(0)).isEqualTo(DemandStep.SLEEP_UNTIL);
        assertThat(inSleep.value(0)).isCloseTo(7 * Sim.MS, within(1000L));
        assertThat(inSleep.value(1)).isCloseTo(2 * Sim.MS, within(1000L));
    }

    @Test
    void refusesAWindowInWhichNothingRan() {
        Sim sim = sim(1, "zero");
        sim.add(1, "a", Workloads.create("spin", Map.of(), 1));
        sim.start();
        sim.hypervisor.run(Sim.MS);
        assertThatThrownBy(() -> sim.demand("zero", END, 2 * END, DemandExtractorTest::everything))
                .isInstanceOf(InputException.class)
                .hasMessage("no vCPU ran from 2.000 s to 4.000 s of the trace");
        assertThatThrownBy(() -> sim.demand("zero", 5, 5, DemandExtractorTest::everything))
                .isInstanceOf(InputException.class);
    }

    @Test
    void saysWhatItFoundAndWhy() {
        Sim sim = sim(1, "zero");
        sim.add(1, "a", Workloads.create("spin", Map.of(), 1));
        sim.add(2, "d", Workloads.create("periodic", Map.of("workMicros", 5000, "sleepMicros", 10_000), 1));
        assertThat(run(sim, "zero", DemandExtractorTest::scheduling).describe())
                .containsExactly(
                        "d1v0: never blocked, so its demand is unbounded",
                        "d2v0: 0.500 s of work; waits: 99 by a timer (always as long)");
    }

    static TraceRecord runstate(long tsc, int domain, int from, int to) {
        return record(tsc, TraceEvent.runstateChange(from, to), domain << 16);
    }

    static TraceRecord record(long tsc, int event, int... words) {
        TraceRecord r = new TraceRecord();
        r.tsc = tsc;
        r.hasTsc = true;
        r.event = event;
        r.words = words.length;
        System.arraycopy(words, 0, r.word, 0, words.length);
        return r;
    }
}
