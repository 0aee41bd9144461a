package org.xenolith.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The recorded traces that ship in the repository's {@code traces} folder. */
final class SharedTraces {
    private SharedTraces() {}

    /** The {@code traces} folder, found from the folder of this module or of the reactor. */
    static Path folder() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            Path traces = at.resolve("traces").resolve("xen-4.17");
            if (Files.isDirectory(traces)) {
                return at.resolve("traces");
            }
        }
        throw new AssertionError("no traces folder above " + Path.of("").toAbsolutePath());
    }

    /** One trace by its path below {@code traces/xen-4.17}, without {@code .trc.xz}. */
    static Path trace(String name) {
        return folder().resolve("xen-4.17").resolve(name + ".trc.xz");
    }

    /** Every recorded trace, in the order of its path. */
    static List<Path> all() {
        try (Stream<Path> files = Files.walk(folder())) {
            List<Path> traces = files.filter(file -> file.toString().endsWith(".trc.xz"))
                    .sorted()
                    .toList();
            assertThat(traces).hasSizeGreaterThanOrEqualTo(15);
            return traces;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The uncompressed bytes of a trace. */
    static byte[] bytes(Path trace) {
        try (InputStream in = TraceFiles.open(trace)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
