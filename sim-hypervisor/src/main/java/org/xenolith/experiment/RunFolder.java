package org.xenolith.experiment;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.report.HtmlReport;
import org.xenolith.experiment.report.ReportModel;

/**
 * The folder that a run leaves: {@code manifest.json}, {@code summary.json}, {@code cells.csv}, {@code counters.csv}, {@code report.html}, and in
 * {@code cells/} a trace and a summary for each cell. Every file is written whole under another name and then moved into
 * place, so that none is ever half there. What cannot be written is reported as {@link UncheckedIOException} in one line.
 */
public final class RunFolder {
    private static final String MANIFEST = "manifest.json";
    private static final int MOST_RUNS = 100_000;

    private final Path folder;

    private RunFolder(Path folder) {
        this.folder = folder;
    }

    /** Makes the next free folder {@code NAME-1}, {@code NAME-2}, ... in {@code parent}. */
    public static RunFolder next(Path parent, String name) {
        try {
            Files.createDirectories(parent);
            for (int n = 1; n < MOST_RUNS; n++) {
                Path candidate = parent.resolve(name + "-" + n);
                if (!Files.exists(candidate)) {
                    return made(Files.createDirectory(candidate));
                }
            }
        } catch (IOException e) {
            throw cannot("make a folder in " + parent, e);
        }
        throw new InputException(parent + ": holds " + MOST_RUNS + " runs of " + name + "; remove some");
    }

    /**
     * Makes {@code folder}, or takes it if it is empty.
     *
     * @throws InputException if there is something in it
     */
    public static RunFolder at(Path folder) {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> content = Files.list(folder)) {
                if (content.findAny().isPresent()) {
                    throw new InputException(
                            folder + ": is not empty; name another folder, or use --resume to finish a run");
                }
            } catch (IOException e) {
                throw cannot("read " + folder, e);
            }
        } else if (Files.exists(folder)) {
            throw new InputException(folder + ": is a file; name a folder for the results");
        }
        try {
            return made(Files.createDirectories(folder));
        } catch (IOException e) {
            throw cannot("make the folder " + folder, e);
        }
    }

    /**
     * Opens the folder of an earlier run.
     *
     * @throws InputException if it is none
     */
    public static RunFolder existing(Path folder) {
        if (!Files.isRegularFile(folder.resolve(MANIFEST))) {
            throw new InputException(folder + ": is no run's folder; it has no " + MANIFEST);
        }
        return new RunFolder(folder);
    }

    private static RunFolder made(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("cells"));
        return new RunFolder(folder);
    }

    /** The folder. */
    public Path path() {
        return folder;
    }

    /** The report's file. */
    public Path report() {
        return folder.resolve("report.html");
    }

    /** Where the trace of {@code cell} goes. */
    Path trace(Cell cell) {
        return folder.resolve("cells").resolve(cell.fileName() + ".trc");
    }

    /** Removes what an interrupted cell has written of its trace. */
    void discard(Cell cell) {
        Path trace = trace(cell);
        try {
            Files.deleteIfExists(trace.resolveSibling(trace.getFileName() + ".part"));
        } catch (IOException e) {
            // It is in nobody's way: whoever resumes the run writes over it.
        }
    }

    private Path summary(Cell cell) {
        return folder.resolve("cells").resolve(cell.fileName() + ".json");
    }

    /** The manifest of an earlier run. */
    public Manifest manifest() {
        try {
            Manifest manifest = Json.read(folder.resolve(MANIFEST), Manifest.class);
            if (manifest == null || manifest.inputs() == null) {
                throw new InputException(folder.resolve(MANIFEST) + ": is damaged: it names no inputs");
            }
            return manifest;
        } catch (IOException e) {
            throw new InputException(folder.resolve(MANIFEST) + ": is damaged: " + firstLine(e), e);
        }
    }

    /** The summary of {@code cell} from an earlier run, or null if it left none. */
    CellSummary earlier(Cell cell) {
        try {
            return Files.isRegularFile(summary(cell)) ? Json.read(summary(cell), CellSummary.class) : null;
        } catch (IOException e) {
            return null; // Damaged, so it is run again.
        }
    }

    void writeManifest(Manifest manifest) {
        write(folder.resolve(MANIFEST), Json.write(manifest));
    }

    void writeSummary(Summary summary) {
        write(folder.resolve("summary.json"), summary.toJson());
        write(folder.resolve("cells.csv"), CellsCsv.of(summary));
        write(folder.resolve("counters.csv"), CountersCsv.of(summary));
    }

    void writeReport(ReportModel model) {
        write(report(), part -> HtmlReport.write(model, part));
    }

    void writeCell(Cell cell, CellSummary summary) {
        write(summary(cell), Json.write(summary));
    }

    /** Something that writes a file. */
    interface Writing {
        void to(Path file) throws IOException;
    }

    private static void write(Path file, String text) {
        write(file, part -> Files.writeString(part, text));
    }

    /** Has {@code writing} write a file beside {@code file} and moves it into its place. */
    static void write(Path file, Writing writing) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            writing.to(part);
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw cannot("write " + file, e);
        }
    }

    /** SHA-256 of a file, in hexadecimal. */
    static String sha256(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + firstLine(e), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static UncheckedIOException cannot(String what, IOException e) {
        return new UncheckedIOException("cannot " + what + ": " + reason(e), e);
    }

    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof NoSuchFileException) {
            return "no such folder";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "a file of that name is in the way";
        }
        return firstLine(e);
    }

    private static String firstLine(IOException e) {
        return e.getMessage() == null
                ? e.getClass().getSimpleName()
                : e.getMessage().lines().findFirst().orElse("");
    }
}
