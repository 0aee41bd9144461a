package org.xenolith.toolstack;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
 * @param memoryMebibytes its memory
 * @param pool its cpupool
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
        long memoryMebibytes,
        String pool,
        List<String> warnings) {

    /** The cpupool of a domain that names none. */
    public static final String DEFAULT_POOL = "Pool-0";

    private static final int MAX_VCPUS = 64;
    private static final long MAX_MEBIBYTES = 16L << 20;
    private static final Set<String> MODELLED =
            Set.of("name", "type", "vcpus", "cpus", "cpus_soft", "cpu_weight", "cap", "memory", "pool");

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
        return new XlConfig(
                values.get("name").text(),
                type(values.get("type"), file, warnings),
                vcpus,
                affinity(values.get("cpus"), vcpus),
                affinity(values.get("cpus_soft"), vcpus),
                (int) number(values, "cpu_weight", 1, Domain.MAX_WEIGHT, Domain.DEFAULT_WEIGHT),
                (int) number(values, "cap", 0, 100L * MAX_VCPUS, 0),
                number(values, "memory", 1, MAX_MEBIBYTES, 128),
                values.containsKey("pool") ? values.get("pool").text() : DEFAULT_POOL,
                List.copyOf(warnings));
    }

    private static long number(Map<String, Value> values, String key, long min, long max, long otherwise) {
        Value value = values.get(key);
        return value == null ? otherwise : value.number(key, min, max);
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
