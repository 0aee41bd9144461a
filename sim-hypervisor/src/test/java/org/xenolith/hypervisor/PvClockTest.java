package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.xenolith.machine.TscClock;

/** A guest that computes the time from stamps of any age never sees it go back, nor run ahead of the hypervisor's. */
class PvClockTest {
    @Example
    void scalesAsXenDoes() {
        PvClock gigahertz = new PvClock(1_000_000_000);
        assertThat(gigahertz.shift()).isEqualTo(1);
        assertThat(gigahertz.multiplier()).isEqualTo(0x80000000);
        assertThat(gigahertz.nanos(123_456_789)).isEqualTo(123_456_789);
        PvClock three = new PvClock(3_000_000_000L);
        assertThat(three.shift()).isEqualTo(-1);
        assertThat(three.multiplier()).isEqualTo((int) 2863311530L);
    }

    @Property
    void computesWhatAWideMultiplicationDoes(
            @ForAll @LongRange(min = 1_000_000, max = 9_000_000_000L) long hertz,
            @ForAll @LongRange(min = 0, max = 1L << 50) long cycles) {
        PvClock clock = new PvClock(hertz);
        BigInteger shifted = clock.shift() < 0
                ? BigInteger.valueOf(cycles).shiftRight(-clock.shift())
                : BigInteger.valueOf(cycles).shiftLeft(clock.shift());
        BigInteger expected = shifted.multiply(BigInteger.valueOf(clock.multiplier() & 0xffffffffL))
                .shiftRight(32);
        assertThat(BigInteger.valueOf(clock.nanos(cycles))).isEqualTo(expected);
    }

    @Property
    void neverGoesBackAndNeverRunsAhead(
            @ForAll @LongRange(min = 1_000_000, max = 9_000_000_000L) long hertz,
            @ForAll @Size(min = 1, max = 50) long[] steps) {
        TscClock exact = new TscClock(hertz);
        PvClock clock = new PvClock(hertz);
        long tsc = 0;
        long stamp = 0;
        long seen = 0;
        for (long step : steps) {
            tsc += (step & Long.MAX_VALUE) % (2 * hertz);
            long now = exact.toNanos(stamp) + clock.nanos(tsc - stamp);
            assertThat(now).isBetween(seen, exact.toNanos(tsc)).isGreaterThan(exact.toNanos(tsc) - 2010);
            seen = now;
            if (step < 0) {
                stamp = tsc; // put on a pCPU anew
            }
        }
    }
}
