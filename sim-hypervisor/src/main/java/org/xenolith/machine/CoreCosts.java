package org.xenolith.machine;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.xenolith.engine.InputException;

/**
 * What a core's own work costs: section {@code core} of a {@link CostProfile}, for approximate timing.
 *
 * <pre>
 * core:
 *   instructions:                 # each of {@link InstructionClass}, cycles, at least 1; a hit of the first-level cache is in them
 *     alu: {cycles: 1, source: ...}
 *   tlb:
 *     instruction: {entries: 128, ways: 128, source: ...}
 *     data: {entries: 64, ways: 64, source: ...}
 *     walkPerLevel: {cycles: 7, source: ...}
 *   caches:                       # latency in cycles, of a load that is answered there; l2 and l3 may be left out
 *     l1i: {kib: 8, ways: 4, line: 64, latency: 2, source: ...}
 *     l1d: ...
 *     l2: ...
 *     memory: {latency: 228, source: ...}
 * </pre>
 */
public final class CoreCosts {
    /**
     * A TLB.
     *
     * @param entries in all
     * @param ways entries of a set
     */
    public record Tlb(int entries, int ways) {}

    /**
     * A cache.
     *
     * @param kib size, KiB
     * @param ways lines of a set
     * @param lineBytes a line's size, a power of two
     * @param latency cycles of a load that it answers
     */
    public record Cache(int kib, int ways, int lineBytes, int latency) {
        /** Lines it holds. */
        public int lines() {
            return kib * 1024 / lineBytes;
        }
    }

    private static final int MAX_CYCLES = 1_000_000;
    private static final int MAX_ENTRIES = 1 << 16;
    private static final int MAX_KIB = 1 << 17;
    private static final int MAX_LINE = 4096;

    private final Map<InstructionClass, Integer> cycles = new EnumMap<>(InstructionClass.class);
    private final Map<String, String> sources = new TreeMap<>();
    private final String where;
    private final Tlb instructionTlb;
    private final Tlb dataTlb;
    private final int walkPerLevel;
    private final Cache instructionCache;
    private final Cache dataCache;
    private final List<Cache> outerCaches;
    private final int memoryLatency;

    /** Reads the section, {@code where} names its file; throws {@link InputException} if it is not one. */
    CoreCosts(JsonNode core, String where) {
        this.where = where;
        allow(core, "core", Set.of("instructions", "tlb", "caches"));
        JsonNode prices = core.path("instructions");
        allow(prices, "core.instructions", Set.copyOf(keys()));
        for (InstructionClass kind : InstructionClass.values()) {
            cycles.put(kind, cycles(prices, "core.instructions", kind.key(), 1));
        }
        JsonNode tlb = core.path("tlb");
        allow(tlb, "core.tlb", Set.of("instruction", "data", "walkPerLevel"));
        instructionTlb = tlb(tlb, "instruction");
        dataTlb = tlb(tlb, "data");
        walkPerLevel = cycles(tlb, "core.tlb", "walkPerLevel", 0);
        JsonNode caches = core.path("caches");
        allow(caches, "core.caches", Set.of("l1i", "l1d", "l2", "l3", "memory"));
        instructionCache = cache(caches, "l1i");
        dataCache = cache(caches, "l1d");
        outerCaches = Stream.of("l2", "l3")
                .filter(caches::has)
                .map(key -> cache(caches, key))
                .toList();
        JsonNode memory = item(caches, "core.caches", "memory", Set.of("latency", "source"));
        memoryLatency = number(memory, "core.caches.memory", "latency", 0, MAX_CYCLES);
        int before = Math.max(instructionCache.latency, dataCache.latency);
        for (Cache cache : outerCaches) {
            before = increasing(before, cache.latency);
        }
        increasing(before, memoryLatency);
    }

    private static List<String> keys() {
        return Stream.of(InstructionClass.values()).map(InstructionClass::key).toList();
    }

    private int increasing(int before, int latency) {
        if (latency < before) {
            throw new InputException(where + ": core.caches: a latency of " + latency + " behind one of " + before
                    + "; what is farther away must not be nearer");
        }
        return latency;
    }

    private int cycles(JsonNode section, String path, String key, int min) {
        return number(
                item(section, path, key, Set.of("cycles", "source")), path + "." + key, "cycles", min, MAX_CYCLES);
    }

    private Tlb tlb(JsonNode section, String key) {
        String path = "core.tlb." + key;
        JsonNode node = item(section, "core.tlb", key, Set.of("entries", "ways", "source"));
        Tlb tlb = new Tlb(number(node, path, "entries", 1, MAX_ENTRIES), number(node, path, "ways", 1, MAX_ENTRIES));
        sets(path, tlb.entries, tlb.ways);
        return tlb;
    }

    private Cache cache(JsonNode section, String key) {
        String path = "core.caches." + key;
        JsonNode node = item(section, "core.caches", key, Set.of("kib", "ways", "line", "latency", "source"));
        Cache cache = new Cache(
                number(node, path, "kib", 1, MAX_KIB),
                number(node, path, "ways", 1, MAX_ENTRIES),
                number(node, path, "line", 8, MAX_LINE),
                number(node, path, "latency", 0, MAX_CYCLES));
        if (Integer.bitCount(cache.lineBytes) != 1) {
            throw new InputException(where + ": " + path + ".line must be a power of two");
        }
        sets(path, cache.lines(), cache.ways);
        return cache;
    }

    private void sets(String path, int entries, int ways) {
        if (entries % ways != 0 || Integer.bitCount(entries / ways) != 1) {
            throw new InputException(where + ": " + path + ": " + entries + " entries of " + ways
                    + " ways make no power of two of sets; change either");
        }
    }

    private JsonNode item(JsonNode section, String path, String key, Set<String> allowed) {
        JsonNode node = section.path(key);
        allow(node, path + "." + key, allowed);
        String source = node.path("source").asText("");
        if (source.isBlank()) {
            throw new InputException(where + ": " + path + "." + key + " names no source");
        }
        sources.put(path + "." + key, source);
        return node;
    }

    private void allow(JsonNode node, String path, Set<String> allowed) {
        if (!node.isObject()) {
            throw new InputException(where + ": " + path + " is missing or has no keys");
        }
        Optional<String> unknown = node.properties().stream()
                .map(Map.Entry::getKey)
                .filter(key -> !allowed.contains(key))
                .findFirst();
        if (unknown.isPresent()) {
            throw new InputException(where + ": " + path + ": unknown key '" + unknown.get() + "'");
        }
    }

    private int number(JsonNode node, String path, String key, int min, int max) {
        return (int) CostProfile.number(node.path(key), where, path + "." + key, min, max);
    }

    /** Price of an instruction of {@code kind}, cycles. */
    public int cycles(InstructionClass kind) {
        return cycles.get(kind);
    }

    /** The TLB of fetches. */
    public Tlb instructionTlb() {
        return instructionTlb;
    }

    /** The TLB of reads and writes. */
    public Tlb dataTlb() {
        return dataTlb;
    }

    /** What a page walk costs for each level, cycles. */
    public int walkPerLevel() {
        return walkPerLevel;
    }

    /** The first-level cache of fetches. */
    public Cache instructionCache() {
        return instructionCache;
    }

    /** The first-level cache of reads and writes. */
    public Cache dataCache() {
        return dataCache;
    }

    /** The caches behind those, the nearest first; maybe none. */
    public List<Cache> outerCaches() {
        return outerCaches;
    }

    /** Cycles of a load that no cache answers. */
    public int memoryLatency() {
        return memoryLatency;
    }

    /** Where each figure comes from, by its path in the profile. */
    public Map<String, String> sources() {
        return Collections.unmodifiableMap(sources);
    }
}
