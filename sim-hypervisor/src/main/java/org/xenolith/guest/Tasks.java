package org.xenolith.guest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.xenolith.engine.InputException;
import org.xenolith.engine.RandomStream;

/**
 * Tasks under a guest's operating system that share data under spinlocks: each works, takes a lock, works under it, releases it and
 * may sleep, again and again. The same tasks can be run with three kinds of lock, to see what becomes of them when the
 * hypervisor preempts a vCPU that holds one.
 */
final class Tasks implements WorkloadKind {
    /** What waits for a lock do. */
    private enum Lock {
        /** There are none. */
        NONE,
        /** Spin for as long as it takes. */
        SPIN,
        /** Spin; after a while of it the hardware exits and the hypervisor has the vCPU yield. */
        PLE,
        /** Spin for a while, then halt until kicked. */
        PV
    }

    @Override
    public String name() {
        return "tasks";
    }

    @Override
    public String title() {
        return "tasks under a guest's scheduler share spinlocks";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        List<WorkloadParameter> parameters = new ArrayList<>(List.of(
                WorkloadParameter.number("tasks", "", 0, 0, 10_000, "how many; 0 for one on each vCPU"),
                WorkloadParameter.text(
                        "lock", "spin", "spin, ple (pause-loop exits), pv (halts and is kicked) or none"),
                WorkloadParameter.number("locks", "", 1, 1, 10_000, "how many; each turn takes one at random"),
                WorkloadParameter.flag("tickets", false, "waiters get a lock in the order they came"),
                WorkloadParameter.micros("outsideMicros", 500, 1, "work without the lock"),
                WorkloadParameter.micros("criticalMicros", 100, 1, "work under the lock"),
                WorkloadParameter.number(
                        "imbalancePercent", "%", 50, 0, 99, "work without it differs at random by up to so much"),
                WorkloadParameter.micros("sleepMicros", 0, 0, "sleep after each turn"),
                WorkloadParameter.micros("pvSpinMicros", 50, 1, "with lock pv, spin so long before halting")));
        parameters.addAll(OsSettings.KERNEL);
        parameters.addAll(OsSettings.SPINNING);
        return parameters;
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        Lock kind = lock(values.text("lock"));
        Load load = new Load(OsSettings.of(values, kind == Lock.PLE), vcpus);
        int locks = kind == Lock.NONE ? 0 : (int) values.number("locks");
        long patience = kind == Lock.PV ? values.nanos("pvSpinMicros") : OsWait.FOREVER;
        for (int i = 0; i < locks; i++) {
            load.locks.add(load.lock(values.flag("tickets"), patience));
        }
        int tasks = values.number("tasks") == 0 ? vcpus : (int) values.number("tasks");
        for (int i = 0; i < tasks; i++) {
            load.add(new Turns(load, i, values), OsTask.ANY_VCPU);
        }
        return load;
    }

    private static Lock lock(String name) {
        for (Lock lock : Lock.values()) {
            if (lock.name().toLowerCase(Locale.ROOT).equals(name)) {
                return lock;
            }
        }
        throw new InputException("workload tasks: lock must be spin, ple, pv or none, not " + name);
    }

    private static final class Load extends GuestOs {
        private final List<OsLock> locks = new ArrayList<>();
        private long turns;
        private long longestWaitNanos;

        Load(OsSettings settings, int vcpus) {
            super("tasks", settings, vcpus);
        }

        @Override
        Map<String, Long> sums() {
            Map<String, Long> counters = new LinkedHashMap<>();
            counters.put("turns", turns);
            counters.putAll(super.sums());
            return counters;
        }

        @Override
        public void beginWindow() {
            super.beginWindow();
            longestWaitNanos = 0;
        }

        @Override
        public Map<String, Long> counters() {
            Map<String, Long> counters = super.counters();
            if (!locks.isEmpty()) {
                counters.put("longestWaitNanos", longestWaitNanos);
            }
            return counters;
        }
    }

    private enum State {
        STARTS,
        OUTSIDE,
        WANTS,
        HOLDS,
        DONE
    }

    private static final class Turns implements OsProgram {
        private final Load load;
        private final int number;
        private final long outsideNanos;
        private final long spreadNanos;
        private final long criticalNanos;
        private final long sleepNanos;
        private RandomStream random;
        private State state = State.STARTS;
        private OsLock lock;
        private long wantedNanos;

        Turns(Load load, int number, WorkloadValues values) {
            this.load = load;
            this.number = number;
            outsideNanos = values.nanos("outsideMicros");
            spreadNanos = outsideNanos / 100 * values.number("imbalancePercent");
            criticalNanos = values.nanos("criticalMicros");
            sleepNanos = values.nanos("sleepMicros");
        }

        @Override
        public void next(Steps os) {
            switch (state) {
                case STARTS -> {
                    random = load.random("task" + number);
                    beginTurn(os);
                }
                case OUTSIDE -> {
                    if (load.locks.isEmpty()) {
                        endTurn(os);
                    } else {
                        state = State.WANTS;
                        lock = load.locks.get(load.locks.size() == 1 ? 0 : random.nextInt(load.locks.size()));
                        wantedNanos = os.nowNanos();
                        os.lock(lock);
                    }
                }
                case WANTS -> {
                    state = State.HOLDS;
                    load.longestWaitNanos = Math.max(load.longestWaitNanos, os.nowNanos() - wantedNanos);
                    os.compute(os.cycles(criticalNanos));
                }
                case HOLDS -> {
                    state = State.DONE;
                    os.unlock(lock);
                }
                case DONE -> endTurn(os);
            }
        }

        private void endTurn(Steps os) {
            load.turns++;
            if (sleepNanos > 0) {
                state = State.STARTS;
                os.sleepUntil(os.nowNanos() + sleepNanos);
            } else {
                beginTurn(os);
            }
        }

        private void beginTurn(Steps os) {
            state = State.OUTSIDE;
            os.compute(Math.max(1, os.cycles(outsideNanos + GuestOs.spread(random, spreadNanos))));
        }
    }
}
