package org.xenolith.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Cell;
import org.xenolith.experiment.Durations;
import org.xenolith.experiment.Explainer;
import org.xenolith.experiment.Explainer.Found;
import org.xenolith.experiment.Manifest;
import org.xenolith.experiment.RunFolder;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.report.DecisionLog;
import org.xenolith.trace.TraceEvent;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code xenolith explain}: why a scheduler decided as it did at a moment of a run. */
@Command(
        name = "explain",
        description = {
            "Tell why a scheduler chose whom it chose: who was considered on a pCPU at a moment of a run, with what figures, and who won.",
            "A run keeps no decisions; the cell is run again up to then, from the same inputs and seed."
        },
        mixinStandardHelpOptions = true)
final class ExplainCommand implements Callable<Integer> {
    private static final double NANOS_IN_SECOND = 1e9;

    @Spec
    CommandSpec spec;

    @Parameters(index = "0", paramLabel = "RUN", description = "The folder that a run left, such as runs/latency-1.")
    Path run;

    @Option(
            names = "--at",
            paramLabel = "TIME",
            required = true,
            description = "The moment, as the report counts: since the measured part began. Such as 2.5s or 130ms.")
    String at;

    @Option(names = "--pcpu", paramLabel = "N", required = true, description = "The pCPU.")
    int pcpu;

    @Option(names = "--cell", paramLabel = "NAME", description = "The cell, if the run has several; as in its table.")
    String cellName;

    @Override
    public Integer call() {
        long nanos = nanos();
        RunFolder folder = RunFolder.existing(run);
        Scenario scenario = scenario(folder);
        Cell cell = cell(scenario);
        Found found = new Explainer(scenario, cell, pcpu).find(nanos);
        PrintWriter out = spec.commandLine().getOut();
        out.println(cell.name() + ", pCPU " + pcpu + " at " + moment(nanos));
        out.println();
        if (found.index() < 0) {
            out.println("nothing had been decided on it yet");
        } else {
            print(found, out);
        }
        neighbours(found, out);
        out.flush();
        return 0;
    }

    private long nanos() {
        try {
            return Durations.parseNanos(at);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--at: " + e.getMessage(), e);
        }
    }

    private static String moment(long nanos) {
        return String.format(Locale.ROOT, "%.9f s", nanos / NANOS_IN_SECOND);
    }

    // ---- what was run -----------------------------------------------------------------------------------------------

    /** The scenario of the command that made the run. */
    private Scenario scenario(RunFolder folder) {
        Manifest manifest = folder.manifest();
        for (Manifest.Input input : manifest.inputs()) {
            if (!Files.isRegularFile(Path.of(input.path()))) {
                throw new InputException(
                        run + ": " + input.path() + " is not there; the run was made in " + manifest.folder());
            }
        }
        if (!manifest.xenolith().equals(Version.text())) {
            spec.commandLine()
                    .getErr()
                    .println("note: " + run + " was made by " + manifest.xenolith() + ", and this is " + Version.text()
                            + ": decisions may differ");
        }
        Scenario scenario = again(manifest.command()).scenario();
        Explainer.checkInputs(folder, scenario);
        return scenario;
    }

    private ScenarioCommand again(List<String> command) {
        if (command.size() > 1) {
            CommandLine line = new CommandLine(new Xenolith()).setCaseInsensitiveEnumValuesAllowed(true);
            try {
                ParseResult parsed =
                        line.parseArgs(command.subList(1, command.size()).toArray(String[]::new));
                if (parsed.hasSubcommand()
                        && parsed.subcommand().commandSpec().userObject() instanceof ScenarioCommand made) {
                    return made;
                }
            } catch (ParameterException e) {
                throw new InputException(run + ": its command is not understood: " + e.getMessage(), e);
            }
        }
        throw new InputException(
                run + ": was not made by 'xenolith run' or 'compare' (" + String.join(" ", command) + ")");
    }

    private Cell cell(Scenario scenario) {
        List<Cell> cells = Cell.of(scenario);
        List<Cell> possible = cells.stream()
                .filter(c -> cellName == null ? !c.isRecorded() : c.name().equals(cellName))
                .toList();
        if (possible.size() != 1) {
            String names = cells.stream().map(Cell::name).collect(Collectors.joining(", "));
            throw new InputException(run
                    + (cellName == null
                            ? ": has several cells; name one with --cell: "
                            : ": no cell '" + cellName + "'; there are ")
                    + names);
        }
        return possible.get(0);
    }

    // ---- what is told -----------------------------------------------------------------------------------------------

    private static void print(Found found, PrintWriter out) {
        DecisionLog log = found.log();
        int i = found.index();
        int current = log.current(i);
        int next = log.next(i);
        String was = current == DecisionLog.IDLE ? "it was idle" : "it had run " + name(found, current);
        String does = next == DecisionLog.IDLE
                ? current == next ? "goes on idling" : "idles"
                : (current == next ? "goes on with " : "runs ") + name(found, next);
        long slice = log.sliceNanos(i);
        out.println("decided at " + moment(found.nanos(i)) + ": " + was + ", and " + does
                + (slice < 0 ? ", until something happens" : ", for at most " + Durations.format(slice)));
        int considered = log.consideredBegin(i + 1) - log.consideredBegin(i);
        if (considered > 0) {
            TextTable table = new TextTable(2);
            for (int c = log.consideredBegin(i); c < log.consideredBegin(i + 1); c++) {
                boolean valued = !log.metric(c).isEmpty();
                table.row(
                        "  " + name(found, log.unit(c)),
                        log.verdict(c),
                        log.metric(c),
                        valued ? String.format(Locale.ROOT, "%,d", log.value(c)) : "");
            }
            out.println("considered:");
            table.lines().forEach(out::println);
        }
        for (int r = log.reasonsBegin(i); r < log.reasonsBegin(i + 1); r++) {
            out.println("because: " + log.reason(r) + " " + String.format(Locale.ROOT, "%,d", log.reasonValue(r)));
        }
        if (considered == 0 && log.reasonsBegin(i) == log.reasonsBegin(i + 1)) {
            out.println(
                    next == DecisionLog.IDLE
                            ? "because: nobody waited"
                            : "the scheduler does not say whom it considered");
        }
        out.println();
    }

    private void neighbours(Found found, PrintWriter out) {
        int i = found.index();
        if (i > 0) {
            out.println("decided before: " + moment(found.nanos(i - 1)));
        }
        out.println("decided next:   "
                + (i + 1 < found.log().size() ? moment(found.nanos(i + 1)) : "never, up to the end of the run"));
    }

    private static String name(Found found, int word) {
        int domain = TraceEvent.domainOf(word);
        String unit = "d" + domain + "v" + TraceEvent.vcpuOf(word);
        String name = found.names().get(domain);
        return name == null ? unit : name + " (" + unit + ")";
    }
}
