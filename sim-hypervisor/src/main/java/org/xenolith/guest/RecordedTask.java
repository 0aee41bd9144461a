package org.xenolith.guest;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A task of a Linux scheduling trace, as demand: its steps, in order. {@link DemandStep#WORK}, {@link DemandStep#SLEEP} (value: ns since
 * the wait began), {@link DemandStep#SLEEP_UNTIL}, {@link DemandStep#AWAIT_EVENT} and {@link DemandStep#SEND} occur, whose peers are numbers of tasks.
 */
public final class RecordedTask {
    private static final DemandStep[] KINDS = DemandStep.values();
    private static final Pattern PER_CPU = Pattern.compile(".+/(\\d{1,4})(?::.*)?");

    private final int number;
    private final int pid;
    private final StepList steps = new StepList();
    private String name;
    private int cpu = -1;
    private boolean moved;
    private int runs;

    /** What it computed since the last step, ns. */
    private long work;

    private long total;
    private long waitSince = -1;

    RecordedTask(int number, int pid, String name) {
        this.number = number;
        this.pid = pid;
        this.name = name;
    }

    /** Its number among the tasks. */
    public int number() {
        return number;
    }

    /** Its process id. */
    public int pid() {
        return pid;
    }

    /** Its name, the last it had. */
    public String name() {
        return name;
    }

    /** How often it was put on a CPU. */
    public int runs() {
        return runs;
    }

    /** Time it ran, ns. */
    public long workNanos() {
        return total;
    }

    /** How many steps of {@code kind} there are. */
    public int count(DemandStep kind) {
        int n = 0;
        for (int i = 0; i < steps.size(); i++) {
            n += kind(i) == kind ? 1 : 0;
        }
        return n;
    }

    /** The CPU that it belongs to, as a kernel thread of one CPU by its name does that was seen nowhere else; -1 for any. */
    public int boundTo() {
        Matcher perCpu = PER_CPU.matcher(name);
        return !moved && perCpu.matches() && Integer.parseInt(perCpu.group(1)) == cpu ? cpu : -1;
    }

    int size() {
        return steps.size();
    }

    DemandStep kind(int i) {
        return KINDS[steps.kind(i)];
    }

    long value(int i) {
        return steps.value(i);
    }

    int peer(int i) {
        return steps.peer(i);
    }

    // -------------------------------------------------------------------------------- while the trace is read

    /** Whether it waits, at the present place of the trace, for something to wake it. */
    boolean waits() {
        return waitSince >= 0;
    }

    /** Whether anything of it was seen yet. */
    boolean isNew() {
        return runs == 0 && steps.size() == 0 && work == 0;
    }

    void rename(String newName) {
        name = newName;
    }

    void putOn(int onCpu) {
        runs++;
        moved |= cpu >= 0 && cpu != onCpu;
        cpu = onCpu;
    }

    void ran(long nanos) {
        work += nanos;
        total += nanos;
    }

    void beginsToWait(long nanos) {
        waitSince = nanos;
    }

    /** Its wait ends at {@code nanos}, by itself. */
    void wokeBySelf(long nanos) {
        add(DemandStep.SLEEP, 0, nanos - waitSince);
        waitSince = -1;
    }

    /** It is not there, or waits, until {@code nanos} since the trace's begin. */
    void startsAt(long nanos) {
        add(DemandStep.SLEEP_UNTIL, 0, nanos);
    }

    /** {@code waker} ends its wait, or makes it. */
    void wokenBy(RecordedTask waker) {
        waker.add(DemandStep.SEND, number, 0);
        add(DemandStep.AWAIT_EVENT, waker.number, 0);
        waitSince = -1;
    }

    void end() {
        if (work > 0) {
            steps.add(DemandStep.WORK.ordinal(), 0, work);
            work = 0;
        }
        steps.trim();
    }

    private void add(DemandStep kind, int peer, long value) {
        if (work > 0) {
            steps.add(DemandStep.WORK.ordinal(), 0, work);
            work = 0;
        }
        steps.add(kind.ordinal(), peer, value);
    }
}
