package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.xenolith.engine.InputException;

/** Scenarios of whatever Jazzer comes up with; without {@code JAZZER_FUZZ=1} only the inputs kept are tried. */
class ScenarioFuzzTest {
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyTextIsReadOrRefused(byte[] bytes) {
        String text = "schedulers: []\n" + new String(bytes, StandardCharsets.UTF_8);
        try {
            ScenarioReader.parse(text, "s.yaml", Path.of("no-such-folder"), new SchedulerCatalog());
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("s.yaml").doesNotContain("\n");
        }
    }
}
