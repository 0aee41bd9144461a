package org.xenolith.hypervisor;

import org.xenolith.engine.RandomStream;
import org.xenolith.machine.Topology;

/** What the hypervisor offers to the {@link Scheduler} of one cpupool. Times are nanoseconds of system time. */
public interface SchedulerHost {
    /** The pCPUs of the pool; others when pCPUs are added and removed. Under core scheduling one of each core, which stands for all of it. */
    CpuSet pcpus();

    /** The machine's sockets, cores and threads. */
    Topology topology();

    /** System time now, on the pCPU on which the hypervisor is at work. */
    long now();

    /** The pCPU on which the hypervisor is at work; under core scheduling the one that stands for its core. */
    int here();

    /** The unit that {@code pcpu} runs, or null if it is idle. */
    SchedUnit current(int pcpu);

    /** Asks {@code pcpu} to decide anew soon: raises its schedule softirq, with an IPI if it is another pCPU. */
    void tickle(int pcpu);

    /**
     * Tickles the first pCPU of the pool that idles, has not been tickled and may run {@code unit}; returns whether there was
     * one.
     */
    default boolean tickleIdle(SchedUnit unit) {
        for (int p = pcpus().next(0); p >= 0; p = pcpus().next(p + 1)) {
            if (unit.usable(p) && current(p) == null && !isTickled(p)) {
                tickle(p);
                return true;
            }
        }
        return false;
    }

    /** Whether {@code pcpu} has been tickled and has not decided since. */
    boolean isTickled(int pcpu);

    /**
     * Marks {@code unit} as migrating: once it no longer runs (at once if it does not), {@link Scheduler#pickPcpu} places
     * it anew and it wakes there.
     */
    void requestMigration(SchedUnit unit);

    /** Moves {@code unit}, which is not running, to {@code pcpu} now, without asking {@link Scheduler#pickPcpu}. */
    void setPcpu(SchedUnit unit, int pcpu);

    /**
     * Marks {@code unit} as parked (its cap is used up), which makes it not runnable, and nothing else: no hook is called.
     * For the unit that {@link Scheduler#schedule} is about to leave, or one that is on no queue.
     */
    void park(SchedUnit unit);

    /** Ends {@link #park}; no hook is called: the scheduler queues the unit itself if it is runnable. */
    void unpark(SchedUnit unit);

    /** Pauses {@code unit} as {@code vcpu_pause} does; {@link Scheduler#sleep} is called for it. Pauses are counted. */
    void pause(SchedUnit unit);

    /** Ends one {@link #pause}; {@link Scheduler#wake} is called for it once it is runnable. */
    void unpause(SchedUnit unit);

    /** A new timer that expires on {@code pcpu}; not set. */
    XenTimer newTimer(int pcpu, XenTimer.Handler handler);

    /** A random stream of its own for {@code purpose}. */
    RandomStream random(String purpose);

    /** Who hears why, or null if nobody listens. */
    DecisionListener explaining();

    /** Whether records of {@code event} go anywhere; ask before computing what they carry. */
    boolean tracing(int event);

    /** Emits a trace record on the pCPU on which the hypervisor is at work. */
    void trace(int event);

    /** Emits a trace record of one word. */
    void trace(int event, int a);

    /** Emits a trace record of two words. */
    void trace(int event, int a, int b);

    /** Emits a trace record of three words. */
    void trace(int event, int a, int b, int c);

    /** Emits a trace record of four words. */
    void trace(int event, int a, int b, int c, int d);

    /** Emits a trace record of five words. */
    void trace(int event, int a, int b, int c, int d, int e);

    /** Emits a trace record of six words. */
    void trace(int event, int a, int b, int c, int d, int e, int f);

    /** Emits a trace record of seven words. */
    void trace(int event, int a, int b, int c, int d, int e, int f, int g);
}
