package org.xenolith.trace;

import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * The reader on whatever bytes Jazzer comes up with. Without {@code JAZZER_FUZZ=1} only the inputs kept beside this
 * class are tried.
 */
class XentraceFuzzTest {
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyBytesAreReadOrRefused(byte[] bytes) {
        XentraceProperties.drain(bytes);
    }
}
