package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 s",
        "1, 1 ns",
        "999, 999 ns",
        "1000, 1.00 us",
        "12949, 12.9 us",
        "999499, 999 us",
        "999500, 1.00 ms",
        "1000001, 1.00 ms",
        "99960000, 100 ms",
        "9999999999, 10.0 s",
        "123456789012, 123 s",
        "1234567890123, 1230 s",
    })
    void showsThreeDigitsAndTheUnitThatSuits(long nanos, String text) {
        assertThat(Durations.format(nanos)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"5 s, 5000000000", "1.5ms, 1500000", "200 us, 200000", "7ns, 7", "0.000000001 s, 1"})
    void readsWhatPeopleWrite(String text, long nanos) {
        assertThat(Durations.parseNanos(text)).isEqualTo(nanos);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "-1 s", "5 m", "1e3 s", "0.5 ns", "1000001 s"})
    void refusesTheRest(String text) {
        assertThatThrownBy(() -> Durations.parseNanos(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Property
    void whatIsShownIsRightToThreeDigits(@ForAll @LongRange(min = 1, max = 1_000_000_000_000_000L) long nanos) {
        double shown = Durations.parseNanos(Durations.format(nanos));
        assertThat(Math.abs(shown - nanos) / nanos).isLessThanOrEqualTo(0.005);
    }
}
