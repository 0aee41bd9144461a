package org.xenolith.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.xenolith.trace.TraceEvent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code xenolith boot}: a real kernel in a domain of the modelled hypervisor, its console in this terminal. */
@Command(
        name = "boot",
        description = "Boot an unmodified kernel as a domain; its console is this terminal, Ctrl-] leaves.",
        footer = {
            "",
            "Exit codes: 0 powered off, --until matched, or left; 1 failed; 2 refused; 3 rebooted; 4 crashed;",
            "5 --max-cycles reached; 6 over before --until matched."
        },
        mixinStandardHelpOptions = true)
final class BootCommand implements Callable<Integer> {
    @Spec
    CommandSpec spec;

    @Mixin
    BootOptions options = new BootOptions();

    @Option(names = "--trace", paramLabel = "FILE", description = "Writes a trace of everything, in xentrace's format.")
    Path trace;

    @Override
    public Integer call() {
        return options.boot(spec, trace, TraceEvent.ALL_CLASSES, (session, setting) -> {});
    }
}
