package org.xenolith.guest;

/** What a task of a {@link GuestOs} waits for while it burns cycles, looking again and again. */
interface OsWait {
    /** A patience without end. */
    long FOREVER = Long.MAX_VALUE;

    /** Whether {@code task} need not wait any longer; if it is for something that one task has at a time, {@code task} has it then. */
    boolean passes(OsTask task);

    /** Time of burning after which it waits otherwise, ns; {@link #FOREVER} for never. */
    long patienceNanos();

    /** Whether the vCPU must not run another task meanwhile. */
    boolean keepsVcpu();

    /** {@code task} burned {@code cycles} and now looks; {@code vcpu} tells which vCPUs are preempted. */
    void burned(OsTask task, long cycles, Workload.Task vcpu);
}
