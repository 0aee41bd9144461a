package org.xenolith.machine;

import java.util.List;

/**
 * The caches one core sees: a first level for instructions and one for data, and the levels behind them, which both share. A line that
 * misses is brought into every level asked for it; no level holds back or throws out what another does. Reads and writes are alike.
 */
public final class CacheModel {
    private record Level(SetAssociative lines, int lineShift, int latency) {
        static Level of(CoreCosts.Cache cache) {
            return new Level(
                    new SetAssociative(cache.lines(), cache.ways()),
                    Integer.numberOfTrailingZeros(cache.lineBytes()),
                    cache.latency());
        }

        boolean use(int address) {
            return lines.use(address >>> lineShift);
        }
    }

    private final Level instructions;
    private final Level data;
    private final Level[] outer;
    private final int memoryLatency;

    /** Empty caches as {@code costs} describe them. */
    public CacheModel(CoreCosts costs) {
        instructions = Level.of(costs.instructionCache());
        data = Level.of(costs.dataCache());
        List<CoreCosts.Cache> levels = costs.outerCaches();
        outer = levels.stream().map(Level::of).toArray(Level[]::new);
        memoryLatency = costs.memoryLatency();
    }

    /** Accesses the line of machine address {@code address}; returns the cycles it takes longer than the first level would. */
    public int access(boolean fetch, int address) {
        Level first = fetch ? instructions : data;
        if (first.use(address)) {
            return 0;
        }
        for (Level level : outer) {
            if (level.use(address)) {
                return level.latency - first.latency;
            }
        }
        return memoryLatency - first.latency;
    }
}
