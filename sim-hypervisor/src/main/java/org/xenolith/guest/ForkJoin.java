package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.Hypervisor;

/**
 * A parallel program in phases: every vCPU works, then waits at a barrier; the last to arrive wakes the others by IPIs. A
 * phase lasts as long as its slowest vCPU takes, so one that is not scheduled holds up all.
 */
final class ForkJoin implements WorkloadKind {
    private static final int OWN_LINE = 1;

    @Override
    public String name() {
        return "fork-join";
    }

    @Override
    public String title() {
        return "the domain's vCPUs work, then meet at a barrier, again and again";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.micros("workMicros", 5000, 1, "work of each vCPU in a phase"),
                WorkloadParameter.number(
                        "imbalancePercent", "%", 0, 0, 100, "work differs from that at random by up to so much"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        if (vcpus < 2) {
            throw new InputException("workload fork-join: the domain must have at least 2 vCPUs, not " + vcpus);
        }
        Barrier barrier = new Barrier(vcpus);
        long workNanos = values.nanos("workMicros");
        long spreadNanos = workNanos / 100 * values.number("imbalancePercent");
        return new DomainLoad(vcpus, 1 + vcpus, id -> new Member(barrier, id, workNanos, spreadNanos)) {
            @Override
            void connect(Hypervisor hypervisor, Domain own, Map<Integer, DomainLoad> loads) {
                connectAllToAll(hypervisor.events(), own, OWN_LINE);
            }

            @Override
            Map<String, Long> sums() {
                Map<String, Long> counters = new LinkedHashMap<>();
                counters.put("phases", barrier.phase);
                return counters;
            }
        };
    }

    /** In the memory that the domain's vCPUs share. */
    private static final class Barrier {
        private final int members;
        private int arrived;
        private long phase;

        Barrier(int members) {
            this.members = members;
        }
    }

    private static final class Member implements Workload {
        private final Barrier barrier;
        private final int id;
        private final long workNanos;
        private final long spreadNanos;
        private RandomStream random;

        private boolean working;

        /** Phase that it works on next. */
        private long phase;

        /** Whom it still wakes, if it came last; else past the last member. */
        private int wake;

        Member(Barrier barrier, int id, long workNanos, long spreadNanos) {
            this.barrier = barrier;
            this.id = id;
            this.workNanos = workNanos;
            this.spreadNanos = spreadNanos;
            this.wake = barrier.members;
        }

        @Override
        public void next(Task task) {
            if (working) {
                working = false;
                phase++;
                if (++barrier.arrived == barrier.members) {
                    barrier.arrived = 0;
                    barrier.phase++;
                    wake = 0;
                }
            }
            if (wake == id) {
                wake++;
            }
            if (wake < barrier.members) {
                task.send(OWN_LINE + 1 + wake++);
            } else if (phase == barrier.phase) {
                working = true;
                task.compute(Math.max(1, task.cycles(workNanos + spread(task))));
            } else {
                task.waitFor(OWN_LINE);
            }
        }

        private long spread(Task task) {
            if (spreadNanos == 0) {
                return 0;
            }
            if (random == null) {
                random = task.random("imbalance");
            }
            return random.nextLong(2 * spreadNanos + 1) - spreadNanos;
        }
    }
}
