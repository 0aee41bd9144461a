package org.xenolith.cli;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.xenolith.engine.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line. Exit codes: 0 done, 1 failed, 2 refused what was asked for; both say why in a line. */
@Command(
        name = "xenolith",
        description =
                "Replay real Xen traces, boot real kernels, run synthetic guests under any scheduler, and measure.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            CompareCommand.class,
            RunCommand.class,
            ExplainCommand.class,
            BootCommand.class,
            ListCommand.class,
            TraceCommand.class
        })
public final class Xenolith implements Runnable {
    /** Exit code of what went wrong. */
    public static final int FAILED = 1;

    /** Exit code of input that is refused. */
    public static final int REFUSED = 2;

    @Spec
    CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "Say what to do: compare, run, explain, boot, list or trace. Try: xenolith compare");
    }

    /** Runs a command and exits with its code. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        int code = execute(out, err, args);
        out.flush();
        err.flush();
        System.exit(code);
    }

    /** Runs a command and returns its exit code. */
    public static int execute(PrintWriter out, PrintWriter err, String... args) {
        CommandLine commandLine = new CommandLine(new Xenolith())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((e, command, parsed) -> report(e, err))
                .setParameterExceptionHandler((e, arguments) -> refuse(e, err));
        return commandLine.execute(args);
    }

    private static int report(Exception e, PrintWriter err) {
        if (e instanceof InputException) {
            err.println("xenolith: " + printable(e.getMessage()));
            return REFUSED;
        }
        if (e instanceof UncheckedIOException) {
            err.println("xenolith: " + printable(e.getMessage()));
            return FAILED;
        }
        StackTraceElement[] stack = e.getStackTrace();
        err.println("xenolith: internal error: " + e + (stack.length == 0 ? "" : " at " + stack[0]));
        return FAILED;
    }

    /** What a terminal might take for a command is not printed; a compiler's report keeps its lines. */
    private static String printable(String message) {
        return message.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "?");
    }

    private static int refuse(ParameterException e, PrintWriter err) {
        err.println("xenolith: " + printable(e.getMessage()).lines().findFirst().orElse("bad arguments") + " (try: "
                + e.getCommandLine().getCommandSpec().qualifiedName() + " --help)");
        return REFUSED;
    }
}
