package org.xenolith.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.CostFit;
import org.xenolith.experiment.decisions.DecisionReplay;
import org.xenolith.experiment.decisions.DecisionTable;
import org.xenolith.machine.TscClock;
import org.xenolith.trace.DumpText;
import org.xenolith.trace.LinuxSchedReader;
import org.xenolith.trace.MergedReader;
import org.xenolith.trace.TraceDescription;
import org.xenolith.trace.TraceFormat;
import org.xenolith.trace.TraceReader;
import org.xenolith.trace.TraceRecord;
import org.xenolith.trace.TraceWriter;
import org.xenolith.trace.XentraceReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code xenolith trace}: shows, prints and converts recorded traces. */
@Command(
        name = "trace",
        description = "Show, print or convert a Xen trace, fit costs to it, or list all with pictures.",
        mixinStandardHelpOptions = true,
        subcommands = {
            TraceCommand.Info.class,
            TraceCommand.Dump.class,
            TraceCommand.Convert.class,
            TraceCommand.Costs.class,
            TraceCommand.Decisions.class,
            RecordCommand.class,
            GalleryCommand.class
        })
public final class TraceCommand implements Runnable {
    @Spec
    CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "Say what to do with the trace: info, dump, convert, costs, record or gallery.");
    }

    /** {@code trace info}: what is known of a trace, and what stands in it. */
    @Command(
            name = "info",
            description = "Show what is known of a trace and what stands in it.",
            mixinStandardHelpOptions = true)
    static final class Info implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        @Parameters(
                index = "0",
                paramLabel = "FILE",
                description = "The trace, as xentrace writes it or one of Linux's scheduling as text; xz, gz, zst too.")
        Path file;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            if (LinuxSchedReader.recognises(file)) {
                new LinuxTraceInfo(file).print(out);
            } else {
                new TraceInfo(file).print(out);
            }
            out.flush();
            return 0;
        }
    }

    /** {@code trace dump}: one line of text a record. */
    @Command(
            name = "dump",
            description = "Print one line a record, in the order of time, as xenalyze --dump-all does.",
            mixinStandardHelpOptions = true)
    static final class Dump implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        @Parameters(
                index = "0",
                paramLabel = "FILE",
                description = "The trace, as xentrace writes it; xz, gz, zst too.")
        Path file;

        @Option(
                names = "--from",
                paramLabel = "SECONDS",
                description = "Leave out what is before, since the first record.")
        double from;

        @Option(
                names = "--to",
                paramLabel = "SECONDS",
                description = "Leave out what comes after, since the first record.")
        double to = Double.POSITIVE_INFINITY;

        @Override
        public Integer call() {
            if (!(from >= 0 && from < to)) {
                throw new ParameterException(spec.commandLine(), "--from must be 0 or more and less than --to.");
            }
            TraceDescription description = TraceDescription.load(file);
            description.assumptions().forEach(line -> note(spec, "assumed: " + line));
            TscClock clock = new TscClock(description.tscHz());
            try (TraceReader reader = MergedReader.open(file);
                    TraceWriter text = new DumpText(
                            new StandardOutput(),
                            "standard output",
                            description,
                            Math.round(Math.min(from, 1e9) * 1e9))) {
                TraceRecord record = new TraceRecord();
                long last = Long.MAX_VALUE;
                boolean first = true;
                while (reader.next(record)) {
                    if (first && record.hasTsc) {
                        first = false;
                        last = to > 1e9 ? Long.MAX_VALUE : record.tsc + clock.toCycles(Math.round(to * 1e9));
                    }
                    if (record.tsc > last) {
                        break;
                    }
                    text.accept(record);
                }
                reader.remarks().forEach(line -> note(spec, line));
            } catch (UncheckedIOException e) {
                if (e.getCause() instanceof StandardOutput.Gone) {
                    return 0;
                }
                throw e;
            }
            return 0;
        }
    }

    /** {@code trace costs}: fits a cost profile. */
    @Command(
            name = "costs",
            description = "Fit a cost profile to a trace of one pCPU: what the hypervisor's work took, in cycles.",
            mixinStandardHelpOptions = true)
    static final class Costs implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        @Parameters(index = "0", paramLabel = "FILE", description = "The trace, with scheduling events at least.")
        Path file;

        @Override
        public Integer call() {
            CostFit fit = new CostFit();
            TraceRecord record = new TraceRecord();
            try (MergedReader reader = MergedReader.open(file)) {
                while (reader.next(record)) {
                    fit.accept(record);
                }
            }
            if (fit.fits().isEmpty()) {
                throw new InputException(file + ": no record that tells of a cost; record with xentrace -e 0x2f000");
            }
            spec.commandLine().getOut().print(fit);
            spec.commandLine().getOut().flush();
            return 0;
        }
    }

    /** {@code trace decisions}: holds our model of the scheduler against the recorded decisions. */
    @Command(
            name = "decisions",
            description = {
                "Hold our model of the scheduler against the decisions that Xen took, one by one.",
                "The recording says when vCPUs woke and blocked; whom to run then, for how long and what it costs the model says."
            },
            mixinStandardHelpOptions = true)
    static final class Decisions implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        @Parameters(
                index = "0",
                arity = "1..*",
                paramLabel = "FILE",
                description = "Traces of credit, credit2 or rtds, with scheduling events.")
        List<Path> files;

        @Override
        public Integer call() {
            TextTable text = new TextTable(1);
            text.row(DecisionTable.COLUMNS.stream().map(c -> c.replace("#", "")).toArray(String[]::new));
            List<DecisionTable> tables = files.stream().map(DecisionReplay::of).toList();
            tables.forEach(table -> text.row(table.row().toArray(String[]::new)));
            PrintWriter out = spec.commandLine().getOut();
            text.lines().forEach(out::println);
            for (DecisionTable table : tables) {
                table.assumptions().forEach(line -> note(spec, table.trace() + ": " + line));
                table.causes()
                        .forEach((cause, count) ->
                                out.println(table.trace() + ": " + count + " not agreed: " + cause.text()));
                table.examples().forEach(line -> out.println("  " + line));
            }
            out.flush();
            return 0;
        }
    }

    /** {@code trace convert}: writes a trace in another format. */
    @Command(
            name = "convert",
            description = "Write a trace in another format. To xentrace, the records are repeated byte by byte.",
            mixinStandardHelpOptions = true)
    static final class Convert implements Callable<Integer> {
        @Spec
        CommandSpec spec;

        @Parameters(index = "0", paramLabel = "IN", description = "The trace, as xentrace writes it; xz, gz, zst too.")
        Path in;

        @Option(
                names = "--to",
                paramLabel = "FORMAT",
                required = true,
                description = "One of: ${COMPLETION-CANDIDATES}.")
        TraceFormat format;

        @Option(
                names = "--output",
                paramLabel = "OUT",
                required = true,
                description = "The file to write; compressed if its name ends in .xz, .gz or .zst.")
        Path output;

        @Override
        public Integer call() throws IOException {
            if (Files.exists(output) && Files.exists(in) && Files.isSameFile(in, output)) {
                throw new InputException(output + ": is the trace that is read; name another --output");
            }
            if (Files.isDirectory(output)) {
                throw new InputException(output + ": is a folder; name a file as --output");
            }
            // Written beside and moved into place when whole, so that a failure leaves what was there before.
            boolean plain = !Files.exists(output) || Files.isRegularFile(output);
            Path part = plain ? output.resolveSibling(".part-" + output.getFileName()) : output;
            long records;
            try {
                records = write(part);
                if (plain) {
                    Files.move(part, output, StandardCopyOption.REPLACE_EXISTING);
                }
            } finally {
                if (plain) {
                    Files.deleteIfExists(part);
                }
            }
            PrintWriter out = spec.commandLine().getOut();
            out.printf(Locale.ROOT, "%s: %,d records as %s%n", output, records, format);
            out.flush();
            return 0;
        }

        private long write(Path part) {
            long records = 0;
            TraceDescription description = TraceDescription.load(in);
            if (!format.takesFileOrder()) {
                description.assumptions().forEach(line -> note(spec, "assumed: " + line));
            }
            try (TraceReader reader = format.takesFileOrder() ? XentraceReader.open(in) : MergedReader.open(in);
                    TraceWriter writer = format.create(part, output.toString(), description)) {
                TraceRecord record = new TraceRecord();
                while (reader.next(record)) {
                    writer.accept(record);
                    records++;
                }
                List<String> remarks = reader.remarks();
                remarks.forEach(line -> note(spec, line));
            }
            return records;
        }
    }

    private static void note(CommandSpec spec, String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(line);
        err.flush();
    }
}
