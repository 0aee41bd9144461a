package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xenolith.engine.InputException;

class LinuxTasksTest {
    private static LinuxTasks read(String text) {
        return LinuxTasks.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "t.txt");
    }

    /** A switch at {@code micros} on {@code cpu} from {@code from}, left in {@code state}, to {@code to}; 0 is the idle task. */
    static String change(long micros, int cpu, int from, String state, int to) {
        return line(micros, cpu, from, "d..2.")
                + String.format(
                        "sched_switch: prev_comm=t%d prev_pid=%d prev_prio=120 prev_state=%s ==> next_comm=t%d next_pid=%d next_prio=120%n",
                        from, from, state, to, to);
    }

    /** {@code by} wakes {@code task}, in an interrupt or not. */
    static String waking(long micros, int cpu, int by, boolean interrupt, int task) {
        return line(micros, cpu, by, interrupt ? "d.h2." : "d..2.")
                + String.format("sched_waking: comm=t%d pid=%d prio=120 target_cpu=000%n", task, task);
    }

    private static String line(long micros, int cpu, int pid, String flags) {
        return String.format(
                "t%d-%d [%03d] %s %d.%06d: ", pid, pid, cpu, flags, micros / 1_000_000, micros % 1_000_000);
    }

    private static List<String> steps(RecordedTask task) {
        List<String> steps = new ArrayList<>();
        for (int i = 0; i < task.size(); i++) {
            steps.add(
                    switch (task.kind(i)) {
                        case SEND, AWAIT_EVENT -> task.kind(i) + " " + task.peer(i);
                        default -> task.kind(i) + " " + task.value(i) / 1000;
                    });
        }
        return steps;
    }

    @Test
    void whoWakesIsWaitedFor() {
        LinuxTasks trace = read(change(100, 0, 0, "R", 1)
                + waking(130, 0, 1, false, 2)
                + change(135, 1, 0, "R", 2)
                + change(150, 1, 2, "S", 0)
                + change(160, 0, 1, "R", 3)
                + change(170, 0, 3, "S", 1)
                + waking(180, 0, 1, false, 2)
                + change(190, 0, 1, "Z", 0));
        assertThat(trace.tasks()).extracting(RecordedTask::pid).containsExactly(1, 2, 3);
        assertThat(steps(trace.tasks().get(0))).containsExactly("WORK 30", "SEND 1", "WORK 40", "SEND 1", "WORK 10");
        assertThat(steps(trace.tasks().get(1))).containsExactly("AWAIT_EVENT 0", "WORK 15", "AWAIT_EVENT 0");
        assertThat(steps(trace.tasks().get(2))).containsExactly("WORK 10");
        assertThat(trace.cpus()).isEqualTo(2);
        assertThat(trace.lengthNanos()).isEqualTo(90_000);
        assertThat(trace.remarks()).isEmpty();
    }

    @Test
    void whatAnInterruptEndsLastsAsLongAgain() {
        LinuxTasks trace = read(waking(95, 0, 0, true, 1)
                + change(100, 0, 0, "R", 1)
                + change(110, 0, 1, "S", 2)
                + waking(140, 0, 2, true, 1)
                + change(145, 0, 2, "R+", 1)
                + change(150, 0, 1, "D", 2));
        assertThat(steps(trace.tasks().get(0))).containsExactly("SLEEP_UNTIL 0", "WORK 10", "SLEEP 30", "WORK 5");
        assertThat(steps(trace.tasks().get(1))).containsExactly("WORK 35");
    }

    @Test
    void aTraceOfSwitchesAloneTellsTimes() {
        LinuxTasks trace = read(change(100, 0, 7, "R", 1)
                + change(110, 0, 1, "S", 7)
                + change(150, 0, 7, "R", 1)
                + change(160, 0, 1, "S", 7));
        assertThat(steps(trace.tasks().get(1))).containsExactly("SLEEP_UNTIL 0", "WORK 10", "SLEEP 40", "WORK 10");
        assertThat(trace.remarks())
                .containsExactly("no sched_waking or sched_wakeup in it: every wait is taken to last as long again");
    }

    @Test
    void aProcessIdMayComeAgain() {
        LinuxTasks trace = read(change(100, 0, 0, "R", 1)
                + waking(105, 0, 1, false, 9).replace("sched_waking", "sched_wakeup_new")
                + change(110, 0, 1, "S", 9)
                + change(120, 0, 9, "X", 1)
                + waking(125, 0, 1, false, 9).replace("sched_waking", "sched_wakeup_new")
                + change(130, 0, 1, "S", 9)
                + change(140, 0, 9, "X", 0));
        assertThat(trace.tasks()).extracting(RecordedTask::pid).containsExactly(1, 9, 9);
        assertThat(steps(trace.tasks().get(2))).containsExactly("AWAIT_EVENT 0", "WORK 10");
    }

    @Test
    void cpusMayStandOneBehindTheOther() {
        String one = change(100, 0, 0, "R", 1) + waking(130, 0, 1, false, 2) + change(150, 0, 1, "S", 0);
        String other = change(90, 1, 0, "R", 2)
                + change(110, 1, 2, "S", 0)
                + change(135, 1, 0, "R", 2)
                + change(160, 1, 2, "S", 0);
        assertThat(read(one + other).tasks().stream()
                        .map(t -> t.pid() + " " + steps(t))
                        .sorted())
                .isEqualTo(read(other + one).tasks().stream()
                        .map(t -> t.pid() + " " + steps(t))
                        .sorted()
                        .toList());
    }

    @Test
    void kernelThreadsOfACpuStayThere() {
        LinuxTasks trace = read((change(100, 1, 0, "R", 5) + change(110, 1, 5, "S", 6) + change(120, 1, 6, "S", 0))
                .replace("=t5 ", "=kworker/1:2-events ")
                .replace("=t6 ", "=kworker/u4:2 "));
        assertThat(trace.tasks().get(0).boundTo()).isEqualTo(1);
        assertThat(trace.tasks().get(1).boundTo()).isEqualTo(-1);
    }

    @Test
    void eventsThatWereLostAreNotMadeUp() {
        LinuxTasks trace = read(change(100, 0, 0, "R", 1) + "CPU:0 [LOST 3 EVENTS]\n" + change(200, 0, 2, "S", 1)
                + change(210, 0, 1, "S", 0));
        assertThat(trace.tasks().get(0).workNanos()).isEqualTo(10_000);
        assertThat(trace.remarks()).contains("3 events were lost, in one place");
    }

    @Test
    void aTraceInWhichNothingRunsIsRefused() {
        assertThatThrownBy(() -> read(waking(10, 0, 0, true, 1)))
                .isInstanceOf(InputException.class)
                .hasMessage("t.txt: no task runs in it; record sched_switch for a while");
    }
}
