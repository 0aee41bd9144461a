package org.xenolith.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;

/** The repository's root, where shipped scenarios and traces lie; the launcher says where in {@code xenolith.home}. */
final class Home {
    private static final String SCENARIOS = "scheduler-lab/scenarios";

    private Home() {}

    static Path path() {
        return Path.of(System.getProperty("xenolith.home", ""));
    }

    /** A path as short as it can be named from here. */
    static Path shortest(Path file) {
        Path here = Path.of("").toAbsolutePath();
        Path absolute = file.toAbsolutePath().normalize();
        return absolute.startsWith(here) ? here.relativize(absolute) : absolute;
    }

    /** Shipped scenarios by name. */
    static List<Path> scenarios() {
        return files(path().resolve(SCENARIOS), ".yaml");
    }

    /** Shipped traces. */
    static List<Path> traces() {
        return files(path().resolve("traces"), ".trc.xz");
    }

    private static List<Path> files(Path folder, String suffix) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(f -> f.toString().endsWith(suffix))
                    .map(Home::shortest)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + folder + ": " + e.getMessage(), e);
        }
    }

    /** The name by which a shipped scenario may be run. */
    static String scenarioName(Path file) {
        return file.getFileName().toString().replaceFirst("\\.yaml$", "");
    }

    /**
     * The scenario that {@code nameOrFile} means: a file, or the name of one that ships, or the end of that one's path, such as
     * {@code scenarios/weights.yaml}.
     *
     * @throws InputException if there is neither
     */
    static Path scenario(String nameOrFile) {
        Path file = Path.of(nameOrFile);
        if (!nameOrFile.isBlank() && Files.exists(file)) {
            return file;
        }
        return scenarios().stream()
                .filter(f -> scenarioName(f).equals(nameOrFile) || f.endsWith(file))
                .findFirst()
                .orElseThrow(() -> new InputException((nameOrFile.isBlank() ? "''" : nameOrFile)
                        + ": no such file, nor a scenario that ships (xenolith list scenarios shows those)"));
    }
}
