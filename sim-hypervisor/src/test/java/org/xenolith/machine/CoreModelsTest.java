package org.xenolith.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The caches and TLBs of the Xeon of 2003: 8 KiB and 512 KiB, latencies 2, 7 and 228; 64 entries for data, 7 cycles a level. */
class CoreModelsTest {
    private static final int PAGE = 12;
    private static final int LARGE = 21;

    private final CoreCosts costs = CostProfile.load("xeon-2003").core();
    private final CacheModel caches = new CacheModel(costs);
    private final TlbModel tlb = new TlbModel(costs);

    private int pass(int bytes) {
        int cycles = 0;
        for (int at = 0; at < bytes; at += 8) {
            cycles += caches.access(false, at);
        }
        return cycles;
    }

    @Test
    void anArrayThatFitsIsReadFromTheFirstLevelTheSecondTime() {
        assertThat(pass(8 << 10)).isEqualTo(128 * 226);
        assertThat(pass(8 << 10)).isZero();
    }

    @Test
    void anArrayLargerThanTheFirstLevelIsReadFromTheSecond() {
        assertThat(pass(16 << 10)).isEqualTo(256 * 226);
        assertThat(pass(16 << 10)).isEqualTo(256 * 5);
    }

    @Test
    void anArrayLargerThanAllIsReadFromMemory() {
        pass(1 << 20);
        assertThat(pass(1 << 20)).isEqualTo(16384 * 226);
    }

    @Test
    void codeAndDataShareTheSecondLevelOnly() {
        assertThat(caches.access(true, 0x1000)).isEqualTo(226);
        assertThat(caches.access(false, 0x1030)).isEqualTo(5);
        assertThat(caches.access(true, 0x1001)).isZero();
    }

    @Test
    void aWalkCostsItsLevels() {
        assertThat(tlb.translate(false, 0x1000, PAGE, false, 4)).isEqualTo(28);
        assertThat(tlb.translate(false, 0x1fff, PAGE, false, 4)).isZero();
        assertThat(tlb.translate(true, 0x1000, PAGE, false, 4)).isEqualTo(28);
        assertThat(tlb.translate(false, 0x200000, LARGE, false, 3)).isEqualTo(21);
        assertThat(tlb.translate(false, 0x3fffff, LARGE, false, 3)).isZero();
        assertThat(tlb.translate(false, 0x5000, PAGE, false, 0)).isZero();
    }

    @Test
    void flushesForgetWhatTheySay() {
        tlb.translate(false, 0x1000, PAGE, true, 4);
        tlb.translate(false, -0x1000, PAGE, false, 4);
        tlb.flush(false);
        assertThat(tlb.translate(false, 0x1000, PAGE, true, 4)).isZero();
        assertThat(tlb.translate(false, -0x1000, PAGE, false, 4)).isEqualTo(28);
        tlb.flushPage(0x1800);
        assertThat(tlb.translate(false, 0x1000, PAGE, true, 4)).isEqualTo(28);
        assertThat(tlb.translate(false, -0x1000, PAGE, false, 4)).isZero();
        tlb.flush(true);
        assertThat(tlb.translate(false, 0x1000, PAGE, true, 4)).isEqualTo(28);
    }

    @Property(tries = 100)
    void aFullyAssociativeTlbIsAListOfPages(@ForAll @Size(max = 600) List<@IntRange(max = 100) Integer> pages) {
        TlbModel model = new TlbModel(costs);
        Set<Integer> held = new LinkedHashSet<>();
        for (int page : pages) {
            if (page == 100) {
                model.flush(true);
                held.clear();
                continue;
            }
            boolean hit = held.remove(page);
            held.add(page);
            if (held.size() > 64) {
                held.remove(held.iterator().next());
            }
            assertThat(model.translate(false, (long) page << PAGE, PAGE, false, 4))
                    .isEqualTo(hit ? 0 : 28);
        }
    }
}
