package org.xenolith.machine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xenolith.engine.InputException;

/**
 * What the hypervisor's work costs on one machine, in cycles. A profile is a YAML file that says where each number comes
 * from; a cost it does not name is zero. Its section {@code core} is optional.
 */
public final class CostProfile {
    /** The profiles that ship. */
    public static final List<String> SHIPPED = List.of("zero", "qemu-icount", "xeon-2003");

    private static final long MAX_CYCLES = 1_000_000_000L;

    private final String name;
    private final String title;
    private final long tscHertz;
    private final long[] cycles;
    private final Map<Cost, String> sources;
    private final CoreCosts core;

    private CostProfile(
            String name, String title, long tscHertz, long[] cycles, Map<Cost, String> sources, CoreCosts core) {
        this.name = name;
        this.title = title;
        this.tscHertz = tscHertz;
        this.cycles = cycles;
        this.sources = sources;
        this.core = core;
    }

    /**
     * Loads a profile that ships, by its name, or a YAML file.
     *
     * @throws InputException if there is no such profile or the file is not one
     */
    public static CostProfile load(String nameOrFile) {
        if (SHIPPED.contains(nameOrFile)) {
            try (InputStream in = CostProfile.class.getResourceAsStream("/profiles/" + nameOrFile + ".yaml")) {
                return parse(new YAMLMapper().readTree(in), nameOrFile);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Path file = Path.of(nameOrFile);
        if (!Files.isRegularFile(file)) {
            throw new InputException("no cost profile '" + nameOrFile + "': neither a file nor one of " + SHIPPED);
        }
        try (InputStream in = Files.newInputStream(file)) {
            return parse(new YAMLMapper().readTree(in), nameOrFile);
        } catch (JsonProcessingException e) {
            throw new InputException(nameOrFile + ": not YAML: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new InputException(nameOrFile + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static CostProfile parse(JsonNode root, String where) {
        if (root == null || !root.isObject()) {
            throw new InputException(where + ": not a cost profile: no keys");
        }
        long hertz = number(root.path("tscHertz"), where, "tscHertz", 1_000_000L, 9_000_000_000L);
        long[] cycles = new long[Cost.values().length];
        Map<Cost, String> sources = new TreeMap<>();
        root.fieldNames().forEachRemaining(key -> {
            if (!List.of("name", "title", "tscHertz", "costs", "core").contains(key)) {
                throw new InputException(where + ": unknown key '" + key + "'");
            }
        });
        root.path("costs").properties().forEach(entry -> {
            Cost cost = byKey(entry.getKey(), where);
            JsonNode value = entry.getValue();
            cycles[cost.ordinal()] = number(value.path("cycles"), where, entry.getKey() + ".cycles", 0, MAX_CYCLES);
            String source = value.path("source").asText("");
            if (source.isBlank()) {
                throw new InputException(where + ": " + entry.getKey() + " names no source");
            }
            sources.put(cost, source);
        });
        return new CostProfile(
                root.path("name").asText(where),
                root.path("title").asText(""),
                hertz,
                cycles,
                sources,
                root.has("core") ? new CoreCosts(root.path("core"), where) : null);
    }

    private static Cost byKey(String key, String where) {
        for (Cost cost : Cost.values()) {
            if (cost.key().equals(key)) {
                return cost;
            }
        }
        throw new InputException(where + ": unknown cost '" + key + "'");
    }

    /** A whole number in a range, or an {@link InputException} that names {@code where} and {@code key}. */
    static long number(JsonNode node, String where, String key, long min, long max) {
        if (!node.canConvertToLong() || !node.isIntegralNumber() || node.asLong() < min || node.asLong() > max) {
            throw new InputException(where + ": " + key + " must be a whole number from " + min + " to " + max);
        }
        return node.asLong();
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** What machine it describes, in a line. */
    public String title() {
        return title;
    }

    /** Rate of the machine's TSC, in hertz. */
    public long tscHertz() {
        return tscHertz;
    }

    /** Price of {@code cost}, in cycles. */
    public long cycles(Cost cost) {
        return cycles[cost.ordinal()];
    }

    /** Where the price of {@code cost} comes from; empty where it is zero for want of a figure. */
    public String source(Cost cost) {
        return sources.getOrDefault(cost, "");
    }

    /**
     * What a core's own work costs, for approximate timing.
     *
     * @throws InputException if the profile has no section {@code core}
     */
    public CoreCosts core() {
        if (core == null) {
            throw new InputException("cost profile '" + name
                    + "' has no section 'core', which approximate timing needs; add one, or take xeon-2003");
        }
        return core;
    }

    /** The same profile with one price changed, for experiments on it. */
    public CostProfile with(Cost cost, long newCycles) {
        long[] changed = cycles.clone();
        changed[cost.ordinal()] = newCycles;
        return new CostProfile(name + "+" + cost.key(), title, tscHertz, changed, sources, core);
    }
}
