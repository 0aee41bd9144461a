package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import org.xenolith.engine.InputException;

/**
 * The reader on whatever bytes Jazzer comes up with. Without {@code JAZZER_FUZZ=1} only the inputs kept beside this class are tried.
 */
class LinuxSchedReaderFuzzTest {
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyBytesAreReadOrRefused(byte[] bytes) {
        try (LinuxSchedReader reader = new LinuxSchedReader(new ByteArrayInputStream(bytes), "fuzz")) {
            LinuxSchedEvent event = new LinuxSchedEvent();
            while (reader.next(event)) {
                assertThat(event.nanos).isNotNegative();
                assertThat(event.cpu).isBetween(0, LinuxSchedReader.MAX_CPUS - 1);
                assertThat(event.task).isNotNegative();
            }
            assertThat(reader.remarks()).allMatch(line -> !line.contains("\n"));
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("fuzz").doesNotContain("\n");
        }
    }
}
