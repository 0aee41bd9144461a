package org.xenolith.scheduler;

import org.xenolith.guest.Workload;

/**
 * A process that works and sleeps for ever, on Linux with 250 ticks a second. The kernel stops its tick when it goes idle,
 * but only after one more has come; and now and then that one leaves work for another. Those ticks wake the vCPU as much
 * as the process does, so no scheduler can be judged without them.
 */
final class LinuxPeriodic implements Workload {
    private static final long TICK = 4_000_000;

    /** Every so many idle ticks, a second one follows; 8 % did in the recordings. */
    private static final int SECOND_TICK_EVERY = 14;

    private enum Step {
        WORK,
        SLEEP,
        TICK,
        TICKED
    }

    private final long work;
    private final long sleep;
    private final long tickWork;
    private final long tickPhase;
    private Step step = Step.WORK;
    private long wakeAt;
    private int ticks;

    /**
     * @param work cycles of work, of 1 ns, with what the kernel adds to it
     * @param sleep ns of sleep after it
     * @param tickWork cycles that a tick takes which finds the vCPU idle
     * @param tickPhase when ticks come, ns after multiples of 4 ms
     */
    LinuxPeriodic(long work, long sleep, long tickWork, long tickPhase) {
        this.work = work;
        this.sleep = sleep;
        this.tickWork = tickWork;
        this.tickPhase = tickPhase % TICK;
    }

    @Override
    public void next(Task task) {
        long now = task.nowNanos();
        switch (step) {
            case WORK -> work(task);
            case SLEEP -> {
                wakeAt = now + sleep;
                sleepUntilTick(now, task);
            }
            case TICK -> {
                step = Step.TICKED;
                task.compute(tickWork);
            }
            case TICKED -> {
                if (now >= wakeAt) {
                    work(task);
                } else if (++ticks % SECOND_TICK_EVERY == 0) {
                    sleepUntilTick(now, task);
                } else {
                    step = Step.WORK;
                    task.sleepUntil(wakeAt);
                }
            }
        }
    }

    private void work(Task task) {
        step = Step.SLEEP;
        task.compute(work);
    }

    private void sleepUntilTick(long now, Task task) {
        long tick = now - Math.floorMod(now - tickPhase, TICK) + TICK;
        step = tick < wakeAt ? Step.TICK : Step.WORK;
        task.sleepUntil(Math.min(tick, wakeAt));
    }
}
