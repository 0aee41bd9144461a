package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.opentest4j.TestAbortedException;
import org.xenolith.core.x86.Objdump.Comparison;
import org.xenolith.engine.InputException;
import org.xenolith.toolstack.BootFiles;
import org.xenolith.toolstack.KernelImage;

/**
 * Every instruction of real programs comes out as GNU objdump 2.40 prints it: same length, mnemonic and operands. The
 * kernel and busybox are those that the boots use, the libraries those of the host. Skipped where there is no objdump.
 */
@Execution(ExecutionMode.SAME_THREAD)
class ObjdumpBinariesTest {
    /** Where distributions keep their libraries. */
    private static final List<String> FOLDERS =
            List.of("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib");

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> theHostsProgramsAreReadAsObjdumpReadsThem() {
        assumeTrue(Objdump.installed(), "no objdump is installed (Debian: binutils): the oracle is skipped");
        return Stream.of("libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2")
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    Path file = FOLDERS.stream()
                            .map(f -> Path.of(f, name))
                            .filter(Files::exists)
                            .findFirst()
                            .orElseThrow(() -> new TestAbortedException("this host has no " + name));
                    same(file, name);
                }));
    }

    @Test
    void busyboxIsReadAsObjdumpReadsIt() throws IOException, InterruptedException {
        same(fetched(false), "busybox");
    }

    @Test
    void theKernelIsReadAsObjdumpReadsIt() throws IOException, InterruptedException {
        Path vmlinux = folder.resolve("vmlinux");
        Files.write(vmlinux, KernelImage.load(fetched(true)).vmlinux());
        Comparison comparison = same(vmlinux, "the kernel");
        assertThat(comparison.compared()).isGreaterThan(1_000_000);
    }

    private static Path fetched(boolean kernel) {
        assumeTrue(Objdump.installed(), "no objdump is installed (Debian: binutils): the oracle is skipped");
        Path cache = BootFiles.cacheFolder(System.getenv(), System.getProperty("user.home"));
        try {
            return kernel ? BootFiles.kernel(cache, line -> {}) : BootFiles.busybox(cache, line -> {});
        } catch (InputException e) {
            throw new TestAbortedException(e.getMessage(), e);
        }
    }

    private static Comparison same(Path file, String name) throws IOException, InterruptedException {
        Comparison comparison = Objdump.compare(Insn.Mode.BITS_64, "-d", file.toString());
        System.out.printf("objdump: %d instructions of %s compared%n", comparison.compared(), name);
        assertThat(comparison.examples())
                .as("%d of %d instructions of %s differ", comparison.different(), comparison.compared(), name)
                .isEmpty();
        assertThat(comparison.compared()).isGreaterThan(10_000);
        return comparison;
    }
}
