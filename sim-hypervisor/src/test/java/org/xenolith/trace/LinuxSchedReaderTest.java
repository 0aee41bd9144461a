package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.engine.InputException;

class LinuxSchedReaderTest {
    @TempDir
    Path folder;

    /** One line for each event of a text. */
    static List<String> events(String text) {
        try (LinuxSchedReader reader = reader(text)) {
            return events(reader);
        }
    }

    private static List<String> events(LinuxSchedReader reader) {
        List<String> lines = new ArrayList<>();
        LinuxSchedEvent e = new LinuxSchedEvent();
        while (reader.next(e)) {
            lines.add(
                    switch (e.kind) {
                        case SWITCH ->
                            e.nanos + " c" + e.cpu + " " + e.previousName + ":" + e.previous + " " + e.state + " > "
                                    + e.name + ":" + e.task;
                        case LOST -> "lost on c" + e.cpu;
                        default ->
                            e.nanos + " c" + e.cpu + " " + e.kind + " " + e.name + ":" + e.task + " by " + e.context
                                    + (e.inInterrupt ? " in interrupt" : "");
                    });
        }
        return lines;
    }

    private static LinuxSchedReader reader(String text) {
        return new LinuxSchedReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "t.txt");
    }

    @Test
    void readsFtraceOfTheKernel() {
        assertThat(
                        events(
                                """
                # tracer: nop
                #
                # entries-in-buffer/entries-written: 4/4   #P:2
                #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
                              sh-92      [000] .....     1.129357: sched_process_fork: comm=sh pid=92 child_comm=sh child_pid=95
                              sh-92      [000] d..2.     1.129364: sched_wakeup_new: comm=sh pid=95 prio=120 target_cpu=001
                          <idle>-0       [001] d..2.     1.129389: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 prev_state=R ==> next_comm=sh next_pid=95 next_prio=120
                     Web Content-1234    [001] dNh3.     1.129737: sched_waking: comm=khvcd pid=56 prio=120 target_cpu=001
                     a-b: [1] 2.3-12     [000] d..2.     1.130000: sched_wakeup: comm=x pid=7 prio=-1 target_cpu=000
                """))
                .containsExactly(
                        "1129364000 c0 WAKEUP_NEW sh:95 by 92",
                        "1129389000 c1 swapper/1:0 R > sh:95",
                        "1129737000 c1 WAKING khvcd:56 by 1234 in interrupt",
                        "1130000000 c0 WAKEUP x:7 by 12");
    }

    @Test
    void readsFtraceWithThreadGroupsWithoutFlagsAndWithNanoseconds() {
        assertThat(
                        events(
                                """
                              sh-92      (     92) [000] d..2.     1.129364: sched_waking: comm=a b pid=95 prio=120 target_cpu=001
                          <idle>-0       (-------) [001] d.h2.     1.129365123: sched_waking: comm=c pid=96 prio=120 success=1 CPU:001
                              sh-92      [000]     1.2: sched_switch: prev_comm=sh prev_pid=92 prev_prio=120 prev_state=D|K ==> next_comm=x next_pid=1 next_prio=120
                """))
                .containsExactly(
                        "1129364000 c0 WAKING a b:95 by 92",
                        "1129365123 c1 WAKING c:96 by 0 in interrupt",
                        "1200000000 c0 sh:92 D|K > x:1");
    }

    @Test
    void readsPerfScript() {
        assertThat(
                        events(
                                """
                            perf  1234 [001]  9876.543210:       sched:sched_waking: comm=migration/1 pid=19 prio=0 target_cpu=001
                     Web Content 77/78 [000]  9876.543211:          1 sched:sched_switch: prev_comm=Web Content prev_pid=78 prev_prio=120 prev_state=R+ ==> next_comm=b c next_pid=9 next_prio=120
                    \tffffffff81a2b3c4 __schedule+0x2a ([kernel.kallsyms])

                         swapper     0 [000]  9876.543212345: sched:sched_wakeup: comm=x pid=5 prio=120 target_cpu=000
                           :-1    -1 [000]  9876.543213: sched:sched_wakeup: comm=x pid=5 prio=120 target_cpu=000
                            perf  1234 [001]  9876.6: raw_syscalls:sys_enter: NR 1 (sched_switch: 1)
                """))
                .containsExactly(
                        "9876543210000 c1 WAKING migration/1:19 by 1234",
                        "9876543211000 c0 Web Content:78 R+ > b c:9",
                        "9876543212345 c0 WAKEUP x:5 by 0",
                        "9876543213000 c0 WAKEUP x:5 by -1");
    }

    @Test
    void readsTraceCmdReportWithItsPlugins() {
        assertThat(
                        events(
                                """
                cpus=2
                CPU 1 is empty
                          <idle>-0     [001]    12.345678: sched_switch:         swapper/1:0 [120] R ==> sh:123 [120]
                              sh-123   [001]    12.345679: sched_wakeup:         kworker/0:1:55 [120] CPU:000
                              sh-123   [001]    12.345680: sched_waking:         comm=kworker/0:1 pid=55 prio=120 target_cpu=000
                """))
                .containsExactly(
                        "12345678000 c1 swapper/1:0 R > sh:123",
                        "12345679000 c1 WAKEUP kworker/0:1:55 by 123",
                        "12345680000 c1 WAKING kworker/0:1:55 by 123");
    }

    @Test
    void tellsWhereEventsWereLostAndWhatItPassedOver() {
        LinuxSchedReader reader = reader(
                """
                [ perf record: Woken up 1 times ]
                  a-1   [000] d..2.  1.0: sched_waking: comm=b pid=2 prio=120 target_cpu=000
                CPU:1 [LOST 12 EVENTS]
                CPU:0 [EVENTS DROPPED]
                  perf 0 [003] 1.5: PERF_RECORD_LOST lost 30
                  a-1   [000] d..2.  2.0: sched_wak""");
        assertThat(events(reader))
                .containsExactly("1000000000 c0 WAKING b:2 by 1", "lost on c1", "lost on c0", "lost on c3");
        assertThat(reader.remarks())
                .containsExactly("42 events were lost, in 3 places", "2 lines are no events, the first is line 1");
    }

    @Test
    void leavesOutALineThatTheFileEndsIn() {
        LinuxSchedReader reader =
                reader("  a-1   [000] d..2.  1.0: sched_waking: comm=b pid=2 prio=120 target_cpu=000\n"
                        + "  a-1   [000] d..2.  2.0: sched_waking: comm=b pi");
        assertThat(events(reader)).hasSize(1);
        assertThat(reader.remarks()).containsExactly("the file ends within line 2, which is left out");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "  a-1  [000] d..2.  2.0: sched_waking: comm=b prio=120 target_cpu=000 | a sched_waking without its fields",
                "  a-1  [000] d..2.  2.0: sched_switch: prev_comm=a prev_pid=1 ==> next_comm=b next_pid=2 next_prio=120 | a sched_switch without its fields",
                "  a-1  [000] d..2.  sched_waking: comm=b pid=2 prio=120 target_cpu=000 | is no line of ftrace, trace-cmd or perf script",
                "  a-1  [000] d..2.  0.5: sched_waking: comm=b pid=2 prio=120 target_cpu=000 | time goes back on CPU 0; there must be one recording in a file",
                "  a-1  [9999] d..2.  2.0: sched_waking: comm=b pid=2 prio=120 target_cpu=000 | CPU 9999 is beyond 4095",
                "  a-1  [000] d..2.  2.0: sched_waking: comm=b pid=9999999999 prio=120 target_cpu=000 | process id 9999999999 is out of range",
                "  a-1  [000] d..2.  9999999999.0: sched_waking: comm=b pid=2 prio=120 target_cpu=000 | a time out of range"
            })
    void refusesADamagedLine(String lineAndMessage) {
        String line = lineAndMessage.substring(0, lineAndMessage.indexOf(" | "));
        String message = lineAndMessage.substring(line.length() + 3);
        assertThatThrownBy(() -> events(
                        "# tracer: nop\n  a-1  [000] d..2.  1.0: sched_waking: comm=b pid=2 prio=120 target_cpu=000\n"
                                + line + "\n"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        "t.txt:3: " + message + ": '" + line.strip().substring(0, 10))
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesWhatHoldsNoSchedulingEvent() {
        assertThatThrownBy(() -> events("hello\nworld\n"))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "t.txt: no sched_switch, sched_waking or sched_wakeup in it as ftrace, trace-cmd report or perf"
                                + " script print them");
    }

    @Test
    void knowsItsOwn() throws Exception {
        Path text = Files.writeString(
                folder.resolve("a.txt"), "#\n  a-1  [000] 1.0: sched_waking: comm=b pid=2 prio=120 target_cpu=000\n");
        assertThat(LinuxSchedReader.recognises(text)).isTrue();
        assertThat(LinuxSchedReader.recognises(Files.writeString(folder.resolve("b.txt"), "sched_waking: hello")))
                .isFalse();
        assertThat(LinuxSchedReader.recognises(SharedTraces.trace("credit/s1-w256-w512")))
                .isFalse();
        assertThat(LinuxSchedReader.recognises(folder.resolve("none"))).isFalse();
    }
}
