package org.xenolith.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Scenario;
import org.xenolith.experiment.ScenarioReader;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.experiment.SchedulerChoice;
import org.xenolith.guest.WorkloadKind;
import org.xenolith.guest.WorkloadParameter;
import org.xenolith.guest.Workloads;
import org.xenolith.hypervisor.DomainParameter;
import org.xenolith.hypervisor.Parameter;
import org.xenolith.machine.Cost;
import org.xenolith.machine.CostProfile;
import org.xenolith.trace.TraceDescription;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code xenolith list}: what there is to choose from. */
@Command(
        name = "list",
        description = "List schedulers, scenarios, costs, workloads or traces, with what can be said of each.",
        mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
    /** What can be listed. */
    enum Kind {
        schedulers,
        scenarios,
        costs,
        workloads,
        traces
    }

    @Spec
    CommandSpec spec;

    @Parameters(index = "0", paramLabel = "KIND", description = "One of: ${COMPLETION-CANDIDATES}.")
    Kind kind;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        switch (kind) {
            case schedulers -> schedulers(out);
            case scenarios -> scenarios(out);
            case costs -> costs(out);
            case workloads -> workloads(out);
            case traces -> traces(out);
        }
        out.flush();
        return 0;
    }

    private static void schedulers(PrintWriter out) {
        for (SchedulerChoice choice : new SchedulerCatalog().all()) {
            out.println(choice.name() + ": " + choice.title() + " (" + choice.origin() + ")");
            TextTable table = new TextTable(4);
            Map<String, Object> values = choice.values();
            for (Parameter p : choice.parameters()) {
                table.row("  " + p.name(), "= " + values.get(p.name()), choice.takes(p), p.help());
            }
            for (DomainParameter p : choice.domainParameters()) {
                table.row("  domain's " + p.name(), "= " + p.defaultValue(), SchedulerChoice.takes(p), p.help());
            }
            table.lines().forEach(out::println);
        }
    }

    private static void scenarios(PrintWriter out) {
        SchedulerCatalog catalog = new SchedulerCatalog();
        TextTable table = new TextTable(2);
        for (Path file : Home.scenarios()) {
            Scenario scenario = ScenarioReader.read(file, catalog);
            table.row(
                    Home.scenarioName(file),
                    scenario.about().replaceAll("\\s+", " ").replaceFirst("(?<=[.:]) .*", ""));
        }
        table.lines().forEach(out::println);
    }

    private static void costs(PrintWriter out) {
        for (String name : CostProfile.SHIPPED) {
            CostProfile profile = CostProfile.load(name);
            out.println(name + ": " + profile.title());
            TextTable table = new TextTable(1);
            for (Cost cost : Cost.values()) {
                if (profile.cycles(cost) > 0) {
                    table.row("  " + cost.key(), String.format(Locale.ROOT, "%,d cycles", profile.cycles(cost)));
                }
            }
            table.lines().forEach(out::println);
        }
    }

    private static void workloads(PrintWriter out) {
        for (WorkloadKind workload : Workloads.all()) {
            out.println(workload.name() + ": " + workload.title());
            TextTable table = new TextTable(4);
            for (WorkloadParameter p : workload.parameters()) {
                table.row("  " + p.name(), "= " + p.defaultValue(), p.takes(), p.help());
            }
            table.lines().forEach(out::println);
        }
    }

    private static void traces(PrintWriter out) {
        TextTable table = new TextTable(2);
        for (Path file : Home.traces()) {
            String title;
            try {
                title = TraceDescription.load(file).title();
            } catch (InputException e) {
                title = e.getMessage();
            }
            table.row(file.toString(), title);
        }
        table.lines().forEach(out::println);
    }
}
