package org.xenolith.guest;

/** What a task of a {@link GuestOs} does, one step after the other; its kernel asks for the next when the last is done. */
@FunctionalInterface
interface OsProgram {
    /** Chooses the next step by calling exactly one of the steps of {@code os}. */
    void next(Steps os);

    /** How a program says what to do next, and what it may know. */
    interface Steps {
        /** System time now, ns. */
        long nowNanos();

        /** Cycles in {@code nanos} ns. */
        long cycles(long nanos);

        /** Step: compute for {@code cycles}, at least 1. */
        void compute(long cycles);

        /** Step: sleep until system time {@code nanos}. */
        void sleepUntil(long nanos);

        /** Step: take {@code lock}, waiting for it as its kind does. Up to {@link #unlock} the task must not wait for anything else but locks. */
        void lock(OsLock lock);

        /** Step: release {@code lock}. */
        void unlock(OsLock lock);

        /** Step: wait until all parties have come to {@code barrier}. */
        void meet(OsBarrier barrier);

        /** Step: add one to {@code semaphore}, or wake a task that waits for it. */
        void post(OsSemaphore semaphore);

        /** Step: take one from {@code semaphore}, waiting while it is 0. To join a task, await its {@link OsTask#ended}. */
        void await(OsSemaphore semaphore);

        /** Step: make a task that runs {@code program}. */
        OsTask fork(OsProgram program);

        /** Step: end. */
        void exit();
    }
}
