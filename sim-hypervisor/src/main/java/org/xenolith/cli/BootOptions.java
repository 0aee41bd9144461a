package org.xenolith.cli;

import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.xenolith.experiment.BootPlan;
import org.xenolith.experiment.BootSession;
import org.xenolith.experiment.SchedulerCatalog;
import org.xenolith.guest.InstructionTracer;
import org.xenolith.guest.Timing;
import org.xenolith.hypervisor.Domain;
import org.xenolith.machine.CostProfile;
import org.xenolith.toolstack.BootFiles;
import org.xenolith.toolstack.BootSpec;
import org.xenolith.toolstack.Initramfs;
import org.xenolith.toolstack.KernelImage;
import org.xenolith.toolstack.XlConfig;
import org.xenolith.trace.XentraceWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** What {@code boot} and {@code trace record} have in common: a domain that boots, on a machine of its own. */
final class BootOptions {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "CONFIG",
            description = "An xl.cfg file: kernel, ramdisk, extra, memory, vcpus, type, name.")
    Path config;

    @Option(names = "--type", paramLabel = "TYPE", description = "pvh (the default) or pv.")
    Domain.Type type;

    @Option(
            names = "--kernel",
            paramLabel = "FILE",
            description = "A vmlinux or bzImage; by default Debian's own, fetched by the system's package manager.")
    Path kernel;

    @Option(
            names = "--ramdisk",
            paramLabel = "FILE",
            description = "An initial ramdisk; by default one made of Debian's busybox.")
    Path ramdisk;

    @Option(names = "--extra", paramLabel = "TEXT", description = "The kernel's command line.")
    String extra;

    @Option(names = "--memory", paramLabel = "MIB", description = "Memory in MiB.")
    Integer memory;

    @Option(names = "--vcpus", paramLabel = "N", description = "vCPUs.")
    Integer vcpus;

    @Option(
            names = "--pcpus",
            paramLabel = "N",
            defaultValue = "1",
            description = "pCPUs of the machine (${DEFAULT-VALUE}).")
    int pcpus;

    @Option(
            names = "--scheduler",
            paramLabel = "NAME",
            defaultValue = "credit2",
            description = "The machine's scheduler (${DEFAULT-VALUE}).")
    String scheduler;

    @Option(
            names = "--costs",
            paramLabel = "PROFILE",
            description = "What things cost (qemu-icount; xeon-2003 for approximate timing).")
    String costs;

    @Option(
            names = "--timing",
            paramLabel = "KIND",
            defaultValue = "functional",
            description = "functional: each instruction the same; approximate: by its kind, TLB and caches, slower"
                    + " (${DEFAULT-VALUE}).")
    Timing.Kind timing;

    @Option(
            names = "--quantum",
            paramLabel = "CYCLES",
            defaultValue = "10000",
            description = "How far one vCPU may run ahead of another, in cycles (${DEFAULT-VALUE}).")
    long quantum;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Seed of random streams.")
    long seed;

    @Option(names = "--script", paramLabel = "FILE", description = "Types its lines, each when the guest prompts.")
    Path script;

    @Option(names = "--until", paramLabel = "REGEX", description = "Ends the run when the console shows this.")
    String until;

    @Option(names = "--max-cycles", paramLabel = "N", description = "Ends the run after so many cycles.")
    Long maxCycles;

    @Option(
            names = "--trace-instructions",
            paramLabel = "FROM:TO",
            description = "Prints instructions number FROM to TO of the first vCPU, with the registers they change.")
    String traceInstructions;

    /** Hears of the machine and the domain when the guest has run. */
    interface Aftermath {
        /** The guest has run on the machine of {@code setting}. */
        void ran(BootSession session, BootSession.Setting setting);
    }

    /**
     * Boots as the options say, and returns the exit code.
     *
     * @param trace where trace records go, or null
     * @param mask which records, as {@code xentrace -e}
     */
    int boot(CommandSpec spec, Path trace, int mask, Aftermath aftermath) {
        if (memory != null && (memory < 1 || memory > 2047)) {
            throw new ParameterException(spec.commandLine(), "--memory must be 1 to 2047 MiB.");
        }
        if (pcpus < 1 || pcpus > 64 || quantum < 1) {
            throw new ParameterException(spec.commandLine(), "--pcpus must be 1 to 64 and --quantum at least 1.");
        }
        Pattern pattern = pattern(spec);
        long[] range = traceInstructions == null ? null : range(spec);
        XlConfig xl = config(spec);
        BootSpec image = image(xl, spec);
        BootSession.Setting setting = new BootSession.Setting(
                pcpus,
                new SchedulerCatalog().parse(scheduler, Path.of("")),
                CostProfile.load(
                        costs != null ? costs : timing == Timing.Kind.APPROXIMATE ? "xeon-2003" : "qemu-icount"),
                timing,
                quantum,
                trace == null ? 0 : mask,
                seed);
        try (XentraceWriter writer = trace == null ? null : XentraceWriter.create(trace);
                BootConsole console = BootConsole.open(script, pattern, spec)) {
            BootSession session = new BootSession(
                    xl == null ? "linux" : xl.name(),
                    type != null ? type : xl == null ? Domain.Type.PVH : xl.type(),
                    vcpus != null ? vcpus : xl == null ? 1 : xl.vcpus(),
                    image,
                    setting,
                    writer,
                    console);
            if (range != null) {
                session.guests()
                        .get(0)
                        .trace(new InstructionTracer(range[0], range[1], line -> console.print(line + "\n")));
            }
            int code = console.drive(session, maxCycles == null ? Long.MAX_VALUE : maxCycles);
            aftermath.ran(session, setting);
            return code;
        }
    }

    private Pattern pattern(CommandSpec spec) {
        try {
            return until == null ? null : Pattern.compile(until);
        } catch (PatternSyntaxException e) {
            throw new ParameterException(spec.commandLine(), "--until: " + e.getDescription() + ": " + until);
        }
    }

    private long[] range(CommandSpec spec) {
        String[] ends = traceInstructions.split(":", -1);
        try {
            long from = Long.parseLong(ends[0]);
            long to = Long.parseLong(ends[1]);
            if (ends.length == 2 && from >= 0 && from < to) {
                return new long[] {from, to};
            }
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            // Refused below.
        }
        throw new ParameterException(
                spec.commandLine(),
                "--trace-instructions takes FROM:TO, two numbers, FROM the lower: " + traceInstructions);
    }

    /** What the options and the config file have to boot; an option goes before the file. */
    private BootSpec image(XlConfig xl, CommandSpec spec) {
        Path cache = BootFiles.cacheFolder(System.getenv(), System.getProperty("user.home"));
        Consumer<String> progress = line -> {
            spec.commandLine().getErr().println(line);
            spec.commandLine().getErr().flush();
        };
        XlConfig.Boot boot = xl == null || xl.boot() == null ? new XlConfig.Boot(null, null, "") : xl.boot();
        Path kernelFile = kernel != null || boot.kernel() == null ? kernel : Path.of(boot.kernel());
        Path ramdiskFile = ramdisk != null || boot.ramdisk() == null ? ramdisk : Path.of(boot.ramdisk());
        String fromFile = boot.commandLine();
        return new BootSpec(
                KernelImage.load(kernelFile == null ? BootFiles.kernel(cache, progress) : kernelFile),
                ramdiskFile == null ? Initramfs.build(BootFiles.busybox(cache, progress)) : BootPlan.bytes(ramdiskFile),
                extra != null ? extra : fromFile.isEmpty() ? BootPlan.DEFAULT_COMMAND_LINE : fromFile,
                memory != null
                        ? memory
                        : xl == null ? BootPlan.DEFAULT_MEMORY_MIB : Math.toIntExact(xl.memoryMebibytes()));
    }

    private XlConfig config(CommandSpec spec) {
        XlConfig xl = config == null ? null : XlConfig.load(config);
        if (xl != null) {
            xl.warnings().forEach(w -> spec.commandLine().getErr().println("warning: " + w));
        }
        return xl;
    }
}
