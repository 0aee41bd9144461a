package org.xenolith.toolstack;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;

/** Kernels of whatever Jazzer comes up with; without {@code JAZZER_FUZZ=1} only the inputs kept are tried. */
class KernelImageFuzzTest {
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyFileIsReadOrRefused(byte[] bytes) {
        KernelImageTest.readOrRefuse(bytes);
    }

    /** The headers are Jazzer's, what they speak of is a kernel's. */
    @FuzzTest(maxDuration = "60s", maxExecutions = 100_000)
    void anyHeadersAreReadOrRefused(byte[] bytes) {
        byte[] elf = Kernels.linux();
        System.arraycopy(bytes, 0, elf, 4, Math.min(bytes.length, 172));
        KernelImageTest.readOrRefuse(elf);
        KernelImageTest.readOrRefuse(Kernels.bzImage(Arrays.copyOf(bytes, 300)));
    }
}
