package org.xenolith.core.x86;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.xenolith.machine.MachineMemory;

/** A core alone with one of the bare-metal guests of {@code src/bench/guests}. */
public final class BareMetal {
    /** Their names. */
    static final String[] NAMES = {"alu", "fib", "sieve", "chase", "mix"};

    private static final int FRAMES = 4096;

    /** The core. */
    public final Cpu cpu;

    private final byte[] image;
    private final MachineMemory memory = new MachineMemory(FRAMES);

    /** Loads guest {@code name}. */
    BareMetal(String name) {
        this(name, true);
    }

    /** Loads guest {@code name} on a core that is deprivileged or not. */
    BareMetal(String name, boolean deprivileged) {
        this(name, deprivileged, null);
    }

    /** Loads guest {@code name} on a core that {@code observer}, or nobody, is told of. */
    public BareMetal(String name, boolean deprivileged, CoreObserver observer) {
        try {
            image = Files.readAllBytes(guests().resolve(name + ".elf"));
        } catch (IOException e) {
            throw new IllegalStateException("no guest " + name, e);
        }
        cpu = new Cpu(memory, PhysicalMap.identity(FRAMES), deprivileged, observer);
    }

    private static Path guests() {
        Path here = Path.of("src/bench/guests");
        return Files.isDirectory(here) ? here : Path.of("sim-hypervisor/src/bench/guests");
    }

    /** A hash of all of memory. */
    public int memoryHash() {
        byte[] all = new byte[FRAMES << MachineMemory.PAGE_SHIFT];
        memory.read(0, all, 0, all.length);
        return Arrays.hashCode(all);
    }

    /** Lays the guest into memory and the core at its entry, in 64-bit mode. */
    void reset() {
        ByteBuffer elf = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        int headers = elf.getShort(56);
        for (int i = 0; i < headers; i++) {
            int at = (int) elf.getLong(32) + i * 56;
            if (elf.getInt(at) == 1) {
                int to = (int) elf.getLong(at + 16);
                int inFile = (int) elf.getLong(at + 32);
                memory.write(to, image, (int) elf.getLong(at + 8), inFile);
                memory.fill(to + inFile, (int) elf.getLong(at + 40) - inFile, (byte) 0);
            }
        }
        Arrays.fill(cpu.r, 0);
        cpu.rip = elf.getLong(24);
        cpu.mode = Insn.Mode.BITS_64;
        cpu.mmu.select();
    }

    /** Lays the guest into memory and the core at its PVH entry, in 32-bit protected mode, whence it comes to 64-bit mode by itself. */
    public void resetToPvh() {
        reset();
        ByteBuffer elf = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        int headers = elf.getShort(56);
        for (int i = 0; i < headers; i++) {
            int at = (int) elf.getLong(32) + i * 56;
            if (elf.getInt(at) == 4) {
                // The only note: 12 bytes of sizes and type, 4 of name, then the entry.
                cpu.startProtected32(elf.getInt((int) elf.getLong(at + 8) + 16));
            }
        }
    }

    /**
     * Runs the guest to its end, which is the first thing it wants of anybody else: a write to the exit device.
     *
     * @return how many instructions it executed; its result is in rax
     */
    long run() {
        long executed = 0;
        do {
            executed += cpu.run(Long.MAX_VALUE);
        } while (cpu.exit.reason == CpuExit.Reason.BUDGET);
        return executed;
    }

    /** Runs the guests named, or all, and says how fast by the thread's CPU time: {@code BareMetal [ROUNDS [NAME...]]}. */
    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 3;
        String[] names = args.length > 1 ? Arrays.copyOfRange(args, 1, args.length) : NAMES;
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (String name : names) {
            BareMetal guest = new BareMetal(name);
            for (int i = 0; i < rounds; i++) {
                guest.reset();
                long begin = threads.getCurrentThreadCpuTime();
                long executed = guest.run();
                double seconds = (threads.getCurrentThreadCpuTime() - begin) / 1e9;
                System.out.printf(
                        "%-6s %,14d instructions  %6.1f MIPS  result %x%n",
                        name, executed, executed / seconds / 1e6, guest.cpu.r[Cpu.RAX]);
            }
        }
    }
}
