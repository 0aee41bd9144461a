package org.xenolith.guest;

import org.xenolith.engine.RandomStream;

/**
 * What a guest without instructions does, one step after the other. A {@link TinyKernel} asks for the next step when the
 * last is done and carries it out by computing and by hypercalls.
 *
 * <p>One object is the load of one vCPU; vCPUs of a domain may share state through objects that their workloads share,
 * as threads of one kernel share memory.
 */
@FunctionalInterface
public interface Workload {
    /** Chooses the next step by calling exactly one of the methods of {@code task}. */
    void next(Task task);

    /** How a workload says what to do next, and what it may know. */
    interface Task {
        /** A time that never comes, ns. */
        long NEVER = Long.MAX_VALUE;

        /** System time now, ns. */
        long nowNanos();

        /** System time, ns, when {@code cycles} more have been computed without a break. */
        long nanosAfter(long cycles);

        /** Cycles in {@code nanos} ns. */
        long cycles(long nanos);

        /** A random stream for what is drawn for {@code purpose}, a stream of its own for each vCPU. */
        RandomStream random(String purpose);

        /** Step: compute for {@code cycles}, at least 1. */
        void compute(long cycles);

        /** Step: compute for {@code cycles}, at least 1, or until an event comes; {@link #computed} tells how far it got. */
        void computeUntilEvent(long cycles);

        /** Cycles that the step before computed. */
        long computed();

        /** Step: compute for ever. */
        void computeForever();

        /** Step: sleep for {@code nanos} ns from now. */
        void sleepFor(long nanos);

        /** Step: sleep until system time {@code nanos}; returns at once if that has passed. */
        void sleepUntil(long nanos);

        /** Step: set the timer for system time {@code nanos} and go on; in place of what it was set to. */
        void setTimer(long nanos);

        /** Step: stop the timer. */
        void stopTimer();

        /** Whether the timer has expired since it was set or this was asked last. */
        boolean takeTimer();

        /** Step: wait until an event has come on {@code line} since the last wait on it. */
        void waitFor(int line);

        /**
         * Step: wait until an event has come on {@code line} since the last wait on it, or until system time {@code nanos}, {@link #NEVER}
         * for an event alone; blocks meanwhile, or computes if {@code busily}.
         */
        void waitFor(int line, long nanos, boolean busily);

        /** Step: wait until the timer has expired or an event has come on any line that was not taken yet. */
        void waitForAny();

        /** Whether an event has come on {@code line} since the last wait on it or since this was asked last. */
        boolean takeEvent(int line);

        /** Step: block until an event is pending on {@code line}, which is one to poll, or something else wakes the vCPU. */
        void poll(int line);

        /** What is pending on {@code line}, which is one to poll, no longer is. */
        void clearPolled(int line);

        /** Step: block, and go on for nothing. */
        void waitForEver();

        /** Step: send an event on {@code line}. */
        void send(int line);

        /** Step: issue hypercall {@code number}; what it answers beyond its arguments in memory is not looked at. */
        void call(int number, long arg0, long arg1, long arg2);

        /** Step: give way once. */
        void giveWay();

        /** Step: the hardware of a hardware-virtualised vCPU sees it in a loop of PAUSE instructions and exits. */
        void pauseLoop();

        /** Step: have the hypervisor tell the domain's vCPUs when this one is preempted. */
        void watchRunstate();

        /** Whether {@code vcpu} of the domain, which is watched, is runnable or paused but not running. */
        boolean isPreempted(int vcpu);

        /** Step: shut the domain down, for good. */
        void shutdown(int reason);
    }
}
