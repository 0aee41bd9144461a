package org.xenolith.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.xenolith.experiment.BootDescription;
import org.xenolith.trace.TraceEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code xenolith trace record}: what a booted guest wanted of its pCPU, to be replayed without the core. */
@Command(
        name = "record",
        description =
                "Boot a kernel, as 'xenolith boot' does, and record when it ran, slept and woke: 'xenolith compare --trace FILE' replays"
                        + " that under any scheduler, without the core.",
        mixinStandardHelpOptions = true)
final class RecordCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Mixin
    BootOptions options = new BootOptions();

    @Option(
            names = "--output",
            paramLabel = "FILE",
            required = true,
            description = "The trace, in xentrace's format; what describes it is written beside it.")
    Path output;

    @Override
    public Integer call() {
        return options.boot(spec, output, TraceEvent.Sched.CLASS, (session, setting) -> {
            Path description = BootDescription.write(output, session, setting);
            spec.commandLine().getErr().println("recorded: " + output + " and " + description);
        });
    }
}
