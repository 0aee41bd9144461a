package org.xenolith.guest;

import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The kernel of a {@link GuestOs} on one vCPU: its runqueue, its timer and the loop that picks a task and runs it.
 *
 * <p>The scheduler is a fair one in the manner of Linux's CFS, with equal weights: of those that wait, the task that has had least runs
 * next; a task that comes from sleep counts as having had at most a slice less than the others, and preempts one that is
 * ahead of it by a quarter of a slice. Slices end at the tick that is nearest. The tick stops on an idle vCPU. Other vCPUs are told by IPIs over event channels.
 *
 * <p>{@link #next} is called when a step of the vCPU has ended or an event has come, and does, in this order:
 * <ol>
 *   <li>account what was computed, take what came: a tick, sleepers whose time has come, IPIs;
 *   <li>send IPIs that are due, as hypercalls;
 *   <li>preempt the current task if another is to run; pick one if there is none, or go idle;
 *   <li>see whether what the task waits for has come, and if it does not wait nor compute, ask its program;
 *   <li>set the timer if it is to expire at another time, compute on.
 * </ol>
 */
final class OsCpu implements Workload, OsProgram.Steps {
    /** Line of IPIs to this vCPU; the lines to others follow. */
    static final int KICK_LINE = 1;

    /** Steps that take no time after which a program is taken to have lost its way. */
    private static final int MOST_STEPS_AT_ONCE = 1_000_000;

    private static final Comparator<OsTask> LEAST_SERVED =
            Comparator.<OsTask>comparingLong(task -> task.vruntime).thenComparingInt(task -> task.id);

    private static final Comparator<OsTask> FIRST_TO_WAKE =
            Comparator.<OsTask>comparingLong(task -> task.wakeNanos).thenComparingInt(task -> task.id);

    /** What the last step was for. */
    private enum Doing {
        KERNEL,
        WORKING,
        BURNING
    }

    private final int id;
    private final int pollLine;
    private final PriorityQueue<OsTask> queue = new PriorityQueue<>(LEAST_SERVED);
    private final PriorityQueue<OsTask> sleepers = new PriorityQueue<>(FIRST_TO_WAKE);
    private GuestOs os;
    private Task vcpu;
    private boolean watched;
    private long sliceCycles;
    private long switchCycles;
    private long tickCycles;
    private long lookCycles;

    private OsTask current;
    private Doing doing = Doing.KERNEL;

    /** Cycles that the current task has used of its slice. */
    private long used;

    private boolean preempt;
    private long minVruntime;

    /** What the timer is set for and when the next tick is due, ns. */
    private long timerNanos = Task.NEVER;

    private long nextTickNanos;

    /** vCPUs that are to be told to look at their runqueues, and that their lock may be free: one bit each. */
    private long kicks;

    private long lockKicks;

    /** Cycles burned since the hardware last saw none or exited. */
    private long burnedInLoop;

    long computedCycles;
    long burnedCycles;
    long switchingCycles;
    long switches;
    long migrations;
    long ticks;
    long pauseExits;
    long halts;

    OsCpu(int id, int vcpus) {
        this.id = id;
        this.pollLine = pollLine(vcpus);
    }

    /** Line by which this vCPU is told that a lock may be free; the lines to others follow. */
    static int pollLine(int vcpus) {
        return KICK_LINE + 1 + vcpus;
    }

    /** Event lines of each vCPU. */
    static int lines(int vcpus) {
        return 2 * (1 + vcpus);
    }

    void boot(GuestOs guestOs) {
        os = guestOs;
    }

    int id() {
        return id;
    }

    long minVruntime() {
        return minVruntime;
    }

    boolean isIdle() {
        return current == null && queue.isEmpty();
    }

    /** Tasks that run here or wait to. */
    int load() {
        return queue.size() + (current == null ? 0 : 1);
    }

    // ---------------------------------------------------------------------------------------- the runqueue

    /** Adds {@code task}, which is of this vCPU; returns whether the vCPU is to look at its queue soon. */
    boolean enqueue(OsTask task) {
        task.vruntime = Math.max(task.vruntime, minVruntime - sliceCycles);
        queue.add(task);
        if (current == null) {
            return true;
        }
        boolean before = task.vruntime < current.vruntime - sliceCycles / 4;
        preempt |= before;
        return before;
    }

    /** Whether a task waits here that could run elsewhere. */
    boolean isAnyMovable() {
        return firstMovable() != null;
    }

    /** Takes out the one of these that is to run first. */
    OsTask takeMovable() {
        OsTask first = firstMovable();
        queue.remove(first);
        return first;
    }

    private OsTask firstMovable() {
        OsTask first = null;
        for (OsTask task : queue) {
            if (task.pinned == OsTask.ANY_VCPU && (first == null || LEAST_SERVED.compare(task, first) < 0)) {
                first = task;
            }
        }
        return first;
    }

    /** Has this vCPU send an IPI to {@code other}. */
    void kick(OsCpu other) {
        kicks |= 1L << other.id;
    }

    // ---------------------------------------------------------------------------------------- the kernel's loop

    @Override
    public void next(Task task) {
        vcpu = task;
        account(task.computed());
        doing = Doing.KERNEL;
        if (!watched) {
            watched = true;
            sliceCycles = task.cycles(os.settings().timesliceNanos());
            switchCycles = task.cycles(os.settings().switchNanos());
            tickCycles = task.cycles(os.settings().tickNanos());
            lookCycles = task.cycles(os.settings().lookNanos());
            task.watchRunstate();
            return;
        }
        takeEvents();
        int steps = 0;
        while (!choose()) {
            if (++steps > MOST_STEPS_AT_ONCE) {
                throw new IllegalStateException(
                        "task " + current.id + " takes steps without end, none of which takes time");
            }
        }
    }

    private void account(long cycles) {
        if (doing == Doing.KERNEL) {
            return;
        }
        if (doing == Doing.WORKING) {
            current.remaining -= cycles;
            current.computed += cycles;
            computedCycles += cycles;
        } else {
            current.burned += cycles;
            burnedCycles += cycles;
            burnedInLoop += cycles;
            current.wait.burned(current, cycles, vcpu);
        }
        used += cycles;
        current.vruntime += cycles;
        long least = queue.isEmpty() ? current.vruntime : Math.min(current.vruntime, queue.peek().vruntime);
        minVruntime = Math.max(minVruntime, least);
    }

    private void takeEvents() {
        vcpu.takeEvent(KICK_LINE);
        if (!vcpu.takeTimer()) {
            return;
        }
        timerNanos = Task.NEVER;
        long now = vcpu.nowNanos();
        while (!sleepers.isEmpty() && sleepers.peek().wakeNanos <= now) {
            os.wake(sleepers.poll(), this);
        }
        if (current != null && now >= nextTickNanos) {
            ticks++;
            planTick(now);
            os.push(this);
            os.pull(this);
            preempt |= used >= sliceCycles - tickCycles / 2;
        }
    }

    private void planTick(long now) {
        long tick = os.settings().tickNanos();
        nextTickNanos = (now / tick + 1) * tick;
    }

    /** Goes on until the next step of the vCPU is chosen, and then returns true. */
    private boolean choose() {
        if (kicks != 0) {
            int to = Long.numberOfTrailingZeros(kicks);
            kicks &= kicks - 1;
            vcpu.send(KICK_LINE + 1 + to);
            return true;
        }
        if (lockKicks != 0) {
            int to = Long.numberOfTrailingZeros(lockKicks);
            lockKicks &= lockKicks - 1;
            vcpu.send(pollLine + 1 + to);
            return true;
        }
        if (preempt && isPreemptible()) {
            preempt = false;
            used = 0;
            if (!queue.isEmpty() && queue.peek().vruntime < current.vruntime) {
                queue.add(current);
                current = null;
            }
        }
        if (current == null) {
            return queue.isEmpty() && !os.pull(this) ? idle() : startNext();
        }
        if (current.wait != null) {
            return stillWaits() && (keepTimer(nextTickNanos) || burn());
        }
        if (current.remaining == 0) {
            current.program.next(this);
            return false;
        }
        if (!keepTimer(nextTickNanos)) {
            doing = Doing.WORKING;
            vcpu.computeUntilEvent(current.remaining);
        }
        return true;
    }

    private boolean isPreemptible() {
        return current != null && current.locks == 0 && (current.wait == null || !current.wait.keepsVcpu());
    }

    private boolean idle() {
        if (!keepTimer(Task.NEVER)) {
            vcpu.waitForAny();
        }
        return true;
    }

    /** Takes the first task of the queue; whether the switch takes time. */
    private boolean startNext() {
        current = queue.poll();
        current.runs++;
        used = 0;
        burnedInLoop = 0;
        preempt = false;
        switches++;
        if (nextTickNanos <= vcpu.nowNanos()) {
            planTick(vcpu.nowNanos());
        }
        if (switchCycles == 0) {
            return false;
        }
        switchingCycles += switchCycles;
        vcpu.compute(switchCycles);
        return true;
    }

    /** Sets the timer if it is to expire at another time than it is set for; whether that takes a hypercall. */
    private boolean keepTimer(long tickNanos) {
        long due = sleepers.isEmpty() ? tickNanos : Math.min(tickNanos, sleepers.peek().wakeNanos);
        if (due == timerNanos) {
            return false;
        }
        timerNanos = due;
        if (due == Task.NEVER) {
            vcpu.stopTimer();
        } else {
            vcpu.setTimer(due);
        }
        return true;
    }

    // ---------------------------------------------------------------------------------------- waiting

    /** Whether the current task still has to burn cycles, or stops the vCPU meanwhile. */
    private boolean stillWaits() {
        OsTask task = current;
        task.halted = false;
        task.kicked = false;
        if (task.wait.passes(task)) {
            endWait(task);
            return false;
        }
        if (task.burned >= task.patience && task.wait instanceof OsBarrier barrier) {
            barrier.asleep().add(task);
            block();
            endWait(task);
            return false;
        }
        return true;
    }

    private void beginWait(OsWait wait) {
        long nanos = wait.patienceNanos();
        current.wait = wait;
        current.patience = nanos == OsWait.FOREVER ? nanos : vcpu.cycles(nanos);
    }

    private void endWait(OsTask task) {
        task.wait = null;
        task.burned = 0;
        burnedInLoop = 0;
    }

    /** Burns cycles up to the next look, or leaves the vCPU to the hypervisor for having burned too many. */
    private boolean burn() {
        long left = current.patience - current.burned;
        long window = os.settings().pauseWindow();
        if (left <= 0) {
            halts++;
            current.halted = true;
            current.burned = 0;
            burnedInLoop = 0;
            vcpu.clearPolled(pollLine);
            vcpu.poll(pollLine);
        } else if (window > 0 && burnedInLoop >= window) {
            pauseExits++;
            burnedInLoop = 0;
            vcpu.pauseLoop();
        } else {
            doing = Doing.BURNING;
            long loop = window > 0 ? window - burnedInLoop : Long.MAX_VALUE;
            vcpu.computeUntilEvent(Math.min(Math.min(left, loop), lookCycles));
        }
        return true;
    }

    /** The current task waits asleep. */
    private void block() {
        if (current.locks > 0) {
            throw new IllegalStateException("task " + current.id + " waits asleep while it holds a spinlock");
        }
        current = null;
    }

    // ---------------------------------------------------------------------------------------- what programs ask for

    @Override
    public long nowNanos() {
        return vcpu.nowNanos();
    }

    @Override
    public long cycles(long nanos) {
        return vcpu.cycles(nanos);
    }

    @Override
    public void compute(long cycles) {
        if (cycles < 1) {
            throw new IllegalArgumentException("nothing to compute: " + cycles + " cycles");
        }
        current.remaining = cycles;
    }

    @Override
    public void sleepUntil(long nanos) {
        if (nanos > vcpu.nowNanos()) {
            current.wakeNanos = nanos;
            sleepers.add(current);
            block();
        }
    }

    @Override
    public void lock(OsLock lock) {
        lock.want(current);
        beginWait(lock);
    }

    @Override
    public void unlock(OsLock lock) {
        OsTask halted = lock.release(current);
        current.locks--;
        if (halted != null) {
            lockKicks |= 1L << halted.vcpu;
        }
    }

    @Override
    public void meet(OsBarrier barrier) {
        if (barrier.come(current)) {
            barrier.asleep().forEach(task -> os.wake(task, this));
            barrier.asleep().clear();
        } else {
            beginWait(barrier);
        }
    }

    @Override
    public void post(OsSemaphore semaphore) {
        OsTask task = semaphore.post();
        if (task != null) {
            os.wake(task, this);
        }
    }

    @Override
    public void await(OsSemaphore semaphore) {
        if (!semaphore.take(current)) {
            block();
        }
    }

    @Override
    public OsTask fork(OsProgram program) {
        return os.fork(program, this);
    }

    @Override
    public void exit() {
        post(current.ended);
        block();
    }
}
