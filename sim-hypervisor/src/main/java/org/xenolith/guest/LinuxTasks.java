package org.xenolith.guest;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;
import org.xenolith.trace.LinuxSchedEvent;
import org.xenolith.trace.LinuxSchedEvent.Kind;
import org.xenolith.trace.LinuxSchedReader;

/**
 * The tasks of a Linux scheduling trace as demand: what each computed between its waits, what ended them, and whom it woke itself, so that
 * another scheduler can serve them differently.
 *
 * <p>A wait that another task ended, in its own time, is a wait for that task. One that an interrupt ended (a timer, a device, or anything
 * in the idle task's time) is taken to last as long again. Where the trace does not say what ended a wait, as in one of
 * {@code sched_switch} alone, it is taken for such a one too. A task that is there when the trace begins and waits until it is woken for
 * the first time waits from the begin on; one that is forked waits for who forks it.
 */
public final class LinuxTasks {
    private static final int MOST_EVENTS = 50_000_000;

    private final String name;
    private final List<RecordedTask> tasks = new ArrayList<>();
    private final Map<Integer, RecordedTask> byPid = new HashMap<>(); // looked up, never walked
    private final List<String> remarks = new ArrayList<>();
    private final RecordedTask[] current = new RecordedTask[LinuxSchedReader.MAX_CPUS];

    /** Since when what the current task of each CPU computes is not counted yet; -1 where the CPU was not seen yet or events were lost. */
    private final long[] since = new long[LinuxSchedReader.MAX_CPUS];

    private final boolean[] seen = new boolean[LinuxSchedReader.MAX_CPUS];
    private final int[] events = new int[Kind.values().length];
    private boolean anyWakes;
    private long begin;
    private long end;
    private long unexplained;

    private LinuxTasks(String name) {
        this.name = name;
        Arrays.fill(since, -1);
    }

    /** One event, kept. */
    private record Event(
            Kind kind,
            int cpu,
            long nanos,
            int context,
            boolean inInterrupt,
            int task,
            String name,
            int previous,
            String previousName,
            boolean previousRuns,
            boolean previousEnded) {
        static Event of(LinuxSchedEvent e) {
            boolean isSwitch = e.kind == Kind.SWITCH;
            return new Event(
                    e.kind,
                    e.cpu,
                    e.nanos,
                    e.context,
                    e.inInterrupt,
                    e.task,
                    e.name,
                    e.previous,
                    e.previousName,
                    isSwitch && e.previousRuns(),
                    isSwitch && e.previousEnded());
        }
    }

    /**
     * Reads a trace.
     *
     * @throws InputException if it is none or damaged, or no task runs in it
     */
    public static LinuxTasks read(Path file) {
        try (LinuxSchedReader reader = LinuxSchedReader.open(file)) {
            return read(reader, file.toString());
        }
    }

    /** Reads a trace from a stream; {@code name} stands for it in messages. */
    static LinuxTasks read(InputStream in, String name) {
        try (LinuxSchedReader reader = new LinuxSchedReader(in, name)) {
            return read(reader, name);
        }
    }

    private static LinuxTasks read(LinuxSchedReader reader, String name) {
        LinuxTasks result = new LinuxTasks(name);
        List<Event> events = new ArrayList<>();
        Map<String, String> names = new HashMap<>(); // each once
        LinuxSchedEvent event = new LinuxSchedEvent();
        boolean waking = false;
        while (reader.next(event)) {
            if (events.size() == MOST_EVENTS) {
                throw new InputException(name + ": more than " + MOST_EVENTS + " events; cut a piece out of it");
            }
            event.name = event.name == null ? null : names.computeIfAbsent(event.name, n -> n);
            event.previousName = event.previousName == null ? null : names.computeIfAbsent(event.previousName, n -> n);
            waking |= event.kind == Kind.WAKING;
            result.anyWakes |= event.kind == Kind.WAKING || event.kind == Kind.WAKEUP;
            result.events[event.kind.ordinal()]++;
            events.add(Event.of(event));
        }
        result.remarks.addAll(reader.remarks());
        events.sort(Comparator.comparingLong(Event::nanos)); // stable: what stands first came first
        result.build(events, waking);
        return result;
    }

    private void build(List<Event> sorted, boolean waking) {
        begin = sorted.stream()
                .filter(e -> e.kind() != Kind.LOST)
                .findFirst()
                .map(Event::nanos)
                .orElseThrow(() -> new InputException(name + ": holds no event but lost ones"));
        end = sorted.get(sorted.size() - 1).nanos();
        for (Event e : sorted) {
            switch (e.kind()) {
                case SWITCH -> change(e);
                // WAKING stands in the context of who wakes; WAKEUP often where the task will run.
                case WAKING -> wake(e);
                case WAKEUP -> {
                    if (!waking) {
                        wake(e);
                    }
                }
                case WAKEUP_NEW -> fork(e);
                case LOST -> {
                    current[e.cpu()] = null;
                    since[e.cpu()] = -1;
                    seen[e.cpu()] = true;
                }
            }
        }
        for (int cpu = 0; cpu < current.length; cpu++) {
            count(cpu, end);
        }
        tasks.forEach(RecordedTask::end);
        if (workNanos() == 0) {
            throw new InputException(name + ": no task runs in it; record sched_switch for a while");
        }
        if (!anyWakes) {
            remarks.add("no sched_waking or sched_wakeup in it: every wait is taken to last as long again");
        } else if (unexplained > 0) {
            remarks.add(unexplained + (unexplained == 1 ? " wait" : " waits")
                    + " ended by nothing recorded: taken to last as long again");
        }
    }

    private void change(Event e) {
        int cpu = e.cpu();
        RecordedTask previous = task(e.previous(), e.previousName());
        if (!seen[cpu] && previous != null) {
            previous.putOn(cpu); // it ran when the trace began
            current[cpu] = previous;
            since[cpu] = begin;
        }
        seen[cpu] = true;
        count(cpu, e.nanos());
        if (previous != null) {
            if (e.previousEnded()) {
                byPid.remove(previous.pid());
            } else if (!e.previousRuns()) {
                previous.beginsToWait(e.nanos());
            }
        }
        RecordedTask next = task(e.task(), e.name());
        if (next != null) {
            if (next.waits()) {
                next.wokeBySelf(e.nanos());
                unexplained++;
            } else if (next.isNew() && !anyWakes) {
                next.startsAt(e.nanos() - begin);
            }
            next.putOn(cpu);
        }
        current[cpu] = next;
        since[cpu] = e.nanos();
    }

    private void wake(Event e) {
        RecordedTask woken = task(e.task(), e.name());
        if (woken.waits() || woken.isNew()) {
            RecordedTask waker = waker(e);
            if (waker != null && waker != woken) {
                woken.wokenBy(waker);
            } else if (woken.waits()) {
                woken.wokeBySelf(e.nanos());
            } else {
                woken.startsAt(e.nanos() - begin);
            }
        }
    }

    private void fork(Event e) {
        byPid.remove(e.task()); // a process id may come again
        RecordedTask child = task(e.task(), e.name());
        RecordedTask parent = waker(e);
        if (parent != null && parent != child) {
            child.wokenBy(parent);
        } else {
            child.startsAt(e.nanos() - begin);
        }
    }

    /** The task that did it, with what it computed up to now counted; null if it was none or is not known to run. */
    private RecordedTask waker(Event e) {
        int cpu = e.cpu();
        if (e.inInterrupt() || e.context() <= 0) {
            return null;
        }
        RecordedTask waker = byPid.get(e.context());
        if (!seen[cpu]) {
            seen[cpu] = true;
            waker = waker == null ? task(e.context(), "pid " + e.context()) : waker;
            waker.putOn(cpu);
            current[cpu] = waker;
            since[cpu] = begin;
        }
        if (waker == null || current[cpu] != waker) {
            return null;
        }
        count(cpu, e.nanos());
        return waker;
    }

    /** Counts what the task on {@code cpu} computed up to {@code nanos}. */
    private void count(int cpu, long nanos) {
        if (current[cpu] != null && since[cpu] >= 0) {
            current[cpu].ran(nanos - since[cpu]);
        }
        since[cpu] = nanos;
    }

    /** The task with that process id; null for the idle task. */
    private RecordedTask task(int pid, String taskName) {
        if (pid <= 0) {
            return null;
        }
        RecordedTask task = byPid.get(pid);
        if (task == null) {
            task = new RecordedTask(tasks.size(), pid, taskName);
            tasks.add(task);
            byPid.put(pid, task);
        }
        task.rename(taskName);
        return task;
    }

    /** The tasks, in the order in which the trace names them. */
    public List<RecordedTask> tasks() {
        return Collections.unmodifiableList(tasks);
    }

    /** How many CPUs there are, as far as the trace shows. */
    public int cpus() {
        int cpus = 0;
        for (int cpu = 0; cpu < seen.length; cpu++) {
            cpus = seen[cpu] ? cpu + 1 : cpus;
        }
        return cpus;
    }

    /** From the first event to the last, ns. */
    public long lengthNanos() {
        return end - begin;
    }

    /** Time that tasks ran, ns. */
    public long workNanos() {
        return tasks.stream().mapToLong(RecordedTask::workNanos).sum();
    }

    /** How many events of {@code kind} there are. */
    public int count(Kind kind) {
        return events[kind.ordinal()];
    }

    /** What a user should know of the trace, one line each; empty if all is well. */
    public List<String> remarks() {
        return Collections.unmodifiableList(remarks);
    }
}
