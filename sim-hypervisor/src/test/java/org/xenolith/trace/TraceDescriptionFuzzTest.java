package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.xenolith.engine.InputException;

/** Descriptions of whatever Jazzer comes up with; without {@code JAZZER_FUZZ=1} only the inputs kept are tried. */
class TraceDescriptionFuzzTest {
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyTextIsReadOrRefused(byte[] bytes) {
        try {
            TraceDescription description =
                    TraceDescription.parse(new String(bytes, StandardCharsets.UTF_8), Path.of("t.yaml"));
            assertThat(description.tscHz()).isBetween(1_000_000L, 9_000_000_000L);
            assertThat(description.pcpus()).isBetween(1, XentraceReader.MAX_CPUS);
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("t.yaml").doesNotContain("\n");
        }
    }
}
