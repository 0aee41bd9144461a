package org.xenolith.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.engine.InputException;

class CoreCostsTest {
    private static final String CORE =
            """
            tscHertz: 1000000000
            core:
              instructions:
                alu: {cycles: 1, source: s}
                multiply: {cycles: 3, source: s}
                divide: {cycles: 20, source: s}
                load: {cycles: 4, source: s}
                store: {cycles: 5, source: s}
                branch: {cycles: 6, source: s}
                takenBranch: {cycles: 7, source: s}
                string: {cycles: 8, source: s}
                floating: {cycles: 9, source: s}
                system: {cycles: 10, source: s}
              tlb:
                instruction: {entries: 64, ways: 4, source: s}
                data: {entries: 32, ways: 8, source: s}
                walkPerLevel: {cycles: 11, source: s}
              caches:
                l1i: {kib: 16, ways: 4, line: 64, latency: 3, source: s}
                l1d: {kib: 32, ways: 8, line: 32, latency: 4, source: s}
                l2: {kib: 256, ways: 8, line: 64, latency: 12, source: s}
                l3: {kib: 2048, ways: 16, line: 64, latency: 40, source: s}
                memory: {latency: 200, source: s}
            """;

    @Test
    void readsEveryFigure(@TempDir Path folder) throws Exception {
        CoreCosts core = CostProfile.load(
                        Files.writeString(folder.resolve("p.yaml"), CORE).toString())
                .core();
        assertThat(core.cycles(InstructionClass.DIVIDE)).isEqualTo(20);
        assertThat(core.cycles(InstructionClass.TAKEN_BRANCH)).isEqualTo(7);
        assertThat(core.instructionTlb()).isEqualTo(new CoreCosts.Tlb(64, 4));
        assertThat(core.dataTlb()).isEqualTo(new CoreCosts.Tlb(32, 8));
        assertThat(core.walkPerLevel()).isEqualTo(11);
        assertThat(core.instructionCache()).isEqualTo(new CoreCosts.Cache(16, 4, 64, 3));
        assertThat(core.dataCache()).isEqualTo(new CoreCosts.Cache(32, 8, 32, 4));
        assertThat(core.dataCache().lines()).isEqualTo(1024);
        assertThat(core.outerCaches())
                .containsExactly(new CoreCosts.Cache(256, 8, 64, 12), new CoreCosts.Cache(2048, 16, 64, 40));
        assertThat(core.memoryLatency()).isEqualTo(200);
        assertThat(core.sources()).hasSize(10 + 3 + 5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "alu: {cycles: 1, source: s} | alu: {cycles: 0, source: s} | core.instructions.alu.cycles must be",
                "alu: {cycles: 1, source: s} | alu: {cycles: 1} | core.instructions.alu names no source",
                "alu: {cycles: 1, source: s} | add: {cycles: 1, source: s} | core.instructions: unknown key 'add'",
                "alu: {cycles: 1, source: s} | alu: {cycles: 1, source: s, x: 1} | core.instructions.alu: unknown key 'x'",
                "alu: {cycles: 1, source: s} | | core.instructions.alu is missing",
                "entries: 64 | entries: 65 | core.tlb.instruction: 65 entries of 4 ways",
                "entries: 32 | entries: 0 | core.tlb.data.entries must be",
                "line: 32 | line: 48 | core.caches.l1d.line must be a power of two",
                "kib: 256 | kib: 384 | core.caches.l2: 6144 entries of 8 ways",
                "latency: 200 | latency: 20 | a latency of 20 behind one of 40",
                "walkPerLevel | walk | core.tlb: unknown key 'walk'",
                "'  caches:' | '  cashes:' | core: unknown key 'cashes'",
            })
    void refusesWhatIsNoCore(String good, String bad, String complaint, @TempDir Path folder) throws Exception {
        assertThat(CORE).contains(good);
        Path file = Files.writeString(folder.resolve("p.yaml"), CORE.replace(good, bad == null ? "" : bad));
        assertThatThrownBy(() -> CostProfile.load(file.toString()))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("p.yaml")
                .hasMessageContaining(complaint);
    }

    @Test
    void aProfileWithoutOneSaysWhatToDo() {
        assertThatThrownBy(() -> CostProfile.load("zero").core())
                .isInstanceOf(InputException.class)
                .hasMessageContaining("'zero' has no section 'core'");
    }
}
