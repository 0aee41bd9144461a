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

class CostProfileTest {
    @Test
    void everyShippedNumberNamesItsSource() {
        for (String name : CostProfile.SHIPPED) {
            CostProfile profile = CostProfile.load(name);
            assertThat(profile.name()).isEqualTo(name);
            assertThat(profile.title()).isNotBlank();
            for (Cost cost : Cost.values()) {
                assertThat(profile.cycles(cost) == 0 || !profile.source(cost).isBlank())
                        .isTrue();
            }
        }
        assertThat(CostProfile.load("zero").cycles(Cost.SCHEDULE)).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tscHertz: 1 | tscHertz must be a whole number",
                "{tscHertz: 1000000000, color: red} | unknown key 'color'",
                "{tscHertz: 1000000000, costs: {wings: {cycles: 1, source: x}}} | unknown cost 'wings'",
                "{tscHertz: 1000000000, costs: {wake: {cycles: -1, source: x}}} | wake.cycles must be",
                "{tscHertz: 1000000000, costs: {wake: {cycles: 1}}} | wake names no source",
                "'[' | not YAML",
                "5 | not a cost profile",
            })
    void refusesWhatIsNoProfile(String yaml, String complaint, @TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("p.yaml"), yaml);
        assertThatThrownBy(() -> CostProfile.load(file.toString()))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(complaint)
                .hasMessageContaining("p.yaml");
    }

    @Test
    void saysWhichProfilesThereAre() {
        assertThatThrownBy(() -> CostProfile.load("nothing"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("qemu-icount");
    }
}
