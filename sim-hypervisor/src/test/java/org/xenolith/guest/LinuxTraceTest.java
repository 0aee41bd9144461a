package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.engine.InputException;
import org.xenolith.trace.LinuxSchedEvent.Kind;

/** The traces of real Linux that ship, read and run again. */
class LinuxTraceTest {
    private static final OsSettings SETTINGS = new OsSettings(4 * Sim.MS, 4 * Sim.MS, 0, 2000, 0);

    private static LinuxTasks read(String name) {
        Path here = Path.of("").toAbsolutePath();
        return LinuxTasks.read(here.getParent().resolve("traces/linux-6.1").resolve(name));
    }

    private static LinuxTrace.Load run(LinuxTasks trace, int pcpus, long nanos) {
        LinuxTrace.Load load = LinuxTrace.load(trace, SETTINGS, trace.cpus());
        Sim sim = new Sim(pcpus, "zero", 10 * Sim.MS, UnaryOperator.identity());
        sim.keep = false;
        sim.add(1, "linux", load);
        sim.start();
        sim.hypervisor.run(nanos);
        return load;
    }

    @ParameterizedTest
    @CsvSource({
        "shell-ftrace.txt.xz,      1557, 767,  767,  55, 64, 936422000",
        "shell-perf.txt.xz,        2220, 1110, 1109, 52, 64, 41515678000",
        "shell-trace-cmd.txt.xz,   1907, 920,  920,  52, 64, 14580749000",
        "perf-ns.txt,              20,   10,   10,   0,  8,  41708845",
        "trace-cmd-raw.txt,        20,   5,    5,    9,  13, 143786000",
        "trace-cmd-latency.txt,    20,   5,    5,    9,  13, 143786000",
        "trace-pipe.txt,           37,   11,   11,   0,  9,  522805000"
    })
    void everyLayoutIsReadInFull(
            String name, int switches, int waking, int wakeups, int forks, int tasks, long lengthNanos) {
        LinuxTasks trace = read(name);
        assertThat(List.of(
                        trace.count(Kind.SWITCH),
                        trace.count(Kind.WAKING),
                        trace.count(Kind.WAKEUP),
                        trace.count(Kind.WAKEUP_NEW)))
                .containsExactly(switches, waking, wakeups, forks);
        assertThat(trace.cpus()).isEqualTo(2);
        assertThat(trace.tasks()).hasSize(tasks);
        assertThat(trace.lengthNanos()).isEqualTo(lengthNanos);
        assertThat(trace.workNanos()).isBetween(1L, 2 * trace.lengthNanos());
    }

    @Test
    void whatWasLostIsToldOf() {
        assertThat(read("trace-pipe.txt").remarks()).contains("218 events were lost, in one place");
    }

    @ParameterizedTest
    @ValueSource(strings = {"shell-ftrace.txt.xz", "shell-perf.txt.xz", "shell-trace-cmd.txt.xz"})
    void aloneTheTasksTakeWhatTheyTook(String name) {
        LinuxTasks trace = read(name);
        LinuxTrace.Load load = run(trace, trace.cpus(), 2 * trace.lengthNanos());
        assertThat(load.counters())
                .containsEntry("endedTasks", (long) trace.tasks().size());
        for (RecordedTask task : trace.tasks()) {
            long computed = load.tasks().get(task.number()).computed;
            assertThat(computed).as(task.name()).isCloseTo(task.workNanos(), within(task.workNanos() / 100));
        }
        double recorded = trace.lengthNanos();
        assertThat((double) load.counters().get("finishedNanos")).isCloseTo(recorded, within(0.02 * recorded));
    }

    @Test
    void theyRunNearlyAsOften() {
        // Not so in the traces from QEMU, whose ticks came late: there a task kept its CPU for longer than its slice.
        LinuxTasks trace = read("shell-ftrace.txt.xz");
        LinuxTrace.Load load = run(trace, 2, 2 * trace.lengthNanos());
        double recorded = trace.tasks().stream().mapToLong(RecordedTask::runs).sum();
        double again = load.tasks().stream().mapToLong(task -> task.runs).sum();
        assertThat(again).isCloseTo(recorded, within(0.1 * recorded)); // 1312 and 1231
        for (RecordedTask task : trace.tasks()) {
            if (task.runs() >= 70 && !List.of("head", "gzip").contains(task.name())) {
                // Which end of a pipe waits for the other depends on how long a slice is left when it is woken.
                double runs = load.tasks().get(task.number()).runs;
                assertThat(runs).as(task.name()).isCloseTo(task.runs(), within(0.35 * task.runs()));
            }
        }
    }

    @Test
    void onOnePcpuTheyTakeLonger() {
        LinuxTasks trace = read("shell-ftrace.txt.xz");
        Map<String, Long> counters = run(trace, 1, 3 * trace.lengthNanos()).counters();
        assertThat(counters).containsEntry("endedTasks", 64L);
        assertThat(counters.get("finishedNanos")).isGreaterThan(trace.workNanos());
    }

    @Test
    void aFileMustBeNamedAndBeOne() {
        assertThatThrownBy(() -> Workloads.create("linux-trace", Map.of(), 2))
                .isInstanceOf(InputException.class)
                .hasMessage("workload linux-trace: 'file' is missing; it names the trace");
        assertThatThrownBy(() -> Workloads.create("linux-trace", Map.of("file", "no-such-file"), 2))
                .isInstanceOf(InputException.class)
                .hasMessage("no-such-file: no such file");
        assertThatThrownBy(() -> Workloads.create("linux-trace", Map.of("file", "pom.xml"), 2))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("pom.xml: no sched_switch");
    }
}
