package org.xenolith.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.xenolith.core.x86.BareMetal;
import org.xenolith.core.x86.Cpu;
import org.xenolith.core.x86.CpuExit;
import org.xenolith.core.x86.PhysicalMap;
import org.xenolith.machine.CostProfile;
import org.xenolith.machine.MachineMemory;

class TimingTest {
    private static final CostProfile XEON = CostProfile.load("xeon-2003");
    private static final long CYCLES = 60_000;

    /** Cycles after which the guest that chases pointers has laid them out. */
    private static final long CHASE_LAID_OUT = 60_000_000;

    /** A core under a timing, alone. */
    private static final class Timed implements Timing.Core {
        final Timing timing;
        final Cpu cpu;
        long instructions;
        long time;

        Timed(Timing timing, Cpu cpu) {
            this.timing = timing;
            this.cpu = cpu;
            cpu.clock = timing;
        }

        @Override
        public long execute(long most) {
            long done = cpu.run(most);
            instructions += done;
            return done;
        }

        @Override
        public boolean stopped() {
            return cpu.exit.reason != CpuExit.Reason.BUDGET;
        }

        long run(long budget) {
            long used = timing.run(budget, time, this);
            time += used;
            return used;
        }
    }

    /** One of the bare-metal guests under a timing. */
    private static final class Guest {
        final BareMetal metal;
        final Timed timed;

        Guest(String name, Timing.Kind kind) {
            Timing timing = kind.create(XEON);
            metal = new BareMetal(name, false, timing.observer());
            metal.resetToPvh();
            timed = new Timed(timing, metal.cpu);
        }

        List<Object> state() {
            return List.of(
                    timed.instructions,
                    timed.time,
                    timed.timing.tsc(0),
                    metal.cpu.rip,
                    metal.cpu.rflags(),
                    Arrays.toString(metal.cpu.r),
                    metal.memoryHash());
        }
    }

    /** A loop that reads a word of each line of an array, then halts; in 32-bit mode without paging. */
    private static Timed loop() {
        byte[] code = {
            (byte) 0x8b,
            3, // mov eax, [ebx]
            (byte) 0x83,
            (byte) 0xc3,
            0x40, // add ebx, 64
            0x49, // dec ecx
            0x75,
            (byte) 0xf8, // jnz to the begin
            (byte) 0xf4 // hlt
        };
        MachineMemory memory = new MachineMemory(64);
        memory.write(0x1000, code, 0, code.length);
        Timing timing = Timing.Kind.APPROXIMATE.create(XEON);
        return new Timed(timing, new Cpu(memory, PhysicalMap.identity(64), false, timing.observer()));
    }

    private static long pass(Timed core, int lines) {
        core.cpu.startProtected32(0x1000);
        core.cpu.r[Cpu.RBX] = 0x10000;
        core.cpu.r[Cpu.RCX] = lines;
        long used = core.run(1_000_000);
        assertThat(core.cpu.exit.reason).isEqualTo(CpuExit.Reason.HALT);
        return used;
    }

    /** An iteration is a load of 2, two of arithmetic, and a branch of 2 that is not taken at last; the hlt before is still owed its 100. */
    @Example
    void aLoopCostsWhatItsPartsCost() {
        Timed small = loop();
        assertThat(pass(small, 64)).isEqualTo(226 + 64 * (226 + 6) - 1);
        assertThat(pass(small, 64)).isEqualTo(100 + 64 * 6 - 1);

        Timed large = loop();
        assertThat(pass(large, 256)).isEqualTo(226 + 256 * (226 + 6) - 1);
        assertThat(pass(large, 256)).isEqualTo(100 + 256 * (5 + 6) - 1);
    }

    @Property(tries = 20)
    void budgetsOfAnySizeComeToTheSame(
            @ForAll Timing.Kind kind,
            @ForAll @Size(min = 1, max = 20) List<@LongRange(min = 1, max = 3000) Long> budgets) {
        Guest whole = new Guest("mix", kind);
        whole.timed.run(CYCLES);
        Guest split = new Guest("mix", kind);
        for (int i = 0; split.timed.time < CYCLES; i++) {
            split.timed.run(Math.min(budgets.get(i % budgets.size()), CYCLES - split.timed.time));
        }
        if (kind == Timing.Kind.FUNCTIONAL) { // its clock counts from each run's begin
            whole.timed.run(0);
            split.timed.run(0);
        }
        assertThat(split.state()).isEqualTo(whole.state());
    }

    @Example
    void whatIsComputedDoesNotDependOnTheTiming() {
        for (String name : List.of("fib", "sieve", "chase", "mix")) {
            Guest approximate = new Guest(name, Timing.Kind.APPROXIMATE);
            approximate.timed.run(1_000_000);
            Guest functional = new Guest(name, Timing.Kind.FUNCTIONAL);
            functional.timed.run(approximate.timed.instructions);
            assertThat(functional.timed.instructions).isEqualTo(approximate.timed.instructions);
            assertThat(functional.state().subList(3, 7))
                    .isEqualTo(approximate.state().subList(3, 7));
        }
    }

    /** Hundredths of a cycle that an instruction of {@code name} takes in 10 M cycles behind {@code warmUp}. */
    private static long hundredthsPerInstruction(String name, Timing.Kind kind, long warmUp) {
        Guest guest = new Guest(name, kind);
        guest.timed.run(warmUp);
        long before = guest.timed.instructions;
        guest.timed.run(10_000_000);
        return 1_000_000_000 / (guest.timed.instructions - before);
    }

    @Example
    void instructionsTakeOneCycleEachOrWhatTheyDo() {
        for (String name : List.of("alu", "chase")) {
            assertThat(hundredthsPerInstruction(name, Timing.Kind.FUNCTIONAL, 0))
                    .isEqualTo(100);
        }
        long alu = hundredthsPerInstruction("alu", Timing.Kind.APPROXIMATE, 0);
        long chase = hundredthsPerInstruction("chase", Timing.Kind.APPROXIMATE, CHASE_LAID_OUT);
        assertThat(alu).isBetween(100L, 120L);
        assertThat(chase)
                .isBetween(7600L, 7800L); // a load from memory, a subtraction and a branch: 228 + 1 + 2 for three
    }
}
