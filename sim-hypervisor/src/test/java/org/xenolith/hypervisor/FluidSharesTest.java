package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.hypervisor.FluidShares.PCPU;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class FluidSharesTest {
    private static long[] divide(long capacity, long[] weight, long[] limit) {
        long[] rate = new long[weight.length];
        FluidShares.divide(capacity, weight.length, weight, limit, rate);
        return rate;
    }

    @Example
    void whatOneCannotUseGoesToTheOthersByWeight() {
        assertThat(divide(PCPU, new long[] {1, 1, 2}, new long[] {PCPU, PCPU, PCPU}))
                .containsExactly(PCPU / 4, PCPU / 4, PCPU / 2);
        assertThat(divide(PCPU, new long[] {1, 1, 2}, new long[] {PCPU, PCPU, PCPU / 8}))
                .containsExactly(PCPU * 7 / 16, PCPU * 7 / 16, PCPU / 8);
        assertThat(divide(2 * PCPU, new long[] {1, 2, 1}, new long[] {PCPU, PCPU, PCPU}))
                .containsExactly(PCPU / 2, PCPU, PCPU / 2);
        assertThat(divide(PCPU, new long[] {1, 9}, new long[] {PCPU, 0})).containsExactly(PCPU, 0);
        assertThat(divide(4 * PCPU, new long[] {1, 9}, new long[] {PCPU, 2 * PCPU}))
                .containsExactly(PCPU, 2 * PCPU);
    }

    /** The water level by bisection: the one at which what everybody takes is what there is. */
    @Property(tries = 500)
    void agreesWithTheWaterLevel(
            @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 65535) Integer> weights,
            @ForAll @Size(8) List<@IntRange(min = 0, max = 400) Integer> percents,
            @ForAll @IntRange(min = 1, max = 4) int pcpus) {
        int n = weights.size();
        long[] weight = weights.stream().mapToLong(w -> w).toArray();
        long[] limit = percents.stream().limit(n).mapToLong(p -> p * PCPU / 100).toArray();
        double low = 0;
        double high = 4.0 * 65536 * PCPU;
        for (int i = 0; i < 200; i++) {
            double level = (low + high) / 2;
            double taken = 0;
            for (int k = 0; k < n; k++) {
                taken += Math.min((double) limit[k], level * weight[k]);
            }
            if (taken > (double) pcpus * PCPU) {
                high = level;
            } else {
                low = level;
            }
        }
        long[] rate = divide(pcpus * PCPU, weight, limit);
        for (int k = 0; k < n; k++) {
            assertThat((double) rate[k])
                    .isCloseTo(Math.min((double) limit[k], low * weight[k]), org.assertj.core.data.Offset.offset(2.0));
        }
    }
}
