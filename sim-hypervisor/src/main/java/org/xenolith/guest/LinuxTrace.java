package org.xenolith.guest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;

/**
 * The tasks of a recorded Linux, run again under a guest's operating system: each computes what it computed, wakes those it woke, and waits
 * for those it waited for ({@link LinuxTasks}). The guest's scheduler places them on the domain's vCPUs anew; only kernel threads of one
 * CPU stay on the vCPU of that number. Each task ends where the recording ends.
 */
final class LinuxTrace implements WorkloadKind {
    @Override
    public String name() {
        return "linux-trace";
    }

    @Override
    public String title() {
        return "the tasks of a Linux scheduling trace (ftrace, trace-cmd or perf script)";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        List<WorkloadParameter> parameters =
                new ArrayList<>(List.of(WorkloadParameter.file("file", "the trace as text; needed")));
        parameters.addAll(OsSettings.KERNEL);
        return parameters;
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        if (values.text("file").isEmpty()) {
            throw new InputException("workload linux-trace: 'file' is missing; it names the trace");
        }
        return load(LinuxTasks.read(Path.of(values.text("file"))), OsSettings.of(values), vcpus);
    }

    /** The load that {@code trace} is for a domain. */
    static Load load(LinuxTasks trace, OsSettings settings, int vcpus) {
        return new Load(trace, settings, vcpus);
    }

    /** The tasks and what they tell each other by. */
    static final class Load extends GuestOs {
        private final LinuxTasks trace;
        private final Map<Long, OsSemaphore> channels = new HashMap<>(); // looked up, never walked
        private final List<OsTask> tasks = new ArrayList<>();
        private long beginNanos = -1;
        private long ended;
        private long finishedNanos;

        Load(LinuxTasks trace, OsSettings settings, int vcpus) {
            super("linux-trace", settings, vcpus);
            this.trace = trace;
            for (RecordedTask task : trace.tasks()) {
                int pinned = task.boundTo() < 0 ? OsTask.ANY_VCPU : task.boundTo() % vcpus;
                Replay replay = new Replay(this, task);
                tasks.add(
                        task.size() > 0 && task.kind(0) == DemandStep.AWAIT_EVENT
                                ? addAsleep(replay, pinned, replay.channels[replay.position++])
                                : add(replay, pinned));
            }
        }

        /** The task of the guest that replays each of the trace's. */
        List<OsTask> tasks() {
            return tasks;
        }

        private OsSemaphore channel(int from, int to) {
            return channels.computeIfAbsent((long) from << Integer.SIZE | to, key -> new OsSemaphore());
        }

        /** System time at which the guest began, ns. */
        private long begin(long now) {
            if (beginNanos < 0) {
                beginNanos = now;
            }
            return beginNanos;
        }

        private void end(long now) {
            if (++ended == tasks.size()) {
                finishedNanos = now - beginNanos;
            }
        }

        /** Of the trace as a whole, and of the window what the guest's kernel counts. */
        @Override
        public Map<String, Long> counters() {
            Map<String, Long> counters = new LinkedHashMap<>();
            counters.put("tasks", (long) tasks.size());
            counters.put("endedTasks", ended);
            counters.put("recordedWorkNanos", trace.workNanos());
            counters.put("recordedNanos", trace.lengthNanos());
            counters.put("finishedNanos", finishedNanos);
            counters.putAll(super.counters());
            return counters;
        }

        @Override
        public String note() {
            return String.join("; ", trace.remarks());
        }
    }

    /** Walks the demand of one task. */
    private static final class Replay implements OsProgram {
        private final Load load;
        private final RecordedTask task;

        /** By step, what it tells another or waits for another by; null for other steps. */
        private final OsSemaphore[] channels;

        private int position;

        Replay(Load load, RecordedTask task) {
            this.load = load;
            this.task = task;
            channels = new OsSemaphore[task.size()];
            for (int i = 0; i < channels.length; i++) {
                channels[i] = switch (task.kind(i)) {
                    case SEND -> load.channel(task.number(), task.peer(i));
                    case AWAIT_EVENT -> load.channel(task.peer(i), task.number());
                    default -> null;
                };
            }
        }

        @Override
        public void next(Steps os) {
            long begin = load.begin(os.nowNanos());
            if (position == task.size()) {
                load.end(os.nowNanos());
                os.exit();
                return;
            }
            int i = position++;
            switch (task.kind(i)) {
                case WORK -> os.compute(Math.max(1, os.cycles(task.value(i))));
                case SLEEP -> os.sleepUntil(os.nowNanos() + task.value(i));
                case SLEEP_UNTIL -> os.sleepUntil(begin + task.value(i));
                case SEND -> os.post(channels[i]);
                case AWAIT_EVENT -> os.await(channels[i]);
                default -> throw new IllegalStateException("a task has no " + task.kind(i));
            }
        }
    }
}
