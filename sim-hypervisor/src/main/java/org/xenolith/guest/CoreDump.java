package org.xenolith.guest;

import java.util.Locale;
import org.xenolith.core.x86.Cpu;
import org.xenolith.hypervisor.GuestMemory;
import org.xenolith.hypervisor.Registers;

/** What a vCPU of a crashed domain leaves, as text: registers, the code at rip, the top of its stack, and the blocks that it executed last. */
final class CoreDump {
    private static final int STACK_WORDS = 32;
    private static final int WORDS_A_LINE = 4;
    private static final String[] NAMES = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };

    private CoreDump() {}

    static String of(Cpu cpu, Registers registers) {
        StringBuilder text = new StringBuilder();
        line(text, "rip %016x  rflags %08x  cpl %d  %s", cpu.rip, cpu.rflags(), cpu.cpl, cpu.mode);
        for (int i = 0; i < NAMES.length; i++) {
            text.append(String.format(
                    Locale.ROOT, "%-3s %016x%s", NAMES[i], cpu.r[i], i % WORDS_A_LINE == 3 ? "\n" : "  "));
        }
        line(
                text,
                "cr0 %x  cr2 %x  cr3 %x  cr4 %x  efer %x",
                cpu.system.cr0,
                cpu.system.cr2,
                cpu.system.cr3,
                cpu.system.cr4,
                cpu.system.efer);
        line(
                text,
                "es %04x  cs %04x  ss %04x  ds %04x  fs %04x %x  gs %04x %x",
                cpu.selector[Cpu.ES],
                cpu.selector[Cpu.CS],
                cpu.selector[Cpu.SS],
                cpu.selector[Cpu.DS],
                cpu.selector[Cpu.FS],
                cpu.segmentBase[Cpu.FS],
                cpu.selector[Cpu.GS],
                cpu.segmentBase[Cpu.GS]);
        line(text, "code: %s", InstructionTracer.text(cpu, registers));
        stack(text, cpu.r[Cpu.RSP], registers.memory());
        text.append("last blocks, the latest first:");
        long[] blocks = cpu.recentBlocks();
        for (int i = 0; i < blocks.length; i++) {
            text.append(i % WORDS_A_LINE == 0 ? "\n  " : "  ").append(String.format(Locale.ROOT, "%016x", blocks[i]));
        }
        text.append('\n');
        return text.toString();
    }

    private static void stack(StringBuilder text, long rsp, GuestMemory memory) {
        text.append("stack:");
        byte[] word = new byte[8];
        for (int i = 0; i < STACK_WORDS && memory.read(rsp + 8L * i, word, 8); i++) {
            long value = 0;
            for (int b = 7; b >= 0; b--) {
                value = value << 8 | word[b] & 0xff;
            }
            text.append(i % WORDS_A_LINE == 0 ? "\n  " : "  ").append(String.format(Locale.ROOT, "%016x", value));
        }
        text.append('\n');
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
