package org.xenolith.guest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.xenolith.engine.InputException;

/**
 * vCPUs of a domain that share data under a spinlock. A waiter looks at the lock, pauses for a short time and looks again;
 * it burns cycles all the while. If the hypervisor preempts the holder, every other vCPU of the domain that needs the lock
 * burns its whole slice (lock-holder preemption); with tickets, so it is if the next in line is preempted.
 */
final class Spinlock implements WorkloadKind {
    @Override
    public String name() {
        return "spinlock";
    }

    @Override
    public String title() {
        return "the domain's vCPUs share a lock and spin while another holds it";
    }

    @Override
    public List<WorkloadParameter> parameters() {
        return List.of(
                WorkloadParameter.micros("outsideMicros", 500, 1, "work without the lock"),
                WorkloadParameter.micros("criticalMicros", 100, 1, "work under the lock"),
                WorkloadParameter.micros("pauseMicros", 2, 1, "a waiter looks at the lock so often"),
                WorkloadParameter.micros(
                        "yieldAfterMicros", 0, 0, "a waiter gives way after spinning so long, 0 for never"),
                WorkloadParameter.flag("tickets", false, "waiters get the lock in the order they came"));
    }

    @Override
    public DomainLoad create(int vcpus, WorkloadValues values) {
        if (vcpus < 2) {
            throw new InputException("workload spinlock: the domain must have at least 2 vCPUs, not " + vcpus);
        }
        Lock lock = new Lock(values.flag("tickets"));
        return new DomainLoad(vcpus, 0, id -> new Member(lock, values)) {
            @Override
            public Map<String, Long> counters() {
                Map<String, Long> counters = new LinkedHashMap<>();
                counters.put("acquisitions", lock.acquisitions);
                counters.put("spunNanos", lock.spunNanos);
                counters.put("yields", lock.yields);
                return counters;
            }
        };
    }

    /** In the memory that the domain's vCPUs share. */
    private static final class Lock {
        private final boolean tickets;
        private boolean held;
        private long nextTicket;
        private long served;
        private long acquisitions;
        private long spunNanos;
        private long yields;

        Lock(boolean tickets) {
            this.tickets = tickets;
        }
    }

    private enum State {
        STARTS,
        OUTSIDE,
        WANTS,
        SPINS,
        HOLDS
    }

    private static final class Member implements Workload {
        private final Lock lock;
        private final long outsideNanos;
        private final long criticalNanos;
        private final long pauseNanos;
        private final long yieldAfterNanos;
        private State state = State.STARTS;
        private long ticket;
        private long spunSinceYield;

        Member(Lock lock, WorkloadValues values) {
            this.lock = lock;
            outsideNanos = values.nanos("outsideMicros");
            criticalNanos = values.nanos("criticalMicros");
            pauseNanos = values.nanos("pauseMicros");
            yieldAfterNanos = values.nanos("yieldAfterMicros");
        }

        @Override
        public void next(Task task) {
            switch (state) {
                case STARTS -> leave(task);
                case HOLDS -> {
                    lock.held = false;
                    lock.served++;
                    leave(task);
                }
                case OUTSIDE -> {
                    ticket = lock.nextTicket++;
                    spunSinceYield = 0;
                    look(task);
                }
                case WANTS -> look(task);
                case SPINS -> {
                    lock.spunNanos += pauseNanos;
                    spunSinceYield += pauseNanos;
                    if (yieldAfterNanos > 0 && spunSinceYield >= yieldAfterNanos) {
                        spunSinceYield = 0;
                        lock.yields++;
                        state = State.WANTS;
                        task.giveWay();
                    } else {
                        look(task);
                    }
                }
            }
        }

        private void leave(Task task) {
            state = State.OUTSIDE;
            task.compute(task.cycles(outsideNanos));
        }

        private void look(Task task) {
            if (lock.held || (lock.tickets && lock.served != ticket)) {
                state = State.SPINS;
                task.compute(task.cycles(pauseNanos));
            } else {
                lock.held = true;
                lock.acquisitions++;
                state = State.HOLDS;
                task.compute(task.cycles(criticalNanos));
            }
        }
    }
}
