package org.xenolith.guest;

import java.util.Arrays;
import org.xenolith.engine.RandomStream;
import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.FlatMemory;
import org.xenolith.hypervisor.Guest;
import org.xenolith.hypervisor.GuestExit;
import org.xenolith.hypervisor.SharedInfo;
import org.xenolith.hypervisor.VcpuPort;

/**
 * The least kernel that can run a {@link Workload} on a vCPU: it binds its timer, sets it, blocks, takes upcalls and sends
 * events as a paravirtualised kernel does, by the same hypercalls with the same structures in its memory.
 *
 * <p>Each hypercall takes one cycle of its own, the instruction that traps; what follows it is decided when the vCPU executes
 * again, one cycle later, and not while the hypervisor may still take the pCPU away. Handling an upcall takes none besides what
 * the machine's cost profile charges for it.
 */
public final class TinyKernel implements Guest, Workload.Task {
    /** Bytes of memory that each vCPU of a domain needs for the arguments of its hypercalls and its runstate area. */
    public static final int ARGUMENT_BYTES = 128;

    /** Where the list of ports to poll is, behind the arguments. */
    private static final int POLL_PORTS = 24;

    private static final int RUNSTATE_AREA = 64;
    private static final int RUNNING = 0;
    private static final int BLOCKED = 2;

    /** Cycles it computes before its workload begins. */
    static final long START_CYCLES = 1;

    private static final int TIMER_LINE = 0;

    /** What follows when {@link #work} is done. */
    private enum Then {
        /** Ask the workload. */
        NEXT,
        /** Bind the timer's VIRQ. */
        BIND_TIMER,
        /** Set the timer, then wait for it. */
        SLEEP,
        /** Set the timer. */
        SET_TIMER,
        /** Stop the timer. */
        STOP_TIMER,
        /** Block until {@link #awaited} has come. */
        WAIT,
        /** Block until the port that is polled is pending, or anything comes. */
        POLL,
        /** Send an event. */
        SEND,
        /** Yield. */
        YIELD,
        /** Any other hypercall. */
        CALL,
        /** The hardware sees a loop of PAUSE instructions and exits. */
        PAUSE_LOOP,
        /** Have the hypervisor keep the runstate area. */
        REGISTER_RUNSTATE,
        /** Shut down. */
        SHUTDOWN
    }

    private final Workload workload;
    private final FlatMemory memory;
    private final int[] portOfLine;

    /** A line on which nothing comes. */
    private final int neverLine;

    /** Stands for all lines. */
    private final int anyLine;

    private final int[] lineOfPort = new int[SharedInfo.PORTS];

    /** By word of 64 ports: those that notify this vCPU. */
    private final long[] boundPorts = new long[SharedInfo.PORTS / Long.SIZE];

    private final boolean[] arrived;
    private VcpuPort port;
    private SharedInfo shared;
    private int argument;

    /** Cycles to compute before {@link #then}. */
    private long work = START_CYCLES;

    /** What {@link #work} was at first. */
    private long planned = START_CYCLES;

    /** Whether an event ends {@link #work}. */
    private boolean interruptible;

    private long computed;
    private Then then = Then.BIND_TIMER;
    private boolean inHypercall;
    private int awaited;

    /** Whether the timer, too, ends the wait. */
    private boolean timed;

    /** Whether it computes as long as it waits, rather than blocks. */
    private boolean busy;

    /** What its timer is set for, ns; 0 if it has expired. */
    private long timerNanos;

    private int sendPort;
    private int callNumber;
    private final long[] callArguments = new long[3];
    private long usedInRun;

    /**
     * A kernel with {@code lines} event lines besides the timer, numbered from 1; each is connected by {@link #connect}
     * before the run.
     *
     * @param memory the domain's memory, at least {@link #ARGUMENT_BYTES} for each of its vCPUs
     */
    public TinyKernel(Workload workload, FlatMemory memory, int lines) {
        this.workload = workload;
        this.memory = memory;
        this.portOfLine = new int[lines + 1];
        this.neverLine = lines + 1;
        this.anyLine = lines + 2;
        this.arrived = new boolean[lines + 2];
        Arrays.fill(lineOfPort, -1);
    }

    /** Makes {@code line} send by {@code eventPort} of the domain, a port that notifies another vCPU. */
    public void connectSender(int line, int eventPort) {
        portOfLine[line] = eventPort;
    }

    /** Makes {@code line} send by {@code eventPort} of the domain and wait for it: a port that notifies this vCPU. */
    public void connect(int line, int eventPort) {
        portOfLine[line] = eventPort;
        lineOfPort[eventPort] = line;
        boundPorts[eventPort >> 6] |= 1L << eventPort;
    }

    /** Makes {@code line} one to {@link #poll} for {@code eventPort} of the domain, by which no upcall comes. */
    public void connectPolled(int line, int eventPort) {
        portOfLine[line] = eventPort;
        shared.mask(eventPort);
    }

    @Override
    public void attach(VcpuPort vcpuPort) {
        port = vcpuPort;
        shared = vcpuPort.sharedInfo();
        argument = vcpuPort.vcpuId() * ARGUMENT_BYTES;
        shared.setUpcallMask(vcpuPort.vcpuId(), false);
    }

    @Override
    public long lookahead() {
        return work;
    }

    @Override
    public long run(long budget, GuestExit exit) {
        usedInRun = 0;
        while (true) {
            if (work == FOREVER || work > budget - usedInRun) {
                if (work != FOREVER) {
                    work -= budget - usedInRun;
                }
                usedInRun = 0;
                exit.budget();
                return budget;
            }
            usedInRun += work;
            work = 0;
            if (then != Then.NEXT) {
                trap(exit);
                long used = usedInRun;
                usedInRun = 0;
                return used;
            }
            next();
        }
    }

    /** Has the workload choose what comes after the step that has ended. */
    private void next() {
        computed = planned - work;
        interruptible = false;
        workload.next(this);
    }

    /** Goes on behind an exit, once the vCPU executes again. */
    private void goOn() {
        plan(Then.NEXT);
    }

    /** Issues the hypercall that {@link #then} stands for. */
    private void trap(GuestExit exit) {
        inHypercall = true;
        switch (then) {
            case BIND_TIMER -> {
                memory.put32(argument, Abi.VIRQ_TIMER);
                memory.put32(argument + 4, port.vcpuId());
                exit.hypercall(Abi.HYPERVISOR_EVENT_CHANNEL_OP, Abi.EVTCHNOP_BIND_VIRQ, argument);
            }
            case SLEEP, SET_TIMER ->
                exit.hypercall(Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_SET_SINGLESHOT_TIMER, port.vcpuId(), argument);
            case STOP_TIMER -> exit.hypercall(Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_STOP_SINGLESHOT_TIMER, port.vcpuId());
            case REGISTER_RUNSTATE -> {
                memory.put64(argument, argument + RUNSTATE_AREA);
                exit.hypercall(
                        Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_REGISTER_RUNSTATE_MEMORY_AREA, port.vcpuId(), argument);
            }
            case POLL -> {
                memory.put64(argument, argument + POLL_PORTS);
                memory.put32(argument + 8, 1);
                memory.put64(argument + 16, 0);
                memory.put32(argument + POLL_PORTS, sendPort);
                exit.hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_POLL, argument);
            }
            case WAIT -> exit.hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_BLOCK, 0);
            case SEND -> {
                memory.put32(argument, sendPort);
                exit.hypercall(Abi.HYPERVISOR_EVENT_CHANNEL_OP, Abi.EVTCHNOP_SEND, argument);
            }
            case YIELD -> exit.hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_YIELD, 0);
            case CALL -> exit.hypercall(callNumber, callArguments[0], callArguments[1], callArguments[2]);
            case PAUSE_LOOP -> {
                inHypercall = false;
                exit.pauseLoop();
                goOn();
            }
            case SHUTDOWN -> exit.hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_SHUTDOWN, argument);
            case NEXT -> throw new IllegalStateException("no hypercall to issue");
        }
    }

    @Override
    public void complete(long result) {
        inHypercall = false;
        switch (then) {
            case BIND_TIMER -> {
                connect(TIMER_LINE, memory.get32(argument + 8));
                next();
            }
            case SLEEP, WAIT -> await(awaited);
            default -> goOn();
        }
    }

    @Override
    public void upcall() {
        int vcpu = port.vcpuId();
        while (shared.upcallPending(vcpu)) {
            shared.setUpcallPending(vcpu, false);
            long selector = shared.takePendingSelector(vcpu);
            for (; selector != 0; selector &= selector - 1) {
                int word = Long.numberOfTrailingZeros(selector);
                long pending = shared.takePending(word, boundPorts[word]);
                for (; pending != 0; pending &= pending - 1) {
                    int line = lineOfPort[(word << 6) + Long.numberOfTrailingZeros(pending)];
                    if (line >= 0) {
                        arrived[line] = true;
                    }
                }
            }
        }
        shared.setUpcallMask(vcpu, false);
        if ((then == Then.WAIT || busy && then == Then.NEXT) && !inHypercall) {
            await(awaited);
        } else if (interruptible) {
            then = Then.NEXT;
            next();
        }
    }

    @Override
    public void fault(int vector, int errorCode, long address) {
        throw new IllegalStateException("a kernel without instructions cannot fault");
    }

    /** Goes on if what it waits for has come on {@code line} or by the timer, else waits. */
    private void await(int line) {
        boolean expired = (timed || line == TIMER_LINE) && arrived[TIMER_LINE];
        boolean came = line == anyLine ? anyArrived() : takeEvent(line);
        if (came || expired) {
            if (expired) {
                arrived[TIMER_LINE] = false;
                timerNanos = 0;
            }
            timed = false;
            busy = false;
            then = Then.NEXT;
            next();
        } else {
            awaited = line;
            if (busy) {
                work = FOREVER;
                then = Then.NEXT;
            } else {
                plan(Then.WAIT);
            }
        }
    }

    private boolean anyArrived() {
        for (boolean line : arrived) {
            if (line) {
                return true;
            }
        }
        return false;
    }

    /** Computes for one cycle, then goes on with {@code next}. */
    private void plan(Then next) {
        then = next;
        setWork(1);
    }

    private void setWork(long cycles) {
        work = cycles;
        planned = cycles;
        interruptible = false;
    }

    @Override
    public long nowNanos() {
        return nanosAfter(0);
    }

    @Override
    public long nanosAfter(long cycles) {
        return port.systemTimeNanos(port.tsc() + usedInRun + cycles);
    }

    @Override
    public long cycles(long nanos) {
        return port.cycles(nanos);
    }

    /** Nanoseconds in {@code cycles}. */
    long nanos(long cycles) {
        return port.systemTimeNanos(cycles);
    }

    @Override
    public RandomStream random(String purpose) {
        return port.random(purpose);
    }

    @Override
    public void compute(long cycles) {
        if (cycles < 1) {
            throw new IllegalArgumentException("nothing to compute: " + cycles + " cycles");
        }
        setWork(cycles);
        then = Then.NEXT;
    }

    @Override
    public void computeUntilEvent(long cycles) {
        compute(cycles);
        interruptible = true;
    }

    @Override
    public long computed() {
        return computed;
    }

    @Override
    public void computeForever() {
        setWork(FOREVER);
        then = Then.NEXT;
    }

    @Override
    public void sleepFor(long nanos) {
        sleepUntil(nowNanos() + nanos);
    }

    @Override
    public void sleepUntil(long nanos) {
        awaited = TIMER_LINE;
        planTimer(nanos, Then.SLEEP);
    }

    @Override
    public void setTimer(long nanos) {
        planTimer(nanos, Then.SET_TIMER);
    }

    private void planTimer(long nanos, Then hypercall) {
        timerNanos = Math.max(1, nanos);
        memory.put64(argument, timerNanos);
        memory.put32(argument + 8, 0);
        arrived[TIMER_LINE] = false;
        plan(hypercall);
    }

    @Override
    public void stopTimer() {
        timerNanos = 0;
        plan(Then.STOP_TIMER);
    }

    @Override
    public boolean takeTimer() {
        boolean expired = takeEvent(TIMER_LINE);
        if (expired) {
            timerNanos = 0;
        }
        return expired;
    }

    @Override
    public boolean takeEvent(int line) {
        boolean came = arrived[line];
        arrived[line] = false;
        return came;
    }

    @Override
    public void waitFor(int line) {
        await(line);
    }

    @Override
    public void waitFor(int line, long nanos, boolean busily) {
        busy = busily;
        timed = nanos != NEVER;
        if (timed && nanos != timerNanos && !arrived[line]) {
            awaited = line;
            planTimer(nanos, Then.SLEEP);
        } else {
            await(line);
        }
    }

    @Override
    public void waitForAny() {
        await(anyLine);
    }

    @Override
    public void poll(int line) {
        sendPort = portOfLine[line];
        plan(Then.POLL);
    }

    @Override
    public void clearPolled(int line) {
        shared.clearPending(portOfLine[line]);
    }

    @Override
    public void pauseLoop() {
        plan(Then.PAUSE_LOOP);
    }

    @Override
    public void watchRunstate() {
        plan(Then.REGISTER_RUNSTATE);
    }

    @Override
    public boolean isPreempted(int vcpu) {
        int state = memory.get32(vcpu * ARGUMENT_BYTES + RUNSTATE_AREA);
        return state != RUNNING && state != BLOCKED;
    }

    @Override
    public void waitForEver() {
        await(neverLine);
    }

    @Override
    public void send(int line) {
        sendPort = portOfLine[line];
        plan(Then.SEND);
    }

    @Override
    public void call(int number, long arg0, long arg1, long arg2) {
        callNumber = number;
        callArguments[0] = arg0;
        callArguments[1] = arg1;
        callArguments[2] = arg2;
        plan(Then.CALL);
    }

    @Override
    public void giveWay() {
        plan(Then.YIELD);
    }

    @Override
    public void shutdown(int reason) {
        memory.put32(argument, reason);
        plan(Then.SHUTDOWN);
    }
}
