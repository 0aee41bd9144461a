package org.xenolith.toolstack;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.toolstack.XlConfigParser.Value;

/**
 * A domain as an {@code xl.cfg} file describes it, as far as it is modelled. Format: xl.cfg(5) of Xen 4.17.
 *
 * @param name its name
 * @param type how it is virtualised; HVM counts as PVH, with a warning
 * @param vcpus how many vCPUs it has
 * @param hard hard affinity by vCPU, or null for all pCPUs
 * @param soft soft affinity by vCPU, or null for all pCPUs
 * @param weight its weight
 * @param cap its cap in percent of one pCPU, 0 for none
 * @param scheduling what real-time schedulers take, as scenarios name it: {@code period_us}, {@code budget_us}, {@code extratime}
 * @param memoryMebibytes its memory
 * @param pool its cpupool
 * @param boot what it boots, or null if it names no kernel
 * @param ends what is done when it ends
 * @param warnings a line for what the file says and the model does not know
 */
public record XlConfig(
        String name,
        Domain.Type type,
        int vcpus,
        List<CpuSet> hard,
        List<CpuSet> soft,
        int weight,
        int cap,
        Map<String, Long> scheduling,
        long memoryMebibytes,
        String pool,
        Boot boot,
        Ends ends,
        List<String> warnings) {

    /**
     * What a domain boots; files are as written, a relative one relative to the working folder, as in xl.
     *
     * @param kernel the kernel's file
     * @param ramdisk the initial ramdisk's file, or null for none
     * @param commandLine the kernel's command line: {@code cmdline}, or else {@code root} and {@code extra}
     */
    public record Boot(String kernel, String ramdisk, String commandLine) {}

    /** What is done with a domain that has ended. */
    public enum End {
        DESTROY,
        RESTART,
        RENAME_RESTART,
        PRESERVE,
        COREDUMP_DESTROY,
        COREDUMP_RESTART,
        SOFT_RESET;

        /** As {@code xl.cfg} has it, such as {@code coredump-destroy}. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /**
     * What is done when a domain ends.
     *
     * @param poweroff if it powers off
     * @param reboot if it reboots
     * @param crash if it crashes
     * @param watchdog if its watchdog ends it
     */
    public record Ends(End poweroff, End reboot, End crash, End watchdog) {
        /** What xl does with a domain that does not say. */
        public static final Ends DEFAULT = new Ends(End.DESTROY, End.RESTART, End.DESTROY, End.DESTROY);

        /** What is done after shutdown {@code reason} ({@code SHUTDOWN_*} of Xen's {@code public/sched.h}). */
        public End after(int reason) {
            return switch (reason) {
                case 0 -> poweroff;
                case 1 -> reboot;
                case 4 -> watchdog;
                default -> crash;
            };
        }
    }

    /** The cpupool of a domain that names none. */
    public static final String DEFAULT_POOL = "Pool-0";

    private static final int MAX_VCPUS = 64;
    private static final long MAX_MEBIBYTES = 16L << 20;
    private static final Set<String> MODELLED = Set.of(
            "name",
            "type",
            "vcpus",
            "cpus",
            "cpus_soft",
            "cpu_weight",
            "cap",
            "period",
            "budget",
            "extratime",
            "memory",
            "maxmem",
            "pool",
            "kernel",
            "ramdisk",
            "cmdline",
            "root",
            "extra",
            "on_poweroff",
            "on_reboot",
            "on_crash",
            "on_watchdog");

    /**
     * Reads a file.
     *
     * @throws InputException if it is not there, or is no such file, or a value is out of range
     */
    public static XlConfig load(Path file) {
        try {
            return parse(Files.readString(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new InputException(file + ": no such file", e);
        } catch (MalformedInputException e) {
            throw new InputException(file + ": is not text", e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Reads the text of a file.
     *
     * @param file its name in refusals
     * @throws InputException as {@link #load}
     */
    public static XlConfig parse(String text, String file) {
        Map<String, Value> values = new XlConfigParser(text, file).parse();
        List<String> warnings = new ArrayList<>();
        List<String> unknown =
                values.keySet().stream().filter(key -> !MODELLED.contains(key)).toList();
        if (!unknown.isEmpty()) {
            warnings.add(file + ": not modelled: " + String.join(", ", unknown));
        }
        if (!values.containsKey("name")) {
            throw new InputException(file + ": 'name' is missing");
        }
        int vcpus = (int) number(values, "vcpus", 1, MAX_VCPUS, 1);
        long memory = number(values, "memory", 1, MAX_MEBIBYTES, 128);
        if (number(values, "maxmem", memory, MAX_MEBIBYTES, memory) > memory) {
            warnings.add(file + ": not modelled: maxmem above memory, the guest keeps the memory it starts with");
        }
        return new XlConfig(
                values.get("name").text(),
                type(values.get("type"), file, warnings),
                vcpus,
                affinity(values.get("cpus"), vcpus),
                affinity(values.get("cpus_soft"), vcpus),
                (int) number(values, "cpu_weight", 1, Domain.MAX_WEIGHT, Domain.DEFAULT_WEIGHT),
                (int) number(values, "cap", 0, 100L * MAX_VCPUS, 0),
                scheduling(values),
                memory,
                values.containsKey("pool") ? values.get("pool").text() : DEFAULT_POOL,
                boot(values, file, warnings),
                new Ends(
                        end(values, "on_poweroff", Ends.DEFAULT.poweroff),
                        end(values, "on_reboot", Ends.DEFAULT.reboot),
                        end(values, "on_crash", Ends.DEFAULT.crash),
                        end(values, "on_watchdog", Ends.DEFAULT.watchdog)),
                List.copyOf(warnings));
    }

    /** xl hands them on as they are, in the units of the RTDS scheduler. */
    private static Map<String, Long> scheduling(Map<String, Value> values) {
        Map<String, Long> scheduling = new TreeMap<>();
        if (values.containsKey("period")) {
            scheduling.put("period_us", number(values, "period", 1, Integer.MAX_VALUE, 0));
        }
        if (values.containsKey("budget")) {
            scheduling.put("budget_us", number(values, "budget", 1, Integer.MAX_VALUE, 0));
        }
        if (values.containsKey("extratime")) {
            scheduling.put("extratime", number(values, "extratime", 0, 1, 0));
        }
        return Collections.unmodifiableMap(scheduling);
    }

    private static long number(Map<String, Value> values, String key, long min, long max, long otherwise) {
        Value value = values.get(key);
        return value == null ? otherwise : value.number(key, min, max);
    }

    private static String text(Map<String, Value> values, String key) {
        return values.containsKey(key) ? values.get(key).text() : "";
    }

    private static Boot boot(Map<String, Value> values, String file, List<String> warnings) {
        String kernel = text(values, "kernel");
        String ramdisk = text(values, "ramdisk");
        String commandLine = text(values, "cmdline");
        String root = text(values, "root");
        String extra = text(values, "extra");
        if (!commandLine.isEmpty() && !(root + extra).isEmpty()) {
            warnings.add(file + ": root and extra do not count beside cmdline");
        }
        if (commandLine.isEmpty()) {
            commandLine = ((root.isEmpty() ? "" : "root=" + root + " ") + extra).strip();
        }
        return kernel.isEmpty() ? null : new Boot(kernel, ramdisk.isEmpty() ? null : ramdisk, commandLine);
    }

    private static End end(Map<String, Value> values, String key, End otherwise) {
        Value value = values.get(key);
        if (value == null) {
            return otherwise;
        }
        for (End end : End.values()) {
            if (end.toString().equals(value.text())) {
                return end;
            }
        }
        throw value.refuse(key + " must be one of " + List.of(End.values()) + ", not '" + value.text() + "'");
    }

    private static Domain.Type type(Value value, String file, List<String> warnings) {
        if (value == null) {
            return Domain.Type.PV;
        }
        if (value.text().equals("hvm")) {
            warnings.add(file + ": type hvm is modelled as pvh, without emulated devices");
        }
        return switch (value.text()) {
            case "pv" -> Domain.Type.PV;
            case "pvh", "hvm" -> Domain.Type.PVH;
            default -> throw value.refuse("type must be pv, pvh or hvm, not '" + value.text() + "'");
        };
    }

    /** One list for all vCPUs, or as xl has it, a list of lists: one for each vCPU, the last for the rest. */
    private static List<CpuSet> affinity(Value value, int vcpus) {
        if (value == null) {
            return null;
        }
        List<Value> each = value.list();
        if (each.isEmpty()) {
            throw value.refuse("names no pCPU");
        }
        List<CpuSet> sets = new ArrayList<>();
        for (int v = 0; v < vcpus; v++) {
            Value mine = each.get(Math.min(v, each.size() - 1));
            try {
                sets.add(CpuList.parse(mine.text()));
            } catch (InputException e) {
                throw mine.refuse(e.getMessage());
            }
        }
        return sets;
    }
}
