package org.xenolith.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class TscClockTest {
    private static final BigInteger NANOS = BigInteger.valueOf(1_000_000_000L);

    @Property
    void convertsExactly(
            @ForAll @LongRange(min = 1_000_000, max = 9_000_000_000L) long hertz,
            @ForAll @LongRange(min = 0, max = 1L << 53) long value) {
        TscClock clock = new TscClock(hertz);
        BigInteger rate = BigInteger.valueOf(hertz);
        BigInteger v = BigInteger.valueOf(value);
        assertThat(clock.toNanos(value))
                .isEqualTo(v.multiply(NANOS).divide(rate).longValueExact());
        BigInteger up = v.multiply(rate).add(NANOS).subtract(BigInteger.ONE).divide(NANOS);
        assertThat(clock.toCycles(value)).isEqualTo(up.longValueExact());
        assertThat(clock.toNanos(clock.toCycles(value))).isGreaterThanOrEqualTo(value);
    }
}
