package org.xenolith.scheduler;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.xenolith.hypervisor.XenTimer;

/** What the timers of a policy's own cost, one expiry of each, and how that grows with the machine. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgs = "-XX:+UseSerialGC")
public class PolicyTimerBench {
    /** What a timer is for. */
    public enum Work {
        /** Credit's tick on a pCPU: charge who runs there, sort the queue if accounting has changed priorities. */
        TICK("credit"),
        /** Credit's accounting: deal out a timeslice's credits to all who earn. */
        ACCOUNTING("credit"),
        /** RTDS fills up the budgets that are due. */
        REPLENISHMENT("rtds");

        private final String scheduler;

        Work(String scheduler) {
            this.scheduler = scheduler;
        }
    }

    private static final int TICKS_PER_ACCOUNTING = 3;

    @Param
    public Work work;

    @Param({"8/64", "64/1024", "256/4096"})
    public String pcpusAndVcpus;

    private BusyMachine machine;
    private int ticks;

    @Setup(Level.Iteration)
    public void build() {
        machine = new BusyMachine(work.scheduler, pcpusAndVcpus);
    }

    /** What happens between two expiries of the timer, so that there is something to do for it. */
    @Setup(Level.Invocation)
    public void live() {
        int pcpu = machine.nextPcpu();
        switch (work) {
            case TICK -> {
                if (++ticks % (TICKS_PER_ACCOUNTING * machine.pcpus) == 0) {
                    machine.expire(credit().accounting);
                }
                decide(pcpu);
            }
            case ACCOUNTING -> {
                for (int i = 0; i < TICKS_PER_ACCOUNTING * machine.pcpus; i++) {
                    decide(machine.nextPcpu());
                    machine.expire(ticker());
                }
            }
            case REPLENISHMENT -> decide(pcpu);
        }
    }

    private void decide(int pcpu) {
        machine.decide(pcpu, BusyMachine.SLICE / machine.pcpus);
    }

    private Credit credit() {
        return (Credit) machine.stepper.scheduler();
    }

    private XenTimer ticker() {
        return credit().runqueues[machine.pcpu()].ticker;
    }

    /** The timer expires. */
    @Benchmark
    public XenTimer expire() {
        XenTimer timer =
                switch (work) {
                    case TICK -> ticker();
                    case ACCOUNTING -> credit().accounting;
                    case REPLENISHMENT -> ((Rtds) machine.stepper.scheduler()).replenishment;
                };
        machine.expire(timer);
        return timer;
    }
}
