package org.xenolith.guest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.xenolith.engine.InputException;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.Hypervisor;

/**
 * A guest's operating system: tasks under a scheduler of its own on the domain's vCPUs, which the hypervisor schedules in turn. What is
 * here the vCPUs share; what each does is in {@link OsCpu}.
 *
 * <p>A task that wakes is placed where it ran last if that vCPU is idle, else on an idle one, else where it ran last. A vCPU
 * that goes idle, or takes its tick, takes a task that waits on a vCPU which has at least two more; at its tick it also gives one
 * that waits to a vCPU that is idle.
 */
class GuestOs extends DomainLoad {
    private final String workload;
    private final OsSettings settings;
    private final List<OsCpu> cpus;
    private final List<OsLock> locks = new ArrayList<>();
    private int tasks;

    /**
     * A system without tasks.
     *
     * @param workload the name of the workload in refusals
     */
    GuestOs(String workload, OsSettings settings, int vcpus) {
        this(workload, settings, new ArrayList<>(), vcpus);
    }

    private GuestOs(String workload, OsSettings settings, List<OsCpu> cpus, int vcpus) {
        super(vcpus, OsCpu.lines(vcpus), id -> {
            cpus.add(new OsCpu(id, vcpus));
            return cpus.get(id);
        });
        this.workload = workload;
        this.settings = settings;
        this.cpus = cpus;
        cpus.forEach(cpu -> cpu.boot(this));
    }

    OsSettings settings() {
        return settings;
    }

    /** Adds a task before the run; {@code pinned} is the vCPU it must run on, or {@link OsTask#ANY_VCPU}. */
    final OsTask add(OsProgram program, int pinned) {
        OsTask task = make(program, pinned);
        cpus.get(task.vcpu).enqueue(task);
        return task;
    }

    /** The same, but for a task that begins asleep, waiting for {@code semaphore}. */
    final OsTask addAsleep(OsProgram program, int pinned, OsSemaphore semaphore) {
        OsTask task = make(program, pinned);
        semaphore.take(task);
        return task;
    }

    private OsTask make(OsProgram program, int pinned) {
        int vcpu = pinned == OsTask.ANY_VCPU ? tasks % cpus.size() : pinned;
        return new OsTask(tasks++, program, pinned, vcpu);
    }

    /** Makes a lock, which is counted with the others. */
    final OsLock lock(boolean ordered, long patienceNanos) {
        OsLock lock = new OsLock(ordered, patienceNanos);
        locks.add(lock);
        return lock;
    }

    /** A random stream of the domain's for {@code purpose}; to be asked for while the guest runs. */
    final RandomStream random(String purpose) {
        return guests().get(0).random(purpose);
    }

    /** A random number from -{@code spread} to {@code spread}. */
    static long spread(RandomStream random, long spread) {
        return spread == 0 ? 0 : random.nextLong(2 * spread + 1) - spread;
    }

    /** {@code by} makes a task of {@code program}. */
    final OsTask fork(OsProgram program, OsCpu by) {
        OsTask task = new OsTask(tasks++, program, OsTask.ANY_VCPU, by.id());
        OsCpu to = leastBusy(by);
        task.vcpu = to.id();
        task.vruntime = to.minVruntime();
        enqueue(task, to, by);
        return task;
    }

    /** {@code by} wakes {@code task}. */
    final void wake(OsTask task, OsCpu by) {
        OsCpu last = cpus.get(task.vcpu);
        enqueue(task, task.pinned != OsTask.ANY_VCPU || last.isIdle() ? last : idleOr(last), by);
    }

    private void enqueue(OsTask task, OsCpu to, OsCpu by) {
        if (task.vcpu != to.id()) {
            move(task, to);
        }
        if (to.enqueue(task) && to != by) {
            by.kick(to);
        }
    }

    private void move(OsTask task, OsCpu to) {
        task.vruntime += to.minVruntime() - cpus.get(task.vcpu).minVruntime();
        task.vcpu = to.id();
        to.migrations++;
    }

    private OsCpu idleOr(OsCpu last) {
        for (int i = 1; i < cpus.size(); i++) {
            OsCpu cpu = cpus.get((last.id() + i) % cpus.size());
            if (cpu.isIdle()) {
                return cpu;
            }
        }
        return last;
    }

    private OsCpu leastBusy(OsCpu from) {
        OsCpu least = from;
        for (int i = 1; i < cpus.size(); i++) {
            OsCpu cpu = cpus.get((from.id() + i) % cpus.size());
            if (cpu.load() < least.load()) {
                least = cpu;
            }
        }
        return least;
    }

    /** Moves a task to {@code to} from the vCPU that has most, if that evens them out; whether it did. */
    final boolean pull(OsCpu to) {
        OsCpu busiest = null;
        for (OsCpu cpu : cpus) {
            if (cpu.load() > (busiest == null ? to.load() + 1 : busiest.load()) && cpu.isAnyMovable()) {
                busiest = cpu;
            }
        }
        if (busiest == null) {
            return false;
        }
        OsTask task = busiest.takeMovable();
        move(task, to);
        to.enqueue(task);
        return true;
    }

    /** Moves a task that waits on {@code from} to a vCPU that is idle, if there are both. */
    final void push(OsCpu from) {
        if (from.isAnyMovable()) {
            OsCpu to = idleOr(from);
            if (to != from) {
                enqueue(from.takeMovable(), to, from);
            }
        }
    }

    @Override
    void connect(Hypervisor hypervisor, Domain own, Map<Integer, DomainLoad> loads) {
        if (settings.pauseWindow() > 0 && own.type() == Domain.Type.PV) {
            throw new InputException("workload " + workload + ": " + own.name()
                    + " is a PV domain, which has no pause-loop exits; give it type: pvh");
        }
        EventChannels events = hypervisor.events();
        connectAllToAll(events, own, OsCpu.KICK_LINE);
        int pollLine = OsCpu.pollLine(cpus.size());
        for (int to = 0; to < cpus.size(); to++) {
            int port = port(own, events.bindIpi(own.vcpus().get(to)));
            for (TinyKernel from : guests()) {
                from.connectSender(pollLine + 1 + to, port);
            }
            guests().get(to).connectPolled(pollLine, port);
        }
    }

    /** Cycles that all tasks have computed. */
    final long computedCycles() {
        return cpus.stream().mapToLong(cpu -> cpu.computedCycles).sum();
    }

    /** Cycles that tasks have burned waiting. */
    final long burnedCycles() {
        return cpus.stream().mapToLong(cpu -> cpu.burnedCycles).sum();
    }

    /** Cycles of the kernel's switches. */
    final long switchingCycles() {
        return cpus.stream().mapToLong(cpu -> cpu.switchingCycles).sum();
    }

    /** Nanoseconds in {@code cycles}. */
    final long nanos(long cycles) {
        return cycles == 0 ? 0 : guests().get(0).nanos(cycles);
    }

    @Override
    Map<String, Long> sums() {
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("computedNanos", nanos(computedCycles()));
        counters.put("switches", cpus.stream().mapToLong(cpu -> cpu.switches).sum());
        counters.put(
                "migrations", cpus.stream().mapToLong(cpu -> cpu.migrations).sum());
        counters.put("ticks", cpus.stream().mapToLong(cpu -> cpu.ticks).sum());
        counters.put("spunNanos", nanos(burnedCycles()));
        counters.put(
                "pauseLoopExits", cpus.stream().mapToLong(cpu -> cpu.pauseExits).sum());
        if (!locks.isEmpty()) {
            counters.put("acquisitions", sum(lock -> lock.acquisitions));
            counters.put("holderPreemptions", sum(lock -> lock.holderPreemptions));
            counters.put("holderPreemptedNanos", nanos(sum(lock -> lock.holderPreemptedCycles)));
            counters.put("waiterPreemptedNanos", nanos(sum(lock -> lock.waiterPreemptedCycles)));
            counters.put("halts", cpus.stream().mapToLong(cpu -> cpu.halts).sum());
            counters.put("kicks", sum(lock -> lock.kicks));
        }
        return counters;
    }

    private long sum(ToLongFunction<OsLock> counter) {
        return locks.stream().mapToLong(counter).sum();
    }
}
