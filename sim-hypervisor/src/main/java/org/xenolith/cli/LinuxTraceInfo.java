package org.xenolith.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.xenolith.guest.DemandStep;
import org.xenolith.guest.LinuxTasks;
import org.xenolith.guest.RecordedTask;
import org.xenolith.trace.LinuxSchedEvent.Kind;

/** The page that {@code trace info} prints of a Linux scheduling trace. */
final class LinuxTraceInfo {
    private static final int MOST_TASKS = 30;

    private final Path file;
    private final LinuxTasks trace;

    LinuxTraceInfo(Path file) {
        this.file = file;
        trace = LinuxTasks.read(file);
    }

    void print(PrintWriter out) {
        line(out, "trace", "%s", file);
        line(out, "kind", "Linux scheduling events as text; run it by guest: {workload: linux-trace, file: ...}");
        line(out, "duration", "%.6f s", trace.lengthNanos() / 1e9);
        line(out, "CPUs", "%d, busy %.1f %% of their time", trace.cpus(), busyPercent());
        line(
                out,
                "events",
                "%,d sched_switch, %,d sched_waking, %,d sched_wakeup, %,d sched_wakeup_new",
                trace.count(Kind.SWITCH),
                trace.count(Kind.WAKING),
                trace.count(Kind.WAKEUP),
                trace.count(Kind.WAKEUP_NEW));
        trace.remarks().forEach(remark -> line(out, "remark", "%s", remark));
        out.println();
        tasks(out);
    }

    private double busyPercent() {
        return trace.lengthNanos() == 0 ? 0 : 100.0 * trace.workNanos() / trace.lengthNanos() / trace.cpus();
    }

    private void tasks(PrintWriter out) {
        TextTable table = new TextTable(2);
        table.row("task", "pid", "CPU ms", "runs", "waits for others", "for time", "wakes others", "bound to");
        List<RecordedTask> tasks = trace.tasks().stream()
                .sorted(Comparator.comparingLong(RecordedTask::workNanos).reversed())
                .toList();
        for (RecordedTask task : tasks.subList(0, Math.min(MOST_TASKS, tasks.size()))) {
            table.row(
                    task.name(),
                    String.valueOf(task.pid()),
                    String.format(Locale.ROOT, "%.3f", task.workNanos() / 1e6),
                    String.valueOf(task.runs()),
                    String.valueOf(task.count(DemandStep.AWAIT_EVENT)),
                    String.valueOf(task.count(DemandStep.SLEEP) + task.count(DemandStep.SLEEP_UNTIL)),
                    String.valueOf(task.count(DemandStep.SEND)),
                    task.boundTo() < 0 ? "" : "CPU " + task.boundTo());
        }
        table.lines().forEach(out::println);
        if (tasks.size() > MOST_TASKS) {
            out.println("and " + (tasks.size() - MOST_TASKS) + " more");
        }
    }

    private static void line(PrintWriter out, String name, String format, Object... values) {
        out.printf(Locale.ROOT, "%-11s " + format + "%n", prepend(name, values));
    }

    private static Object[] prepend(String name, Object... values) {
        Object[] all = new Object[values.length + 1];
        all[0] = name;
        System.arraycopy(values, 0, all, 1, values.length);
        return all;
    }
}
