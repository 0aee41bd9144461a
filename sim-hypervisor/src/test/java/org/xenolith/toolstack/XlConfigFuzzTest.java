package org.xenolith.toolstack;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import org.xenolith.engine.InputException;

/** Configurations of whatever Jazzer comes up with; without {@code JAZZER_FUZZ=1} only the inputs kept are tried. */
class XlConfigFuzzTest {
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyTextIsReadOrRefused(byte[] bytes) {
        try {
            XlConfig config = XlConfig.parse(new String(bytes, StandardCharsets.UTF_8), "x.cfg");
            assertThat(config.weight()).isBetween(1, 65535);
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("x.cfg").doesNotContain("\n");
        }
    }
}
