package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.xenolith.machine.MachineMemory;

/** Every op that is there for speed does what the plain op does, on the same random states. */
class FastShapesTest {
    private static final int FRAMES = 1024;
    private static final int STATES = 6;
    private static final long SEED = 20261122;

    /** Prefixes: none, operand size, REX with and without W and the upper registers, fs, address size. */
    private static final int[][] PREFIXES = {{}, {0x66}, {0x48}, {0x4d}, {0x45}, {0x40}, {0x64}, {0x64, 0x48}, {0x67}};

    private final Random random = new Random(SEED);
    private final Decoder decoder = new Decoder();
    private final Semantics plain = Semantics.plain();
    private final FastShapes fast = new FastShapes();
    private final MachineMemory memory = new MachineMemory(FRAMES);
    private final MachineMemory twinMemory = new MachineMemory(FRAMES);
    private final Cpu cpu = new Cpu(memory, PhysicalMap.identity(FRAMES), true);
    private final Cpu twin = new Cpu(twinMemory, PhysicalMap.identity(FRAMES), true);

    @Test
    void fastOpsDoWhatPlainOnesDo() {
        Set<String> covered = new TreeSet<>();
        int instructions = 0;
        for (int[] prefix : PREFIXES) {
            for (int opcode = 0; opcode < 0x200; opcode++) {
                for (int modrm = 0; modrm < 256; modrm++) {
                    Insn insn = decoder.decode(bytes(prefix, opcode, modrm), 0, 15, Snippet.CODE, Insn.Mode.BITS_64);
                    Op op = insn == null ? null : fast.op(insn);
                    if (op == null) {
                        continue;
                    }
                    covered.add(fast.shape(insn));
                    instructions++;
                    Op slow = plain.op(insn);
                    assertThat(op.ends()).as("%s", insn).isEqualTo(slow.ends());
                    for (int i = 0; i < STATES; i++) {
                        compare(insn, op, slow);
                    }
                }
            }
        }
        assertThat(covered).containsAll(fast.shapes());
        assertThat(Arrays.equals(memory.bytes(), twinMemory.bytes())).isTrue();
        assertThat(instructions).isGreaterThan(50_000);
    }

    private byte[] bytes(int[] prefix, int opcode, int modrm) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int b : prefix) {
            bytes.write(b);
        }
        if (opcode >= 0x100) {
            bytes.write(0x0f);
        }
        bytes.write(opcode);
        bytes.write(modrm);
        if ((modrm & 7) == 4 && modrm < 0xc0) {
            bytes.write(random.nextInt(256));
        }
        // Displacements and immediates: few bits in the second and third byte, so that addresses stay in memory.
        bytes.write(random.nextInt(256));
        bytes.write(random.nextInt(16));
        for (int i = 0; i < 10; i++) {
            bytes.write(modrm < 0xc0 ? 0 : random.nextInt(256));
        }
        return Arrays.copyOf(bytes.toByteArray(), 15);
    }

    private void compare(Insn insn, Op op, Op slow) {
        boolean addresses = insn.memory() != null || random.nextBoolean();
        for (int i = 0; i < 16; i++) {
            long value =
                    switch (random.nextInt(4)) {
                        case 0 -> random.nextLong();
                        case 1 -> random.nextInt(5) - 2L;
                        case 2 -> 1L << random.nextInt(64);
                        default -> Long.MIN_VALUE >> random.nextInt(64);
                    };
            cpu.r[i] = addresses || i == Cpu.RSP ? random.nextInt(0x40000) + 0x1000L : value;
        }
        System.arraycopy(cpu.r, 0, twin.r, 0, 17);
        long flags = random.nextInt() & Cpu.STATUS;
        prepare(cpu, flags);
        prepare(twin, flags);
        execute(cpu, op);
        execute(twin, slow);
        assertThat(cpu.r).as("%s", insn).isEqualTo(twin.r);
        assertThat(cpu.rip).as("%s", insn).isEqualTo(twin.rip);
        assertThat(cpu.rflags()).as("%s", insn).isEqualTo(twin.rflags());
    }

    private static void prepare(Cpu c, long flags) {
        c.setStatus(flags);
        c.rip = Snippet.CODE;
        c.mode = Insn.Mode.BITS_64;
        c.segmentBase[Cpu.FS] = 0x2000;
        c.mmu.select();
        c.mmu.io.clear();
    }

    private static void execute(Cpu c, Op op) {
        try {
            op.exec(c);
        } catch (Fault f) {
            c.rip = -2L - f.vector;
        }
    }
}
