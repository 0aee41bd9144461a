package org.xenolith.scheduler;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.xenolith.hypervisor.SchedUnit;

/** What each kind of work that all policies have costs, and how that grows with the machine. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgs = "-XX:+UseSerialGC")
public class PolicyBench {
    private static final long LONG_SLICE = 30_000_000;

    @Param({"credit2", "credit", "rtds", "bvt", "sedf", "rr"})
    public String scheduler;

    @Param({"8/64", "64/1024", "256/4096"})
    public String pcpusAndVcpus;

    private BusyMachine machine;
    private int unit;

    @Setup(Level.Iteration)
    public void build() {
        machine = new BusyMachine(scheduler, pcpusAndVcpus);
    }

    /** A slice of a millisecond has ended: charge, choose, switch. */
    @Benchmark
    public SchedUnit schedule() {
        return machine.decide(machine.nextPcpu(), BusyMachine.SLICE / machine.pcpus);
    }

    /** A slice of 30 ms has ended: credit is gone, so that credit2 resets it and balances the load of runqueues. */
    @Benchmark
    public SchedUnit resetAndBalance() {
        return machine.decide(machine.nextPcpu(), LONG_SLICE);
    }

    /** Somebody who waits is paused and unpaused: off its queue, back onto it, and whom to tickle. */
    @Benchmark
    public SchedUnit wake() {
        SchedUnit u;
        do {
            unit = (unit + 1) % machine.units.size();
            u = machine.units.get(unit);
        } while (u.isRunning());
        machine.at(u.pcpu());
        machine.stepper.pause(u);
        machine.stepper.unpause(u);
        return u;
    }

    /** Who runs blocks, its pCPU looks for another (in its queue, or in those of others), and it wakes again. */
    @Benchmark
    @OperationsPerInvocation(2)
    public SchedUnit blockAndSteal() {
        int pcpu = machine.nextPcpu();
        SchedUnit running = machine.stepper.host().current(pcpu);
        if (running != null) {
            machine.at(pcpu);
            machine.stepper.block(running);
        }
        SchedUnit next = machine.decide(pcpu, BusyMachine.SLICE / machine.pcpus);
        if (running != null) {
            machine.stepper.unblock(running);
        }
        return next;
    }
}
