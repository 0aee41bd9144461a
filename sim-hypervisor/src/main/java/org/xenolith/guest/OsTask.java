package org.xenolith.guest;

/** A task under the scheduler of a {@link GuestOs}. Times are in cycles where nothing else is said. */
final class OsTask {
    /** Not bound to any vCPU. */
    static final int ANY_VCPU = -1;

    final int id;
    final OsProgram program;

    /** The vCPU it must run on, or {@link #ANY_VCPU}. */
    final int pinned;

    /** Posted when it ends. */
    final OsSemaphore ended = new OsSemaphore();

    /** The vCPU it runs on, is queued on, or ran on last. */
    int vcpu;

    /** What it still has to compute in its present step. */
    long remaining;

    /** How often it was put on a vCPU. */
    long runs;

    /** What it has computed. */
    long computed;

    /** What it has had of its vCPU, as a place in the order of the runqueue there. */
    long vruntime;

    /** What it burns cycles for, or null. */
    OsWait wait;

    /** Cycles burned for that, and how many it has the patience to burn. */
    long burned;

    long patience;

    /** The barrier's phase in which it waits. */
    long phase;

    /** Whether its vCPU has halted for the lock it waits for, and was kicked since. */
    boolean halted;

    boolean kicked;

    /** Locks it holds. */
    int locks;

    /** System time at which it wakes, ns. */
    long wakeNanos;

    OsTask(int id, OsProgram program, int pinned, int vcpu) {
        this.id = id;
        this.program = program;
        this.pinned = pinned;
        this.vcpu = vcpu;
    }
}
