package org.xenolith.trace;

/** One event of a Linux scheduling trace, as a mutable holder that a {@link LinuxSchedReader} fills again and again. */
public final class LinuxSchedEvent {
    /** The kinds of event that tell who ran and who woke whom. */
    public enum Kind {
        /** The CPU goes from one task to another. */
        SWITCH,
        /** A task is about to be woken, in the context of who wakes it. */
        WAKING,
        /** A task was woken, where it will run. */
        WAKEUP,
        /** A new task was woken for the first time. */
        WAKEUP_NEW,
        /** Events of the CPU were lost here. */
        LOST
    }

    /** What kind it is. */
    public Kind kind;

    /** CPU on which it happened. */
    public int cpu;

    /** Time of the trace's clock, ns. */
    public long nanos;

    /** The task in whose context it happened; 0 for the idle task, -1 if the line does not say. */
    public int context;

    /** Whether an interrupt was being handled, as far as the line says. */
    public boolean inInterrupt;

    /** The task that is switched to or woken; 0 for the idle task. */
    public int task;

    /** Its name. */
    public String name;

    /** Of a switch: the task that ran; 0 for the idle task. */
    public int previous;

    /** Of a switch: its name. */
    public String previousName;

    /** Of a switch: the letters for the state that the task that ran is in, such as {@code S} or {@code R+}. */
    public String state;

    /** Of a switch: whether the task that ran could go on running. */
    public boolean previousRuns() {
        return state.startsWith("R");
    }

    /** Of a switch: whether the task that ran has ended. */
    public boolean previousEnded() {
        return state.startsWith("Z") || state.startsWith("X") || state.startsWith("x");
    }
}
