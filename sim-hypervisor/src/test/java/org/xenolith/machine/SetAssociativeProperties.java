package org.xenolith.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The structure of caches and TLBs against one that is obviously right. */
class SetAssociativeProperties {
    /** A list for each set, the key used last at its end. */
    private static final class Twin {
        private final int ways;
        private final List<List<Long>> sets;

        Twin(int sets, int ways) {
            this.ways = ways;
            this.sets = IntStream.range(0, sets)
                    .mapToObj(i -> (List<Long>) new ArrayList<Long>())
                    .toList();
        }

        boolean use(long key) {
            List<Long> set = sets.get((int) (key % sets.size()));
            boolean held = set.remove(key);
            set.add(key);
            if (set.size() > ways) {
                set.remove(0);
            }
            return held;
        }
    }

    @Property(tries = 300)
    void holdsWhatAListOfEachSetHolds(
            @ForAll @IntRange(max = 4) int setsLog,
            @ForAll @IntRange(min = 1, max = 5) int ways,
            @ForAll @Size(max = 400) List<@IntRange(max = 90) Integer> keys) {
        SetAssociative model = new SetAssociative(ways << setsLog, ways);
        Twin twin = new Twin(1 << setsLog, ways);
        for (int key : keys) {
            if (key >= 85) { // the rare ones throw out the keys they divide
                int divisor = key - 80;
                model.removeIf(k -> k % divisor == 0);
                twin.sets.forEach(set -> set.removeIf(k -> k % divisor == 0));
            } else {
                assertThat(model.use(key)).isEqualTo(twin.use(key));
            }
        }
    }
}
