package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Runstate;
import org.xenolith.trace.TraceEvent;

class GuestOsTest {
    private static final long SECOND = 1000 * Sim.MS;
    private static final OsSettings SETTINGS = new OsSettings(4 * Sim.MS, 4 * Sim.MS, 0, 2000, 0);

    private static Sim sim(int pcpus) {
        return new Sim(pcpus, "zero", 10 * Sim.MS, UnaryOperator.identity());
    }

    private static Map<String, Long> run(int pcpus, int vcpus, int spinners, String workload, Object... parameters) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < parameters.length; i += 2) {
            values.put((String) parameters[i], parameters[i + 1]);
        }
        Sim sim = sim(pcpus);
        sim.type = Domain.Type.PVH;
        DomainLoad load = Workloads.create(workload, values, vcpus);
        sim.add(1, "d", load);
        if (spinners > 0) {
            sim.add(2, "spin", Workloads.create("spin", Map.of(), spinners));
        }
        sim.start();
        sim.hypervisor.run(SECOND);
        return load.counters();
    }

    @Test
    void tasksShareAVcpuInSlices() {
        GuestOs os = new GuestOs("test", SETTINGS, 1);
        OsTask[] tasks = new OsTask[3];
        for (int i = 0; i < tasks.length; i++) {
            tasks[i] = os.add(steps -> steps.compute(SECOND), OsTask.ANY_VCPU);
        }
        Sim sim = sim(1);
        sim.add(1, "os", os);
        sim.start();
        sim.hypervisor.run(SECOND);
        for (OsTask task : tasks) {
            assertThat(task.computed).isCloseTo(SECOND / 3, within(5 * Sim.MS));
        }
        assertThat(os.counters().get("switches")).isBetween(240L, 252L);
        assertThat(os.counters().get("ticks")).isBetween(249L, 250L);
    }

    @Test
    void aTaskThatSleepsPreemptsWhenItWakes() {
        GuestOs os = new GuestOs("test", SETTINGS, 1);
        os.add(steps -> steps.compute(SECOND), OsTask.ANY_VCPU);
        long[] latest = {0};
        boolean[] awake = {true};
        os.add(
                steps -> {
                    awake[0] = !awake[0];
                    if (awake[0]) {
                        latest[0] = Math.max(latest[0], steps.nowNanos() % (10 * Sim.MS));
                        steps.compute(Sim.MS / 10);
                    } else {
                        steps.sleepUntil((steps.nowNanos() / (10 * Sim.MS) + 1) * 10 * Sim.MS);
                    }
                },
                OsTask.ANY_VCPU);
        Sim sim = sim(1);
        sim.add(1, "os", os);
        sim.start();
        sim.hypervisor.run(SECOND);
        assertThat(latest[0]).isLessThan(100);
    }

    @Test
    void aTaskThatWaitsGoesToAnIdleVcpu() {
        GuestOs os = new GuestOs("test", SETTINGS, 3);
        OsTask busy = os.add(steps -> steps.compute(SECOND), OsTask.ANY_VCPU);
        OsTask other = os.add(steps -> steps.compute(SECOND), 0);
        Sim sim = sim(3);
        Domain domain = sim.add(1, "os", os);
        sim.start();
        sim.hypervisor.run(SECOND);
        // Both began on vCPU 0, where one must stay; at its second tick the other goes to one that is idle. Work is
        // counted up to a tick.
        assertThat(busy.computed + other.computed).isGreaterThan(2 * SECOND - (8 + 4 + 4 + 1) * Sim.MS);
        assertThat(domain.vcpus().get(0).cyclesIn(Runstate.RUNNING)).isEqualTo(SECOND);
    }

    @Test
    void aForkedTaskRunsOnAnIdleVcpuAndIsJoined() {
        // 4 tasks of 5 ms: on 4 pCPUs a phase lasts 5 ms, on 2 it lasts 10.
        Object[] parameters = {"workMicros", 5000, "imbalancePercent", 0, "fork", true, "switchMicros", 0};
        assertThat(run(4, 4, 0, "parallel", parameters).get("phases")).isBetween(198L, 199L);
        assertThat(run(2, 2, 0, "parallel", "tasks", 4, "workMicros", 5000, "imbalancePercent", 0, "fork", true)
                        .get("phases"))
                .isBetween(98L, 99L);
    }

    @Test
    void aBarrierIsAsFastAsItsSlowest() {
        Object[] parameters = {"workMicros", 5000, "imbalancePercent", 0, "switchMicros", 0};
        assertThat(run(4, 4, 0, "parallel", parameters).get("phases")).isBetween(198L, 199L);
        assertThat(run(2, 4, 0, "parallel", parameters).get("phases")).isBetween(98L, 99L);
        Map<String, Long> spinning =
                run(4, 4, 0, "parallel", "workMicros", 5000, "imbalancePercent", 50, "spinMicros", 100_000);
        assertThat(spinning.get("spunNanos")).isGreaterThan(SECOND / 2);
        assertThat(spinning.get("switches")).isEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"spin", "ple", "pv"})
    void nobodyBurnsMuchWhereNobodyIsPreempted(String lock) {
        Map<String, Long> counters = run(3, 3, 0, "tasks", "lock", lock, "outsideMicros", 1000, "criticalMicros", 10);
        assertThat(counters.get("turns")).isGreaterThan(2800);
        assertThat(counters.get("spunNanos")).isLessThan(60 * Sim.MS);
        assertThat(counters.get("holderPreemptions")).isZero();
    }

    @Test
    void aPreemptedHolderMakesOthersBurnUnlessTheyYieldOrHalt() {
        Map<String, Long> spin = run(2, 4, 2, "tasks", "lock", "spin");
        Map<String, Long> ple = run(2, 4, 2, "tasks", "lock", "ple");
        Map<String, Long> pv = run(2, 4, 2, "tasks", "lock", "pv");
        assertThat(spin.get("holderPreemptedNanos")).isGreaterThan(SECOND / 10);
        for (Map<String, Long> better : List.of(ple, pv)) {
            assertThat(better.get("spunNanos")).isLessThan(spin.get("spunNanos") / 10);
            assertThat(better.get("turns")).isGreaterThan(spin.get("turns"));
        }
        assertThat(ple.get("pauseLoopExits")).isPositive();
        assertThat(pv.get("halts")).isPositive();
        assertThat(pv.get("kicks")).isBetween(pv.get("halts") / 2, pv.get("halts"));
    }

    @Test
    void ticketsWaitForAWaiterThatIsPreempted() {
        Map<String, Long> any = run(2, 4, 2, "tasks", "tickets", false);
        Map<String, Long> ordered = run(2, 4, 2, "tasks", "tickets", true);
        assertThat(any.get("waiterPreemptedNanos")).isZero();
        assertThat(ordered.get("waiterPreemptedNanos")).isGreaterThan(SECOND / 10);
        assertThat(ordered.get("turns")).isLessThan(any.get("turns"));
    }

    @Test
    void aPauseLoopExitIsRecordedAndYields() {
        Sim sim = sim(1);
        sim.type = Domain.Type.PVH;
        DomainLoad load = Workloads.create("tasks", Map.of("lock", "ple"), 2);
        sim.add(1, "d", load);
        sim.start();
        sim.hypervisor.run(SECOND);
        long exits = load.counters().get("pauseLoopExits");
        assertThat(exits).isPositive();
        assertThat(sim.count(TraceEvent.Hvm.VMEXIT_64)).isEqualTo(exits);
        assertThat(sim.count(TraceEvent.Hvm.VMENTRY)).isBetween(exits - 1, exits);
        assertThat(sim.count(TraceEvent.Sched.YIELD)).isEqualTo(exits);
    }

    @Test
    void loopsThatPauseTooSeldomAreNotSeen() {
        assertThat(run(1, 2, 0, "tasks", "lock", "ple", "pauseCycles", 129).get("pauseLoopExits"))
                .isZero();
        assertThat(run(1, 2, 0, "tasks", "lock", "ple", "pauseCycles", 128).get("pauseLoopExits"))
                .isPositive();
    }

    @Test
    void aPvDomainHasNoPauseLoopExits() {
        Sim sim = sim(1);
        sim.add(1, "d", Workloads.create("tasks", Map.of("lock", "ple"), 2));
        assertThatThrownBy(sim::start)
                .isInstanceOf(InputException.class)
                .hasMessage("workload tasks: d is a PV domain, which has no pause-loop exits; give it type: pvh");
    }

    @Test
    void aProgramThatNeverTakesTimeIsAnError() {
        GuestOs os = new GuestOs("test", SETTINGS, 1);
        OsSemaphore semaphore = new OsSemaphore();
        os.add(steps -> steps.post(semaphore), OsTask.ANY_VCPU);
        Sim sim = sim(1);
        sim.add(1, "os", os);
        sim.start();
        assertThatThrownBy(() -> sim.hypervisor.run(SECOND))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("none of which takes time");
    }
}
