package org.xenolith.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class KolmogorovSmirnovTest {
    @Test
    void isTheLargestDifferenceOfTheDistributionFunctions() {
        assertThat(distance("1 2 3 4", "1 2 3 4")).isZero();
        assertThat(distance("1 2", "3 4")).isEqualTo(1);
        assertThat(distance("1 1 1 2", "1 2 2 2")).isCloseTo(0.5, within(1e-12));
        assertThat(distance("1 2 3 4", "2 3 4 5")).isCloseTo(0.25, within(1e-12));
        assertThat(distance("1 5 9", "5")).isCloseTo(1.0 / 3, within(1e-12));
    }

    @Test
    void isTheSameBothWays() {
        assertThat(distance("1 4 4 9 12", "2 4 7")).isEqualTo(distance("2 4 7", "1 4 4 9 12"));
    }

    private static double distance(String a, String b) {
        return KolmogorovSmirnov.distance(numbers(a), numbers(b));
    }

    private static long[] numbers(String text) {
        return Arrays.stream(text.split(" ", -1)).mapToLong(Long::parseLong).toArray();
    }
}
