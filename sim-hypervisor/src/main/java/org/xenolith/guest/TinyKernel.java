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
 * <p>Each hypercall takes one cycle of its own, the instruction that traps; handling an upcall takes none besides what the
 * machine's cost profile charges for it.
 */
public final class TinyKernel implements Guest, Workload.Task {
    /** Bytes of memory that each vCPU of a domain needs for the arguments of its hypercalls. */
    public static final int ARGUMENT_BYTES = 64;

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
        SET_TIMER,
        /** Block until {@link #awaited} has come. */
        WAIT,
        /** Send an event. */
        SEND,
        /** Yield. */
        YIELD,
        /** Any other hypercall. */
        CALL,
        /** Shut down. */
        SHUTDOWN
    }

    private final Workload workload;
    private final FlatMemory memory;
    private final int[] portOfLine;

    /** A line on which nothing comes. */
    private final int neverLine;

    private final int[] lineOfPort = new int[SharedInfo.PORTS];

    /** By word of 64 ports: those that notify this vCPU. */
    private final long[] boundPorts = new long[SharedInfo.PORTS / Long.SIZE];

    private final boolean[] arrived;
    private VcpuPort port;
    private SharedInfo shared;
    private int argument;

    private long work = START_CYCLES;
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
            workload.next(this);
        }
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
            case SET_TIMER ->
                exit.hypercall(Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_SET_SINGLESHOT_TIMER, port.vcpuId(), argument);
            case WAIT -> exit.hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_BLOCK, 0);
            case SEND -> {
                memory.put32(argument, sendPort);
                exit.hypercall(Abi.HYPERVISOR_EVENT_CHANNEL_OP, Abi.EVTCHNOP_SEND, argument);
            }
            case YIELD -> exit.hypercall(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_YIELD, 0);
            case CALL -> exit.hypercall(callNumber, callArguments[0], callArguments[1], callArguments[2]);
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
                workload.next(this);
            }
            case SET_TIMER, WAIT -> await(awaited);
            default -> workload.next(this);
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
        }
    }

    @Override
    public void fault(int vector, int errorCode, long address) {
        throw new IllegalStateException("a kernel without instructions cannot fault");
    }

    /** Goes on if what it waits for has come on {@code line} or by the timer, else waits. */
    private void await(int line) {
        boolean expired = (timed || line == TIMER_LINE) && arrived[TIMER_LINE];
        if (arrived[line] || expired) {
            if (expired) {
                arrived[TIMER_LINE] = false;
                timerNanos = 0;
            }
            arrived[line] = false;
            timed = false;
            busy = false;
            then = Then.NEXT;
            workload.next(this);
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

    private void plan(Then hypercall) {
        then = hypercall;
        work = 1;
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

    @Override
    public RandomStream random(String purpose) {
        return port.random(purpose);
    }

    @Override
    public void compute(long cycles) {
        if (cycles < 1) {
            throw new IllegalArgumentException("nothing to compute: " + cycles + " cycles");
        }
        work = cycles;
        then = Then.NEXT;
    }

    @Override
    public void computeForever() {
        work = FOREVER;
        then = Then.NEXT;
    }

    @Override
    public void sleepFor(long nanos) {
        sleepUntil(nowNanos() + nanos);
    }

    @Override
    public void sleepUntil(long nanos) {
        awaited = TIMER_LINE;
        setTimer(nanos);
    }

    private void setTimer(long nanos) {
        timerNanos = Math.max(1, nanos);
        memory.put64(argument, timerNanos);
        memory.put32(argument + 8, 0);
        arrived[TIMER_LINE] = false;
        plan(Then.SET_TIMER);
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
            setTimer(nanos);
        } else {
            await(line);
        }
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
