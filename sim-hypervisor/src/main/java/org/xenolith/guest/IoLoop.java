package org.xenolith.guest;

/**
 * A kernel that does I/O, as one loop: it looks what there is to do, spends what that costs, then does it. What other vCPUs can see, such as a ring,
 * it reads and writes only at the end of a computation, be it of one cycle, so that it takes effect in the order of virtual time.
 */
abstract class IoLoop implements Workload {
    /** The line by which it hears of everything. */
    static final int EVENT_LINE = 1;

    private Task task;
    private Runnable planned;
    private boolean called = true;
    private boolean chosen;

    @Override
    public final void next(Task vcpu) {
        task = vcpu;
        if (called) {
            called = false;
            vcpu.compute(1);
            return;
        }
        chosen = false;
        Runnable deed = planned;
        planned = null;
        if (deed != null) {
            deed.run();
        }
        if (!chosen) {
            decide();
        }
    }

    /** Chooses what is next by one of the methods below. */
    abstract void decide();

    /** System time, ns. */
    final long nowNanos() {
        return task.nowNanos();
    }

    /** Computes for {@code nanos}, then does {@code deed}, which may choose what is next. */
    final void spend(long nanos, Runnable deed) {
        chosen = true;
        planned = deed;
        task.compute(Math.max(1, task.cycles(nanos)));
    }

    /** Issues a hypercall, then does {@code deed}, which may choose what is next. */
    final void call(int number, long arg0, long arg1, long arg2, Runnable deed) {
        chosen = true;
        called = true;
        planned = deed;
        task.call(number, arg0, arg1, arg2);
    }

    /** Sends an event on {@code line}. */
    final void send(int line) {
        chosen = true;
        called = true;
        task.send(line);
    }

    /** Sleeps until an event or until {@code nanos}, or computes as long if {@code busily}. */
    final void sleep(long nanos, boolean busily) {
        chosen = true;
        called = true;
        task.waitFor(EVENT_LINE, nanos, busily);
    }
}
