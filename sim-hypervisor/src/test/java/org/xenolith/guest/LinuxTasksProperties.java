package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.xenolith.engine.InputException;

/** What holds for any schedule that a Linux could have had, and for any damage to its trace. */
class LinuxTasksProperties {
    /** A random schedule, as text. */
    private static final class Schedule {
        final List<String> lines = new ArrayList<>();
        final long[] busyMicros;
        private final Random random;
        private final int[] current;
        private final long[] since;
        private final List<Integer> ready = new ArrayList<>();
        private final List<Integer> asleep = new ArrayList<>();
        private int tasks;
        private long now = 1000;

        Schedule(long seed, int cpus, int first, int steps) {
            random = new Random(seed);
            busyMicros = new long[cpus];
            current = new int[cpus];
            since = new long[cpus];
            for (int i = 0; i < first; i++) {
                ready.add(++tasks);
            }
            for (int cpu = 0; cpu < cpus; cpu++) {
                change(cpu, "R"); // so that each CPU is seen from the begin on
            }
            for (int i = 0; i < steps; i++) {
                now += 1 + random.nextInt(500);
                step(random.nextInt(cpus));
            }
            for (int cpu = 0; cpu < cpus; cpu++) {
                ready.clear();
                change(cpu, "S");
            }
        }

        private void step(int cpu) {
            int running = current[cpu];
            int choice = random.nextInt(8);
            if (choice < 3 && !asleep.isEmpty()) {
                int woken = asleep.remove(random.nextInt(asleep.size()));
                lines.add(LinuxTasksTest.waking(now, cpu, running, random.nextInt(3) == 0, woken));
                ready.add(woken);
            } else if (choice == 3 && running != 0) {
                ready.add(++tasks);
                lines.add(LinuxTasksTest.waking(now, cpu, running, false, tasks).replace("_waking", "_wakeup_new"));
            } else {
                change(cpu, List.of("S", "D", "R", "R+", "Z").get(random.nextInt(5)));
            }
        }

        private void change(int cpu, String state) {
            int from = current[cpu];
            int to = ready.isEmpty() ? 0 : ready.remove(random.nextInt(ready.size()));
            if (from == to) {
                return;
            }
            lines.add(LinuxTasksTest.change(now, cpu, from, from == 0 ? "R" : state, to));
            if (from != 0) {
                busyMicros[cpu] += now - since[cpu];
                if (state.startsWith("R")) {
                    ready.add(from);
                } else if (!state.equals("Z")) {
                    asleep.add(from);
                }
            }
            current[cpu] = to;
            since[cpu] = now;
        }

        LinuxTasks read() {
            return LinuxTasksProperties.read(String.join("", lines));
        }
    }

    private static LinuxTasks read(String text) {
        return LinuxTasks.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "t.txt");
    }

    @Property(tries = 100)
    void allWorkIsFoundAndDoneAgain(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 4) int cpus,
            @ForAll @IntRange(min = 1, max = 9) int first,
            @ForAll @IntRange(min = 30, max = 300) int steps,
            @ForAll @IntRange(min = 1, max = 3) int vcpus) {
        Schedule schedule = new Schedule(seed, cpus, first, steps);
        long busy = 0;
        for (long micros : schedule.busyMicros) {
            busy += micros;
        }
        LinuxTasks trace;
        try {
            trace = schedule.read();
        } catch (InputException e) {
            assertThat(busy).isZero();
            return;
        }
        assertThat(trace.workNanos()).isEqualTo(1000 * busy);

        LinuxTrace.Load load = LinuxTrace.load(trace, new OsSettings(4 * Sim.MS, 4 * Sim.MS, 0, 2000, 0), vcpus);
        Sim sim = new Sim(2, "zero", 10 * Sim.MS, UnaryOperator.identity());
        sim.keep = false;
        sim.add(1, "linux", load);
        sim.start();
        sim.hypervisor.run(10_000 * Sim.MS);
        assertThat(load.counters().get("endedTasks")).isEqualTo(trace.tasks().size());
        assertThat(load.computedCycles()).isEqualTo(trace.workNanos());
    }

    @Property(tries = 200)
    void aDamagedTraceIsReadOrRefusedInALine(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int damages) {
        List<String> lines = new ArrayList<>(new Schedule(seed, 2, 4, 60).lines);
        Random random = new Random(seed);
        for (int i = 0; i < damages; i++) {
            int at = random.nextInt(lines.size());
            String line = lines.get(at);
            int from = random.nextInt(line.length() + 1);
            switch (random.nextInt(4)) {
                case 0 -> lines.set(at, line.substring(0, from));
                case 1 ->
                    lines.set(at, line.substring(0, from) + (char) (32 + random.nextInt(90)) + line.substring(from));
                case 2 -> Collections.swap(lines, at, random.nextInt(lines.size()));
                default -> lines.set(at, "CPU:" + random.nextInt(3) + " [LOST 7 EVENTS]\n");
            }
        }
        try {
            LinuxTasks trace = read(String.join("", lines));
            assertThat(trace.workNanos()).isPositive();
            assertThat(trace.tasks()).allMatch(task -> task.workNanos() >= 0);
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("t.txt:").doesNotContain("\n");
        }
    }
}
