package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.core.x86.CpuExit.Reason;
import org.xenolith.machine.MachineMemory;

/**
 * A guest of noise: whatever lies in its code, tables and registers, a run ends with an exit, within its budget, and never with an
 * exception of Java's; and budgets of any size come to the same.
 */
class HostileGuestTest {
    private static final int FRAMES = 64;
    private static final int BYTES = FRAMES * MachineMemory.PAGE_SIZE;

    /** Instructions that matter here and that noise would seldom hit upon. */
    private static final List<String> SPICE = List.of(
            "0f22c0",
            "0f22d8",
            "0f22e0",
            "0f20c0",
            "0f30",
            "0f32",
            "0f011d00200000",
            "0f011500300000",
            "0f00d8",
            "0f00d0",
            "8ed0",
            "8ed8",
            "8ee8",
            "17",
            "1f",
            "cf",
            "48cf",
            "cb",
            "48cb",
            "9d",
            "cd80",
            "cc",
            "ce",
            "f1",
            "fb",
            "f4",
            "0f05",
            "0f07",
            "480f07",
            "0f34",
            "0f35",
            "0f01f8",
            "e460",
            "e680",
            "6c",
            "6e",
            "f36d",
            "f36f",
            "f3a4",
            "f348ab",
            "0fa2",
            "0f31",
            "0f01d9",
            "ea001000000800",
            "ff2c2400200000",
            "ff1c2500200000",
            "0fb22500100000",
            "0f02c0",
            "0f03c0",
            "0f00e0",
            "9a001000000800",
            "0f013c2500100000",
            "c8100003",
            "0fae0c2500100000",
            "f30faed0",
            "0f23f8",
            "0f21f0");

    @Property(tries = 200)
    void noiseEndsInAnExit(@ForAll long seed) {
        World once = new World(seed);
        World pieces = new World(seed);
        long executed = once.run(Long.MAX_VALUE, 600);
        assertThat(pieces.run(1 + Math.floorMod(seed, 5), 600)).isEqualTo(executed);
        assertThat(pieces.cpu.r).isEqualTo(once.cpu.r);
        assertThat(pieces.cpu.rip).isEqualTo(once.cpu.rip);
        assertThat(pieces.cpu.rflags()).isEqualTo(once.cpu.rflags());
        assertThat(pieces.cpu.selector).isEqualTo(once.cpu.selector);
        assertThat(pieces.cpu.system.cr2).isEqualTo(once.cpu.system.cr2);
        assertThat(pieces.exits.toString()).isEqualTo(once.exits.toString());
        assertThat(Arrays.mismatch(pieces.memory.bytes(), once.memory.bytes())).isNegative();
    }

    /**
     * A repeated store comes to its own code; something undefined at the end of a page is shorter than what is left of it; a jump with an
     * operand of 32 bits leads behind the last offset of 16.
     */
    @ParameterizedTest
    @ValueSource(longs = {146327, 396783, -5993172})
    void noiseThatOnceDidNot(long seed) {
        noiseEndsInAnExit(seed);
    }

    private static final class World {
        final MachineMemory memory = new MachineMemory(FRAMES);
        final Cpu cpu;
        final Random random;
        final StringBuilder exits = new StringBuilder();
        private long executed;

        World(long seed) {
            random = new Random(seed);
            cpu = new Cpu(memory, PhysicalMap.identity(FRAMES), random.nextInt(5) == 0);
            byte[] noise = new byte[BYTES];
            random.nextBytes(noise);
            memory.write(0, noise, 0, BYTES);
            for (int at = 0; at < BYTES; at += 4 + random.nextInt(12)) {
                byte[] code = HexFormat.of().parseHex(SPICE.get(random.nextInt(SPICE.size())));
                memory.write(at, code, 0, Math.min(code.length, BYTES - at));
            }
            tables();
            switch (random.nextInt(4)) {
                case 0 -> cpu.startRealMode(random.nextInt(0x3000));
                case 1 -> cpu.startProtected32(random.nextInt(BYTES));
                default -> cpu.startPv(random.nextInt(BYTES), random.nextInt(BYTES), 0x1000);
            }
            registers();
        }

        /** Tables that often make sense: pages that are there, descriptors and gates of useful types. */
        private void tables() {
            for (int i = 0; i < 512; i++) {
                memory.put64(0x1000 + 8 * i, 0x2000 | entryBits());
                memory.put64(0x2000 + 8 * i, 0x3000 | entryBits());
                memory.put64(0x3000 + 8 * i, 0x4000 | entryBits());
                memory.put64(0x4000 + 8 * i, (long) random.nextInt(FRAMES + 4) << 12 | entryBits());
            }
            for (int at = 0x5000; at < 0x7000; at += 8) {
                long type = random.nextBoolean() ? 0x80 | random.nextInt(128) : 0x8e | random.nextInt(4) << 5;
                long selector = random.nextInt(32) * 8L;
                memory.put64(
                        at, random.nextInt(0x10000) | selector << 16 | type << 40 | (long) random.nextInt(16) << 52);
            }
        }

        private long entryBits() {
            return random.nextInt(40) == 0 ? random.nextLong() & 0xfffL : 7;
        }

        private void registers() {
            for (int i = 0; i < 16; i++) {
                cpu.r[i] = random.nextBoolean() ? random.nextInt(BYTES) : random.nextLong();
            }
            SystemState s = cpu.system;
            s.gdtBase = 0x5000;
            s.gdtLimit = 0xfff;
            s.ldtBase = 0x5800;
            s.ldtLimit = 0x7ff;
            s.idtBase = 0x6000;
            s.idtLimit = 0xfff;
            s.taskBase = 0x8000;
            s.taskLimit = random.nextInt(0x200);
            s.star = random.nextLong();
            s.lstar = random.nextInt(BYTES);
            s.sysenter[0] = random.nextInt(256);
            s.sysenter[2] = random.nextInt(BYTES);
            if (random.nextInt(3) == 0) {
                cpu.setRflags(random.nextLong() & 0x3f7fd7);
            }
            cpu.system.cr4 |= random.nextInt(4) == 0 ? PageWalk.CR4_SMAP | PageWalk.CR4_SMEP : 0;
            if (!cpu.deprivileged && cpu.cpl == 3 && random.nextBoolean()) {
                cpu.segments.setCode(8, Segments.FLAT_CODE & ~(1L << 54) | 1L << 53, 0);
            }
            cpu.segments.update();
            cpu.clock = inRun -> executed + inRun;
        }

        /** Runs, answering all exits alike, until so many instructions or exits are done. */
        long run(long budget, long most) {
            int stops = 0;
            while (executed < most && stops < 200) {
                long grant = Math.min(budget, most - executed);
                long done = cpu.run(grant);
                assertThat(done).isBetween(0L, grant);
                executed += done;
                if (cpu.exit.reason == Reason.BUDGET) {
                    continue;
                }
                stops++;
                exits.append(cpu.exit.reason).append(' ');
                if (!answer()) {
                    break;
                }
            }
            return executed;
        }

        /** A byte behind {@code rip}: behind the last offset of a code segment comes the first. */
        private long behind(long rip) {
            return switch (cpu.mode) {
                case BITS_16 -> rip + 1 & 0xffff;
                case BITS_32 -> rip + 1 & 0xffffffffL;
                case BITS_64 -> rip + 1;
            };
        }

        private boolean answer() {
            switch (cpu.exit.reason) {
                case IN, MMIO_READ -> cpu.completeInput(cpu.exit.number * 77);
                case EXCEPTION -> {
                    exits.append(cpu.exit.number).append(' ');
                    cpu.rip = cpu.exit.software ? cpu.rip : behind(cpu.rip);
                }
                case HALT -> {
                    if (cpu.interrupts.interruptible()) {
                        cpu.interrupts.interrupt(0x20 + (int) (cpu.rip & 0x1f));
                    }
                }
                case TRIPLE_FAULT -> {
                    return false;
                }
                default -> {}
            }
            return true;
        }
    }
}
