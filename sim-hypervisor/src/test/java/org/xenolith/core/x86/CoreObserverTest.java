package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.xenolith.machine.InstructionClass;

class CoreObserverTest {
    /** Writes down what it is told. */
    private static final class Log implements CoreObserver {
        final List<String> told = new ArrayList<>();

        @Override
        public void executing(InstructionClass kind) {
            told.add(kind.key());
        }

        @Override
        public void accessed(boolean fetch, long linear, int machine, int shift, boolean global, int levels) {
            told.add(String.format(
                    "%s %x at %x, 1 << %d%s, %d levels",
                    fetch ? "fetch" : "data", linear, machine, shift, global ? " global" : "", levels));
        }

        @Override
        public void flushed(boolean globalToo) {
            told.add("flush " + (globalToo ? "all" : "but global"));
        }

        @Override
        public void flushedPage(long address) {
            told.add("flush page " + Long.toHexString(address));
        }
    }

    private final Log log = new Log();
    private final LongMode core = new LongMode(log);

    private List<String> run(int instructions, String code) {
        core.put(LongMode.CODE, code);
        core.cpu.rip = LongMode.CODE;
        log.told.clear();
        assertThat(core.cpu.run(instructions)).isEqualTo(instructions);
        return log.told;
    }

    @Test
    void tellsFetchesAccessesAndKindsInOrder() {
        core.cpu.r[Cpu.RBX] = 0x3008;
        assertThat(run(3, "8b03 7402 eb01")) // mov eax, [rbx]; je; jmp
                .containsExactly(
                        "fetch 1000 at 1000, 1 << 30, 2 levels",
                        "load",
                        "data 3008 at 3008, 1 << 30, 2 levels",
                        "fetch 1002 at 1002, 1 << 30, 2 levels",
                        "branch",
                        "fetch 1004 at 1004, 1 << 30, 2 levels",
                        "branch",
                        "takenBranch");
    }

    @Test
    void tellsAnAccessEachTime() {
        core.cpu.r[Cpu.RBX] = 0x3008;
        List<String> once = List.copyOf(run(1, "8b03"));
        assertThat(run(1, "8b03")).isEqualTo(once).hasSize(3);
    }

    @Test
    void tellsOfTheNextPageThatAnInstructionOrAnAccessCrossesInto() {
        core.cpu.r[Cpu.RBX] = 0x3ffe;
        assertThat(run(1, "8b03"))
                .endsWith("data 3ffe at 3ffe, 1 << 30, 2 levels", "data 4000 at 4000, 1 << 30, 2 levels");
        core.put(0x8fff, "8b03");
        core.cpu.rip = 0x8fff;
        log.told.clear();
        core.cpu.run(1);
        assertThat(log.told)
                .startsWith("fetch 8fff at 8fff, 1 << 30, 2 levels", "fetch 9000 at 9000, 1 << 30, 2 levels");
    }

    @Test
    void tellsWhatForgetsTranslations() {
        core.cpu.r[Cpu.RAX] = LongMode.TOP;
        assertThat(run(1, "0f22d8")).contains("system", "flush but global");
        core.cpu.r[Cpu.RBX] = 0x3000;
        assertThat(run(1, "0f013b")).contains("system", "flush page 3000");
    }
}
