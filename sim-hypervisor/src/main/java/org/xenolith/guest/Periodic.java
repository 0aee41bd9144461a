package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Works, then sleeps by a timer, on every vCPU. The sleep either starts when the work is done (a loop around nanosleep) or
 * lasts until the next multiple of work plus sleep (a periodic task); a task that is late begins its next turn at once.
 */
final class Periodic implements WorkloadKind {
    @Override
    public String name() {
        return "periodic";
    }

    @Override
    public String title() {
        return "works, then sleeps by a timer, again and again";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.micros("workMicros", 5000, 1, "work in each turn"),
                WorkloadParameter.micros("sleepMicros", 10_000, 1, "sleep after it"),
                WorkloadParameter.flag(
                        "absolute",
                        false,
                        "turns start every work + sleep, rather than a sleep after the last one's end"),
                WorkloadParameter.micros("startMicros", 0, 0, "sleep before the first turn"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        Load[] load = new Load[vcpus];
        return new DomainLoad(vcpus, 0, id -> load[id] = new Load(values)) {
            @Override
            Map<String, Long> sums() {
                Map<String, Long> counters = new LinkedHashMap<>();
                long turns = 0;
                long late = 0;
                for (Load l : load) {
                    turns += l.turns;
                    late += l.late;
                }
                counters.put("turns", turns);
                counters.put("lateTurns", late);
                return counters;
            }
        };
    }

    private static final class Load implements Workload {
        private final long workNanos;
        private final long sleepNanos;
        private final boolean absolute;
        private final long startNanos;

        private boolean started;
        private boolean worked;
        private long nextTurn;
        private long turns;
        private long late;

        Load(WorkloadValues values) {
            workNanos = values.nanos("workMicros");
            sleepNanos = values.nanos("sleepMicros");
            absolute = values.flag("absolute");
            startNanos = values.nanos("startMicros");
        }

        @Override
        public void next(Task task) {
            if (!started) {
                started = true;
                nextTurn = task.nowNanos() + startNanos;
                if (startNanos > 0) {
                    task.sleepUntil(nextTurn);
                    return;
                }
            }
            if (!worked) {
                worked = true;
                nextTurn += workNanos + sleepNanos;
                task.compute(task.cycles(workNanos));
                return;
            }
            worked = false;
            turns++;
            if (!absolute) {
                task.sleepFor(sleepNanos);
            } else {
                if (task.nowNanos() > nextTurn) {
                    late++;
                }
                task.sleepUntil(nextTurn);
            }
        }
    }
}
