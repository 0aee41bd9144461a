package org.xenolith.guest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;
import org.xenolith.engine.RandomStream;

/**
 * A parallel program of tasks under a guest's operating system, in phases: each task works, then all meet. They meet at a barrier, where
 * those who come early spin for a while and then sleep; or the first task forks the others anew for every phase and joins them.
 *
 * <p>A phase lasts until the last has come, so a vCPU that the hypervisor does not run holds up all; a hypervisor that runs
 * the domain's vCPUs at the same time (co-scheduling) makes most of it.
 */
final class Parallel implements WorkloadKind {
    @Override
    public String name() {
        return "parallel";
    }

    @Override
    public String title() {
        return "a parallel program of tasks that meet after each phase";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        List<WorkloadParameter> parameters = new ArrayList<>(List.of(
                WorkloadParameter.number("tasks", "", 0, 0, 10_000, "how many; 0 for one on each vCPU"),
                WorkloadParameter.micros("workMicros", 2000, 1, "work of each task in a phase"),
                WorkloadParameter.number(
                        "imbalancePercent", "%", 20, 0, 99, "work differs from that at random by up to so much"),
                WorkloadParameter.micros("spinMicros", 0, 0, "who waits at the barrier spins so long before it sleeps"),
                WorkloadParameter.flag("ple", false, "spinning causes pause-loop exits"),
                WorkloadParameter.flag("fork", false, "phases are forked and joined instead")));
        parameters.addAll(OsSettings.KERNEL);
        parameters.addAll(OsSettings.SPINNING);
        return parameters;
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        int tasks = values.number("tasks") == 0 ? vcpus : (int) values.number("tasks");
        if (tasks < 2) {
            throw new InputException("workload parallel: there must be at least 2 tasks, not " + tasks);
        }
        Load load = new Load(OsSettings.of(values, values.flag("ple")), vcpus, tasks, values);
        if (values.flag("fork")) {
            load.add(new Master(load, tasks), OsTask.ANY_VCPU);
        } else {
            for (int i = 0; i < tasks; i++) {
                load.add(new Member(load, new Work(load, i)), OsTask.ANY_VCPU);
            }
        }
        return load;
    }

    private static final class Load extends GuestOs {
        private final OsBarrier barrier;
        private final long workNanos;
        private final long spreadNanos;
        private long joined;

        Load(OsSettings settings, int vcpus, int tasks, WorkloadValues values) {
            super("parallel", settings, vcpus);
            barrier = new OsBarrier(tasks, values.nanos("spinMicros"));
            workNanos = values.nanos("workMicros");
            spreadNanos = workNanos / 100 * values.number("imbalancePercent");
        }

        @Override
        Map<String, Long> sums() {
            Map<String, Long> counters = new LinkedHashMap<>();
            counters.put("phases", joined + barrier.phase());
            counters.putAll(super.sums());
            return counters;
        }
    }

    /** What one of the tasks has to do in each phase. */
    private static final class Work {
        private final Load load;
        private final int number;
        private RandomStream random;

        Work(Load load, int number) {
            this.load = load;
            this.number = number;
        }

        void compute(OsProgram.Steps os) {
            if (random == null) {
                random = load.random("task" + number);
            }
            os.compute(Math.max(1, os.cycles(load.workNanos + GuestOs.spread(random, load.spreadNanos))));
        }
    }

    /** Works and meets the others at the barrier. */
    private static final class Member implements OsProgram {
        private final Load load;
        private final Work work;
        private boolean worked;

        Member(Load load, Work work) {
            this.load = load;
            this.work = work;
        }

        @Override
        public void next(Steps os) {
            worked = !worked;
            if (worked) {
                work.compute(os);
            } else {
                os.meet(load.barrier);
            }
        }
    }

    /** Forks the others, works, and joins them. */
    private static final class Master implements OsProgram {
        private final Load load;
        private final List<Work> work = new ArrayList<>();
        private final List<OsTask> others = new ArrayList<>();
        private boolean worked;

        Master(Load load, int tasks) {
            this.load = load;
            for (int i = 0; i < tasks; i++) {
                work.add(new Work(load, i));
            }
        }

        @Override
        public void next(Steps os) {
            if (worked && others.isEmpty()) {
                worked = false;
                load.joined++;
            }
            if (worked) {
                os.await(others.remove(others.size() - 1).ended);
            } else if (others.size() < work.size() - 1) {
                others.add(os.fork(new Child(work.get(1 + others.size()))));
            } else {
                worked = true;
                work.get(0).compute(os);
            }
        }
    }

    /** Works once. */
    private static final class Child implements OsProgram {
        private final Work work;
        private boolean worked;

        Child(Work work) {
            this.work = work;
        }

        @Override
        public void next(Steps os) {
            if (worked) {
                os.exit();
            } else {
                worked = true;
                work.compute(os);
            }
        }
    }
}
