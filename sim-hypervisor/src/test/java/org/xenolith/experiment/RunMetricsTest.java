package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.xenolith.trace.TraceEvent.RUNSTATE_BLOCKED;
import static org.xenolith.trace.TraceEvent.RUNSTATE_OFFLINE;
import static org.xenolith.trace.TraceEvent.RUNSTATE_RUNNABLE;
import static org.xenolith.trace.TraceEvent.RUNSTATE_RUNNING;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xenolith.experiment.CellSummary.DomainSummary;
import org.xenolith.experiment.RunMetrics.DomainLabel;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

class RunMetricsTest {
    private static final TscClock NANOS = new TscClock(1_000_000_000L);
    private static final int A = TraceEvent.packVcpu(1, 0);
    private static final int B = TraceEvent.packVcpu(2, 0);

    private final RunMetrics metrics = new RunMetrics(NANOS, 100, 1100);

    private void at(long tsc, int cpu, int vcpu, int oldState, int newState) {
        accept(metrics, tsc, cpu, vcpu, oldState, newState);
    }

    private static void accept(RunMetrics into, long tsc, int cpu, int vcpu, int oldState, int newState) {
        TraceRecord record = new TraceRecord();
        record.hasTsc = true;
        record.tsc = tsc;
        record.cpu = cpu;
        record.event = TraceEvent.runstateChange(oldState, newState);
        record.words = 1;
        record.word[0] = vcpu;
        into.accept(record);
    }

    private DomainSummary only() {
        List<DomainSummary> domains = metrics.domains(List.of());
        assertThat(domains).hasSize(1);
        return domains.get(0);
    }

    @Test
    void countsAWakeTheRunThatFollowsAndItsPreemption() {
        at(50, 0, A, RUNSTATE_RUNNING, RUNSTATE_BLOCKED);
        at(200, 0, A, RUNSTATE_BLOCKED, RUNSTATE_RUNNABLE);
        at(230, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(530, 0, A, RUNSTATE_RUNNING, RUNSTATE_RUNNABLE);
        at(600, 1, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(700, 1, A, RUNSTATE_RUNNING, RUNSTATE_BLOCKED);

        DomainSummary a = only();
        assertThat(a.cpuPercent()).isCloseTo(40.0, within(1e-9));
        assertThat(a.wakeLatencyNanos()).isEqualTo(new CellSummary.Latency(1, 30L, 30L, 30L, 30L));
        assertThat(a.runLengthNanos()).isEqualTo(new CellSummary.RunLength(2, 100L, 300L));
        assertThat(a.contextSwitches()).isEqualTo(2);
        assertThat(a.preemptions()).isEqualTo(1);
        assertThat(a.migrations()).isEqualTo(1);
        assertThat(a.wakeups()).isEqualTo(1);
        assertThat(a.backlogged()).isFalse();
    }

    @Test
    void cutsTimeAtTheWindowButKeepsWholeLengths() {
        at(20, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(150, 0, A, RUNSTATE_RUNNING, RUNSTATE_RUNNABLE);
        at(1000, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(5000, 0, A, RUNSTATE_RUNNING, RUNSTATE_RUNNABLE);

        DomainSummary a = only();
        assertThat(a.cpuPercent()).isCloseTo(15.0, within(1e-9));
        assertThat(a.runLengthNanos()).isEqualTo(new CellSummary.RunLength(1, 130L, 130L));
        assertThat(a.backlogged()).isTrue();
        assertThat(a.contextSwitches()).isEqualTo(1);
    }

    @Test
    void aFirstRecordTellsWhatWasBeforeAndARunThroughoutLastsTheWindow() {
        at(2000, 0, A, RUNSTATE_RUNNING, RUNSTATE_RUNNABLE);

        DomainSummary a = only();
        assertThat(a.cpuPercent()).isCloseTo(100.0, within(1e-9));
        assertThat(a.runLengthNanos()).isEqualTo(new CellSummary.RunLength(1, 1000L, 1000L));
    }

    @Test
    void timeParkedBetweenWakingAndRunningIsNoLatency() {
        at(150, 0, A, RUNSTATE_BLOCKED, RUNSTATE_RUNNABLE);
        at(160, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_OFFLINE);
        at(900, 0, A, RUNSTATE_OFFLINE, RUNSTATE_RUNNABLE);
        at(905, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);

        assertThat(only().wakeLatencyNanos().max()).isEqualTo(15);
    }

    @Test
    void lengthsAcrossLostRecordsAreNotMadeUp() {
        at(150, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(900, 0, A, RUNSTATE_BLOCKED, RUNSTATE_RUNNABLE);
        at(910, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(930, 0, A, RUNSTATE_RUNNING, RUNSTATE_BLOCKED);

        assertThat(only().runLengthNanos()).isEqualTo(new CellSummary.RunLength(1, 20L, 20L));
    }

    @Test
    void fairnessWeighsSharesAndLeavesOutWhomACapHolds() {
        at(100, 0, A, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(400, 0, A, RUNSTATE_RUNNING, RUNSTATE_RUNNABLE);
        at(400, 0, B, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(1000, 0, B, RUNSTATE_RUNNING, RUNSTATE_RUNNABLE);
        int capped = TraceEvent.packVcpu(3, 0);
        at(1000, 0, capped, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);
        at(1050, 0, capped, RUNSTATE_RUNNING, RUNSTATE_OFFLINE);

        List<DomainLabel> labels = List.of(
                new DomainLabel(1, "a", 256, 0, null),
                new DomainLabel(2, "b", 512, 0, null),
                new DomainLabel(3, "c", 256, 5, null));
        assertThat(metrics.jainFairness(metrics.domains(labels))).isCloseTo(1.0, within(1e-9));
        List<DomainLabel> equal = List.of(new DomainLabel(3, "c", 256, 5, null));
        // 30 and 60 at equal weights: 90^2 / (2 * (30^2 + 60^2))
        assertThat(metrics.jainFairness(metrics.domains(equal))).isCloseTo(0.9, within(1e-9));
    }

    @Test
    void idleIsWhatTheIdleVcpuRan() {
        int idle = TraceEvent.packVcpu(TraceEvent.IDLE_DOMAIN, 0);
        at(300, 0, idle, RUNSTATE_RUNNING, RUNSTATE_RUNNABLE);
        at(900, 0, idle, RUNSTATE_RUNNABLE, RUNSTATE_RUNNING);

        assertThat(metrics.pcpus(1).get(0).idlePercent()).isCloseTo(40.0, within(1e-9));
        assertThat(metrics.domains(List.of())).isEmpty();
        assertThat(metrics.anythingRan()).isFalse();
    }

    @Property
    void garbageNeverBreaksItAndNoShareIsBeyondTheWindow(
            @ForAll @Size(max = 60) List<@LongRange(min = 0, max = 3000) Long> times,
            @ForAll @Size(min = 60, max = 60) List<@IntRange(min = 0, max = 3) Integer> states) {
        RunMetrics garbled = new RunMetrics(NANOS, 100, 1100);
        for (int i = 0; i < times.size(); i++) {
            accept(garbled, times.get(i), i & 1, A, states.get(i), states.get((7 * i + 1) % 60));
        }
        for (DomainSummary domain : garbled.domains(List.of())) {
            assertThat(domain.cpuPercent()).isBetween(0.0, 100.0);
        }
    }
}
