package org.xenolith.core.x86;

/**
 * Random numbers of the tests against the host CPU: splitmix64 (Steele, Lea and Flood, 2014), and what they are biased to. The committed
 * vectors name their inputs by seed, so what this class yields must not change; if it must, make them anew.
 */
final class OracleRandom {
    private static final long[] EDGES = {
        0,
        1,
        2,
        -1,
        -2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fffffffL,
        0x80000000L,
        0xffffffffL,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        0x100,
        0x10000,
        0x100000000L
    };
    private static final long[] DOUBLES = {
        0, // and the like with a sign: it is turned at random
        0x3ff0000000000000L, // 1
        0x3ff8000000000000L, // 1.5
        0x3fe0000000000000L, // 0.5
        0x4000000000000000L, // 2
        0x7ff0000000000000L, // infinity
        0x7ff8000000000000L, // quiet NaNs
        0x7ff8000000001234L,
        0x7ff0000000000001L, // signalling NaNs
        0x7ff4000000000000L,
        0x0000000000000001L, // denormals
        0x000fffffffffffffL,
        0x0010000000000000L, // least normal, greatest
        0x7fefffffffffffffL,
        0x41dfffffffc00000L, // 2^31 - 1, 2^31, 2^63
        0x41e0000000000000L,
        0x43e0000000000000L,
        0x43dfffffffffffffL,
        0x4340000000000000L // 2^53
    };

    private long state;

    OracleRandom(long seed) {
        state = seed;
    }

    long next() {
        state += 0x9e3779b97f4a7c15L;
        long z = state;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    /** 0 to n - 1. */
    int below(int n) {
        return (int) ((next() >>> 33) * n >>> 31);
    }

    /** True once in n times. */
    boolean oneIn(int n) {
        return below(n) == 0;
    }

    /** An integer: any, an edge of some width, or a small one. */
    long integer() {
        return switch (below(6)) {
            case 0 -> EDGES[below(EDGES.length)];
            case 1 -> EDGES[below(EDGES.length)] + below(5) - 2;
            case 2 -> below(256) - 128;
            case 3 -> next() >> below(64);
            default -> next();
        };
    }

    /** A double: any, a special one, or one near 1 in magnitude. */
    long float64() {
        long sign = next() & Long.MIN_VALUE;
        return switch (below(6)) {
            case 0, 1 -> DOUBLES[below(DOUBLES.length)] | sign;
            case 2 -> next();
            case 3 -> sign | next() & 0x000fffffffffffffL >>> below(52); // denormals, or zero
            case 4 -> sign | (long) (0x3ff - 40 + below(80)) << 52 | next() & -1L << below(52) & 0x000fffffffffffffL;
            default -> sign | (long) (0x3ff - 1 + below(3)) << 52 | next() & 0x000fffffffffffffL;
        };
    }

    /** A float, of the same kinds. */
    int float32() {
        int sign = (int) next() & Integer.MIN_VALUE;
        return switch (below(6)) {
            case 0, 1 -> {
                long special = DOUBLES[below(DOUBLES.length)];
                boolean edge = (special >>> 52) == 0x7ff || (special >>> 52) == 0;
                int low = (int) (special >>> 29) & 0x7fffff | (int) special & 1;
                yield sign
                        | (edge
                                ? (int) (special >>> 52) << 23 & 0x7f800000 | low
                                : Float.floatToRawIntBits((float) Double.longBitsToDouble(special)));
            }
            case 2 -> (int) next();
            case 3 -> sign | (int) next() & 0x7fffff >>> below(23);
            case 4 -> sign | 0x7f - 25 + below(50) << 23 | (int) next() & -1 << below(23) & 0x7fffff;
            default -> sign | 0x7f - 1 + below(3) << 23 | (int) next() & 0x7fffff;
        };
    }

    /** Significand of an 80-bit number. */
    long significand80() {
        return switch (below(6)) {
            case 0 -> Long.MIN_VALUE;
            case 1 -> Long.MIN_VALUE | next() << below(64);
            case 2 -> oneIn(3) ? next() >>> 1 : 0xc000000000000000L;
            case 3 -> -1;
            default -> Long.MIN_VALUE | next();
        };
    }

    /** Sign and exponent that go with it; {@code 0} too, which makes a denormal. */
    int signExponent80() {
        int sign = (int) next() & 0x8000;
        return switch (below(8)) {
            case 0 -> sign | 0x7fff;
            case 1 -> sign;
            case 2 -> sign | below(0x8000);
            case 3 -> sign | (oneIn(2) ? 1 : 0x7ffe);
            case 4 -> sign | 0x3fff + below(70) - 3;
            default -> sign | 0x3fff + below(7) - 3;
        };
    }
}
