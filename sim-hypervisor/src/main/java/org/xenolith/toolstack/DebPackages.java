package org.xenolith.toolstack;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.xenolith.engine.InputException;

/**
 * Files out of Debian packages, fetched by apt and kept in a folder: one subfolder a package, named after it with its
 * version, which appears there whole or not at all. What is there is used again without asking apt.
 */
final class DebPackages {
    private static final String FETCHING = ".fetching-";

    private final Path cache;
    private final Consumer<String> progress;
    private final String aptGet;
    private final String aptCache;

    /**
     * A file wanted.
     *
     * @param packageName the package that has it, or one that depends on the package that has it
     * @param prefix how the name of the package that has it begins
     * @param paths how the path of the file in the package may begin
     * @param fileName what it is called in the cache
     * @param option the option by which it can be given instead
     */
    record Wanted(String packageName, String prefix, List<String> paths, String fileName, String option) {}

    DebPackages(Path cache, Consumer<String> progress) {
        this(cache, progress, "apt-get", "apt-cache");
    }

    /** With other commands than apt's. */
    DebPackages(Path cache, Consumer<String> progress, String aptGet, String aptCache) {
        this.cache = cache;
        this.progress = progress;
        this.aptGet = aptGet;
        this.aptCache = aptCache;
    }

    /**
     * The file, from the cache or fetched now.
     *
     * @throws InputException if it cannot be fetched
     */
    Path file(Wanted wanted) {
        try {
            Files.createDirectories(cache);
            Optional<Path> kept = kept(wanted);
            return kept.isPresent() ? kept.get() : fetch(wanted);
        } catch (IOException e) {
            throw refuse(wanted, "cannot be kept in " + cache + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw refuse(wanted, "was interrupted", e);
        }
    }

    /** The last by name, so that the choice does not depend on the order of the folder. */
    private Optional<Path> kept(Wanted wanted) throws IOException {
        try (Stream<Path> folders = Files.list(cache)) {
            return folders.filter(f -> f.getFileName().toString().startsWith(wanted.prefix))
                    .map(f -> f.resolve(wanted.fileName))
                    .filter(Files::isRegularFile)
                    .max(Comparator.naturalOrder());
        }
    }

    private Path fetch(Wanted wanted) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(cache, FETCHING);
        try {
            String name = packageWithFile(wanted, folder);
            progress.accept("fetching " + name + " with apt-get");
            run(wanted, folder, aptGet, "-q", "download", name);
            Path deb = onlyDeb(wanted, folder);
            Path unpacked = Files.createDirectory(folder.resolve("unpacked"));
            extract(wanted, deb, unpacked.resolve(wanted.fileName));
            Path target = cache.resolve(deb.getFileName().toString().replaceFirst("\\.deb$", ""));
            try {
                Files.move(unpacked, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
                // Another run was faster; its file is the same.
            }
            return target.resolve(wanted.fileName);
        } finally {
            delete(folder);
        }
    }

    /** The package itself, or what it depends on if it is empty; asks for apt's lists where there are none. */
    private String packageWithFile(Wanted wanted, Path folder) throws IOException, InterruptedException {
        String description = describe(wanted, folder);
        if (description.isEmpty()) {
            progress.accept("fetching apt's lists of packages");
            run(wanted, folder, aptGet, "-q", "update");
            description = describe(wanted, folder);
        }
        if (description.isEmpty()) {
            throw refuse(wanted, "is not known to apt here", null);
        }
        Matcher depends = Pattern.compile("(?m)^Depends:.*?\\b(" + Pattern.quote(wanted.prefix) + "[^\\s,(|:]+)")
                .matcher(description);
        return depends.find() ? depends.group(1) : wanted.packageName;
    }

    private String describe(Wanted wanted, Path folder) throws IOException, InterruptedException {
        Run run = start(wanted, folder, aptCache, "show", "--no-all-versions", wanted.packageName);
        return run.exit == 0 ? run.output : "";
    }

    private static Path onlyDeb(Wanted wanted, Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".deb"))
                    .findFirst()
                    .orElseThrow(() -> refuse(wanted, "was not downloaded by apt-get, which said nothing", null));
        }
    }

    /** A package is an ar archive, in which {@code data.tar}, packed somehow, has the files. Format: deb(5). */
    private static void extract(Wanted wanted, Path deb, Path to) throws IOException {
        try (InputStream in = Files.newInputStream(deb);
                ArArchiveInputStream parts = new ArArchiveInputStream(in)) {
            for (ArArchiveEntry part = parts.getNextEntry(); part != null; part = parts.getNextEntry()) {
                if (part.getName().startsWith("data.tar")) {
                    extractFromTar(wanted, unpacked(part, parts), to);
                    return;
                }
            }
        }
        throw refuse(wanted, "has no files in it", null);
    }

    private static InputStream unpacked(ArArchiveEntry part, InputStream in) throws IOException {
        String name = part.getName();
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "xz" -> Compression.XZ.open(in);
            case "gz" -> Compression.GZIP.open(in);
            case "zst" -> Compression.ZSTD.open(in);
            case "bz2" -> Compression.BZIP2.open(in);
            case "tar" -> in;
            default -> throw new IOException("the package's " + name + " is packed in an unknown way");
        };
    }

    private static void extractFromTar(Wanted wanted, InputStream in, Path to) throws IOException {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
            for (ArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                String path = entry.getName().replaceFirst("^\\./", "");
                if (!entry.isDirectory()
                        && entry.getSize() > 0
                        && wanted.paths.stream().anyMatch(path::startsWith)) {
                    Files.copy(tar, to);
                    return;
                }
            }
        }
        throw refuse(wanted, "has no " + String.join(" or ", wanted.paths) + " in it", null);
    }

    /** How a command ended, and what it printed. */
    private record Run(int exit, String output) {
        String lastLine() {
            String[] lines = output.strip().split("\n", -1);
            return lines[lines.length - 1].strip();
        }
    }

    private void run(Wanted wanted, Path folder, String... command) throws IOException, InterruptedException {
        Run run = start(wanted, folder, command);
        if (run.exit != 0) {
            throw refuse(wanted, "cannot be fetched: " + String.join(" ", command) + ": " + run.lastLine(), null);
        }
    }

    private static Run start(Wanted wanted, Path folder, String... command) throws InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.put("LC_ALL", "C");
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            try {
                String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                return new Run(process.waitFor(), output);
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            throw refuse(wanted, "cannot be fetched: no " + command[0] + " here", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static InputException refuse(Wanted wanted, String what, Throwable cause) {
        return new InputException(
                "Debian's " + wanted.packageName + " " + what.replace('\n', ' ') + "; give " + wanted.option + " FILE",
                cause);
    }
}
