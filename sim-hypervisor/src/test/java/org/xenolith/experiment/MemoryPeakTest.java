package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenolith.engine.InputException;

class MemoryPeakTest {
    private static final int MIB = 256;

    @TempDir
    Path folder;

    private int frames(String yaml) throws IOException {
        Files.writeString(folder.resolve("Idler.java"), ScenarioReaderTest.IDLER);
        Scenario scenario = ScenarioReader.parse(
                "schedulers: [Idler.java]\nduration: 1 s\n" + yaml, "s.yaml", folder, new SchedulerCatalog());
        return MemoryPeak.frames(scenario);
    }

    private static String booted(String name, int mebibytes) {
        return "  - {name: " + name + ", type: pv, guest: {boot: {kernel: k, memory: " + mebibytes + "}}}\n";
    }

    @Test
    void nothingIsWantedWhereNothingBoots() throws Exception {
        assertThat(frames("domains: [{name: a, guest: spin}]")).isZero();
    }

    @Test
    void whatIsThereTogetherIsAddedUp() throws Exception {
        assertThat(frames("domains:\n" + booted("a", 100) + booted("b", 200)))
                .isEqualTo(300 * MIB + BootedLoad.HYPERVISOR_FRAMES);
    }

    @Test
    void whatIsDestroyedLeavesItsMemoryToTheNext() throws Exception {
        String domains = "domains:\n" + booted("a", 100) + booted("b", 1500) + booted("c", 1600);
        String actions =
                """
                actions:
                  - {at: 200 ms, do: destroy, domain: b}
                  - {at: 100 ms, do: create, domain: b}
                  - {at: 200 ms, do: create, domain: c}
                """;
        assertThat(frames(domains + actions)).isEqualTo(1700 * MIB + BootedLoad.HYPERVISOR_FRAMES);
        assertThatThrownBy(() -> frames(domains + actions.replace("200 ms, do: create", "199 ms, do: create")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("more memory at a time than the 2 GiB");
    }
}
