package org.xenolith.guest;

import java.util.Locale;
import java.util.function.Consumer;
import org.xenolith.core.x86.Cpu;
import org.xenolith.core.x86.CpuExit;
import org.xenolith.core.x86.Disassembler;
import org.xenolith.hypervisor.Registers;

/**
 * Tells the instructions of a range, by number, one a line: its number, rip, disassembly, and the registers that it changed.
 *
 * @param from first instruction told, counted from 0
 * @param to instruction before which it ends
 * @param sink takes the lines
 */
public record InstructionTracer(long from, long to, Consumer<String> sink) {
    private static final String[] NAMES = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };
    private static final int LONGEST_INSTRUCTION = 15;
    private static final Disassembler DISASSEMBLER = new Disassembler();

    /** Has {@code cpu}, which has executed {@code before} instructions, execute up to {@code budget} more; returns how many it did. */
    long run(Cpu cpu, Registers registers, long before, long budget) {
        long done = 0;
        do {
            long at = before + done;
            if (at >= from && at < to) {
                done += step(cpu, registers, at);
            } else {
                long next = at < from ? from - at : Long.MAX_VALUE;
                done += cpu.run(Math.min(budget - done, next));
            }
        } while (done < budget && cpu.exit.reason == CpuExit.Reason.BUDGET);
        return done;
    }

    private long step(Cpu cpu, Registers registers, long number) {
        long[] then = cpu.r.clone();
        long flags = cpu.rflags();
        StringBuilder line = new StringBuilder(
                String.format(Locale.ROOT, "%12d  %16x  %-48s", number, cpu.rip, text(cpu, registers)));
        long done = cpu.run(1);
        for (int i = 0; i < NAMES.length; i++) {
            if (cpu.r[i] != then[i]) {
                line.append(' ').append(NAMES[i]).append('=').append(Long.toHexString(cpu.r[i]));
            }
        }
        if (cpu.rflags() != flags) {
            line.append(" rflags=").append(Long.toHexString(cpu.rflags()));
        }
        sink.accept(line.toString().stripTrailing());
        return done;
    }

    /** The instruction at rip. */
    static String text(Cpu cpu, Registers registers) {
        byte[] code = new byte[LONGEST_INSTRUCTION];
        int length = registers.fetch(code);
        Disassembler.Line line = length == 0 ? null : DISASSEMBLER.print(code, 0, length, cpu.rip, cpu.mode);
        return line == null ? "(not readable)" : line.text();
    }
}
