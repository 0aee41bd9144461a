package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Repeated moves and stores, which are carried out a page at a time, against byte after byte; overlaps, pages and budgets as they come. */
class StringOpsTest {
    private static final int AREA = 0x8000;
    private static final int OPPOSITE = 1 << 10; // RFLAGS.DF

    @Property(tries = 200)
    void repeatedMovesAndStoresAreThoseOfASimpleLoop(
            @ForAll @IntRange(max = 0x7fff) int from,
            @ForAll @IntRange(min = -600, max = 600) int distance,
            @ForAll boolean near,
            @ForAll @IntRange(max = 3) int width,
            @ForAll @IntRange(max = 2000) int count,
            @ForAll boolean store,
            @ForAll boolean down,
            @ForAll @IntRange(min = 1, max = 3000) int budget,
            @ForAll long seed) {
        int bytes = 1 << width;
        int to = near ? Math.floorMod(from + distance, AREA) : new Random(seed).nextInt(AREA);
        Snippet s = Snippet.of(
                "f3",
                width == 1 ? "66" : width == 3 ? "48" : "",
                store ? width == 0 ? "aa" : "ab" : width == 0 ? "a4" : "a5",
                "eb fe");
        byte[] area = new byte[3 * AREA];
        new Random(seed).nextBytes(area);
        int base = Snippet.DATA;
        s.memory.write(base, area, 0, area.length);
        s.with(Cpu.RAX, seed).with(Cpu.RSI, base + AREA + from).with(Cpu.RDI, base + AREA + to);
        s.with(Cpu.RCX, count);
        s.cpu.setRflags(down ? OPPOSITE : 0);

        long left = Math.max(1, count);
        while (left > 0) {
            long part = Math.min(left, budget);
            s.run(part);
            left -= part;
            assertThat(s.r(Cpu.RCX)).isEqualTo(Math.min(count, left));
        }

        int step = down ? -bytes : bytes;
        for (int i = 0; i < count; i++) {
            byte[] item = new byte[bytes];
            for (int b = 0; b < bytes; b++) {
                item[b] = store ? (byte) (seed >>> 8 * b) : area[AREA + from + i * step + b];
            }
            System.arraycopy(item, 0, area, AREA + to + i * step, bytes);
        }
        byte[] result = new byte[area.length];
        s.memory.read(base, result, 0, result.length);
        assertThat(Arrays.mismatch(result, area)).isEqualTo(-1);
        assertThat(s.r(Cpu.RDI)).isEqualTo(base + AREA + to + count * (long) step);
        assertThat(s.r(Cpu.RSI)).isEqualTo(base + AREA + from + (store ? 0 : count * (long) step));
        assertThat(s.cpu.rip).isGreaterThan(Snippet.CODE);
    }
}
