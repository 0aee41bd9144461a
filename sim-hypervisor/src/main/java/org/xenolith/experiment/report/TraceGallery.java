package org.xenolith.experiment.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.RunningTime;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceDescription.DomainDescription;
import org.xenolith.trace.TraceDescription.SteadyWindow;
import org.xenolith.trace.TraceEvent;
import org.xenolith.trace.TraceRecord;

/**
 * A page of Markdown that lists every trace under a folder with its picture: {@code GALLERY.md}, and the pictures beside it in
 * {@code gallery/}. The page and the pictures are functions of the traces and their descriptions alone.
 */
public final class TraceGallery {
    /** The page. */
    public static final String PAGE = "GALLERY.md";

    /** The folder of the pictures. */
    public static final String PICTURES = "gallery";

    private static final long SHOWN_NANOS = 100_000_000;
    private static final String TRACE_NAME = ".*\\.trc(\\.(xz|gz|zst))?";

    /** One trace: its place in the folder, without suffix; its picture; its row. */
    private record Entry(String name, String picture, String row) {}

    private final List<Entry> entries = new ArrayList<>();

    /**
     * Reads every trace under {@code folder}.
     *
     * @throws InputException if there is none, or one cannot be read
     */
    public TraceGallery(Path folder) {
        List<Path> traces = traces(folder);
        if (traces.isEmpty()) {
            throw new InputException(
                    folder + ": holds no trace; a file's name must end in .trc, .trc.xz, .trc.gz or .trc.zst");
        }
        for (Path trace : traces) {
            entries.add(entry(folder, trace));
        }
    }

    /** Every trace under {@code folder}, in the order of its path. */
    public static List<Path> traces(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.getFileName().toString().matches(TRACE_NAME))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            throw new InputException(folder + ": no such folder", e);
        } catch (IOException e) {
            throw new InputException(folder + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** How many traces there are. */
    public int size() {
        return entries.size();
    }

    /** The page and the pictures: what each file's name is below the folder, and what is in it. */
    public Map<String, String> files() {
        Map<String, String> files = new LinkedHashMap<>();
        files.put(PAGE, page());
        entries.forEach(entry -> files.put(pictureOf(entry.name), entry.picture));
        return files;
    }

    /** Writes the page and the pictures into {@code folder}. */
    public void write(Path folder) {
        try {
            for (Map.Entry<String, String> file : files().entrySet()) {
                Path path = folder.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.writeString(path, file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be written: " + e.getMessage(), e);
        }
    }

    private static String pictureOf(String name) {
        return PICTURES + "/" + name.replaceAll("[^\\w.-]", "-") + ".svg";
    }

    private String page() {
        StringBuilder page = new StringBuilder(
                """
                # Gallery of the recorded traces

                Every trace with a picture of 100 ms from the middle of its steady window, or of all of it where it has none. A
                row is a vCPU: full where it runs, thin where it waits for a pCPU, grey where a cap or a pause holds it. The
                percentages and the bar are shares of a pCPU's time in the whole steady window, by the trace.
                `./xenolith trace gallery` makes this page.

                | picture | trace |
                |---|---|
                """);
        entries.forEach(entry -> page.append(entry.row));
        return page.toString();
    }

    private static Entry entry(Path folder, Path trace) {
        TraceDescription description = TraceDescription.load(trace);
        TscClock clock = new TscClock(description.tscHz());
        SteadyWindow steady = description.steady();
        Timeline timeline = new Timeline();
        RunningTime shares = steady == null
                ? new RunningTime()
                : new RunningTime(clock.toCycles(steady.fromNanos()), clock.toCycles(steady.toNanos()));
        long records = 0;
        long lost;
        try (MergedReader reader = MergedReader.open(trace)) {
            TraceRecord record = new TraceRecord();
            while (reader.next(record)) {
                records++;
                shares.accept(record);
                if (record.hasTsc) {
                    timeline.accept(record);
                }
            }
            lost = reader.lostRecords();
        }
        shares.finish();
        long whole = timeline.endTsc() - timeline.startTsc();
        long from = timeline.startTsc();
        long length = whole;
        if (steady != null) {
            length = Math.min(clock.toCycles(SHOWN_NANOS), whole);
            long middle = clock.toCycles((steady.fromNanos() + steady.toNanos()) / 2);
            from += Math.max(0, Math.min(middle - length / 2, whole - length));
        }
        Map<Integer, Double> percent = new LinkedHashMap<>();
        shares.cyclesByDomain().keySet().stream()
                .filter(id -> id != TraceEvent.IDLE_DOMAIN)
                .forEach(id -> percent.put(id, shares.percent(id)));
        String name = folder.relativize(trace).toString().replace('\\', '/').replaceFirst("\\.trc(\\.\\w+)?$", "");
        String picture = new TracePicture(description, timeline, percent, from, Math.max(1, length)).svg();
        String facts = String.format(
                Locale.ROOT,
                "%.1f s, %,d records, %s lost; %d %s",
                clock.toNanos(whole) / 1e9,
                records,
                lost == 0 ? "none" : String.format(Locale.ROOT, "%,d", lost),
                description.pcpus(),
                description.pcpus() == 1 ? "pCPU" : "pCPUs");
        return new Entry(name, picture, row(folder, trace, name, description, facts));
    }

    private static String row(Path folder, Path trace, String name, TraceDescription description, String facts) {
        List<String> lines = new ArrayList<>();
        Path beside = TraceDescription.fileBeside(trace);
        String bold = "**" + cell(name) + "**";
        lines.add(
                Files.exists(beside)
                        ? "[" + bold + "](<"
                                + folder.relativize(beside).toString().replace('\\', '/') + ">)"
                        : bold);
        lines.add(cell(description.title()));
        String parameters = description.scheduler().parameters().entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(", "));
        lines.add("Scheduler: " + cell(description.scheduler().name() + (parameters.isEmpty() ? "" : ", " + parameters))
                + (description.hypervisor().isEmpty() ? "" : "; " + cell(description.hypervisor())));
        lines.add(facts);
        for (DomainDescription domain : description.domains()) {
            boolean paused = domain.measuredPercent() != null && domain.measuredPercent() == 0;
            if (domain.id() != 0 && !paused) {
                lines.add(cell(domainLine(domain)));
            }
        }
        lines.addAll(description.assumptions().stream()
                .map(assumption -> "Assumed: " + cell(assumption))
                .toList());
        if (!description.provenance().isEmpty()) {
            lines.add("<sub>" + cell(description.provenance()) + "</sub>");
        }
        return "| ![" + cell(name) + "](" + pictureOf(name) + ") | " + String.join("<br>", lines) + " |\n";
    }

    private static String domainLine(DomainDescription domain) {
        List<String> set = new ArrayList<>();
        if (domain.vcpus() > 1) {
            set.add(domain.vcpus() + " vCPUs");
        }
        if (domain.rtds() != null) {
            set.add(domain.rtds().budgetMicros() + " of every " + domain.rtds().periodMicros() + " us"
                    + (domain.rtds().extratime() ? " and extra time" : ""));
        } else {
            set.add("weight " + domain.weight());
            if (domain.cap() > 0) {
                set.add("cap " + domain.cap() + " %");
            }
        }
        return domain.name() + " (" + String.join(", ", set) + ")"
                + (domain.workload().isEmpty() ? "" : " " + domain.workload());
    }

    /** Text that a table's cell may hold. */
    private static String cell(String text) {
        return Html.escape(text.strip().replaceAll("\\s+", " "))
                .replace("|", "\\|")
                .replace("*", "\\*");
    }
}
