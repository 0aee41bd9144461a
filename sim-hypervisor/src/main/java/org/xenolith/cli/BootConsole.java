package org.xenolith.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.xenolith.device.ConsoleBackend;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.BootSession;
import org.xenolith.experiment.ConsoleScript;
import org.xenolith.hypervisor.Abi;
import org.xenolith.hypervisor.Domain;
import org.xenolith.trace.HypercallText;
import picocli.CommandLine.Model.CommandSpec;

/**
 * The user's side of a booted guest's console: a terminal, or lines that are typed for him; and the loop that lets the guest run.
 *
 * <p>At a terminal an idle guest's time goes no faster than the user's. Without one it goes as fast as it can.
 */
final class BootConsole implements ConsoleBackend.Output, AutoCloseable {
    private static final long SLICE_NANOS = 1_000_000;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int LONGEST_LINE = 4096;
    private static final int TOP = 8;
    private static final int HYPERCALLS = 64;
    private static final int REBOOTED = 3;
    private static final int CRASHED = 4;
    private static final int OUT_OF_CYCLES = 5;
    private static final int NOT_MATCHED = 6;

    private final ConsoleTerminal terminal;
    private final ConsoleScript script;
    private final OutputStream out;
    private final PrintWriter err;
    private final Pattern until;
    private final StringBuilder line = new StringBuilder();
    private boolean matched;

    /** How far, in ns, the guest's time has fallen behind the user's so far; an idle guest does not make up for it. */
    private long behind;

    private BootConsole(ConsoleTerminal terminal, ConsoleScript script, Pattern until, CommandSpec spec) {
        this.terminal = terminal;
        this.script = script;
        this.until = until;
        this.err = spec.commandLine().getErr();
        this.out = terminal != null
                ? terminal.output()
                : new WriterStream(spec.commandLine().getOut());
    }

    /** The terminal if there is one and no script; else the script's lines, or those of standard input. */
    static BootConsole open(Path scriptFile, Pattern until, CommandSpec spec) {
        try {
            if (scriptFile == null && Boolean.getBoolean("xenolith.terminal")) {
                return new BootConsole(new ConsoleTerminal(), null, until, spec);
            }
            return new BootConsole(null, new ConsoleScript(lines(scriptFile)), until, spec);
        } catch (IOException e) {
            throw new InputException("no terminal: " + e.getMessage() + "; give --script FILE", e);
        }
    }

    private static Supplier<String> lines(Path file) {
        if (file != null) {
            try {
                Iterator<String> lines = Files.readAllLines(file).iterator();
                return () -> lines.hasNext() ? lines.next() : null;
            } catch (IOException e) {
                throw new InputException(file + ": cannot be read as a script: " + e.getMessage(), e);
            }
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        return () -> {
            try {
                return in.readLine();
            } catch (IOException e) {
                return null; // Nobody types any more.
            }
        };
    }

    // ------------------------------------------------------------------------------------------------- the guest's
    // output

    @Override
    public void printed(byte[] bytes, int length) {
        try {
            out.write(bytes, 0, length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (script != null) {
            script.printed(bytes, length);
        }
        if (until != null) {
            look(bytes, length);
        }
    }

    private void look(byte[] bytes, int length) {
        for (int i = 0; i < length; i++) {
            byte b = bytes[i];
            if (b == '\n') {
                matched |= until.matcher(line).find();
                line.setLength(0);
            } else if (b != '\r' && line.length() < LONGEST_LINE) {
                line.append((char) (b & 0xff));
            }
        }
        matched |= until.matcher(line).find();
    }

    /** Prints a line of ours among the guest's. */
    void print(String text) {
        try {
            out.write(text.replace("\n", terminal == null ? "\n" : "\r\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ----------------------------------------------------------------------------------------------------------- the
    // loop

    /** Lets the guest run until it ends or the user has enough; returns the exit code. */
    int drive(BootSession session, long maxCycles) {
        long begin = System.nanoTime();
        long maxNanos = maxCycles == Long.MAX_VALUE
                ? Long.MAX_VALUE
                : session.hypervisor().clock().toNanos(maxCycles);
        while (!session.ended() && !matched && session.nanos() < maxNanos && !(terminal != null && terminal.left())) {
            session.run(Math.min(SLICE_NANOS, maxNanos - session.nanos()));
            flushOutput();
            if (terminal != null) {
                type(session, System.nanoTime() - begin);
            } else {
                byte[] typed = script.next();
                if (typed != null) {
                    session.type(typed);
                }
            }
        }
        flushOutput();
        tell(session, System.nanoTime() - begin);
        return exitCode(session, maxNanos);
    }

    private void type(BootSession session, long elapsed) {
        behind = Math.max(behind, elapsed - session.nanos());
        long ahead = session.nanos() + behind - elapsed;
        int key = terminal.key(session.idle() ? ahead / NANOS_PER_MILLI : 0);
        while (key >= 0) {
            session.type(new String(Character.toChars(key)).getBytes(StandardCharsets.UTF_8));
            key = terminal.key(0);
        }
    }

    private void flushOutput() {
        try {
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int exitCode(BootSession session, long maxNanos) {
        if (matched || terminal != null && terminal.left()) {
            return 0;
        }
        if (!session.ended()) {
            err.println("xenolith: --max-cycles reached before "
                    + (until == null ? "the domain ended" : "--until matched"));
            return session.nanos() >= maxNanos ? OUT_OF_CYCLES : Xenolith.FAILED;
        }
        int reason = session.domain().shutdownReason();
        if (reason == Abi.SHUTDOWN_CRASH) {
            err.println("xenolith: " + session.domain() + " crashed");
            session.guests().forEach(guest -> err.print(guest.dump()));
            return CRASHED;
        }
        if (until != null) {
            err.println("xenolith: " + session.domain() + " ended before --until matched");
            return NOT_MATCHED;
        }
        return reason == Abi.SHUTDOWN_REBOOT ? REBOOTED : 0;
    }

    /** What it came to: time, instructions, hypercalls. */
    private void tell(BootSession session, long elapsedNanos) {
        Domain domain = session.domain();
        String calls = IntStream.range(0, HYPERCALLS)
                .boxed()
                .filter(n -> domain.hypercalls(n) > 0)
                .sorted(Comparator.comparing((Integer n) -> -domain.hypercalls(n)))
                .limit(TOP)
                .map(n -> String.format(Locale.ROOT, "%s %,d", HypercallText.name(n), domain.hypercalls(n)))
                .collect(Collectors.joining(", "));
        err.printf(
                Locale.ROOT,
                "%n%s: %s after %.3f s of virtual time, %,d instructions, %.1f MIPS%nhypercalls: %s%n",
                domain.name(),
                ending(session),
                session.nanos() / 1e9,
                session.instructions(),
                session.instructions() * 1e3 / Math.max(1, elapsedNanos),
                calls.isEmpty() ? "none" : calls);
        err.flush();
    }

    private static String ending(BootSession session) {
        return session.ended() ? "shut down (" + session.domain().shutdownText() + ")" : "left running";
    }

    @Override
    public void close() {
        if (terminal != null) {
            try {
                terminal.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
