package org.xenolith.engine;

/**
 * A named stream of random numbers. The name is made of the experiment's seed, the cell and the purpose, so that adding
 * a consumer of randomness never changes what another one draws.
 *
 * <p>Generator: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). Integer
 * arithmetic only, hence the same on every machine.
 */
public final class RandomStream {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final long LN2_Q32 = 2977044472L; // ln 2 in units of 2^-32

    private long state;

    /** The stream named by {@code seed}, {@code cell} and {@code purpose}. */
    public RandomStream(long seed, String cell, String purpose) {
        state = mix(seed);
        absorb(cell);
        absorb(purpose);
    }

    private void absorb(String s) {
        state = mix(state + GOLDEN + s.length());
        for (int i = 0; i < s.length(); i++) {
            state = mix(state + GOLDEN + s.charAt(i));
        }
    }

    /** The next 64 random bits. */
    public long nextLong() {
        state += GOLDEN;
        return mix(state);
    }

    /** A number from 0 to {@code bound} - 1, each as likely as the other to 1 in 2^64. {@code bound} is positive. */
    public long nextLong(long bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound must be positive: " + bound);
        }
        // unsigned high word of random x bound
        long r = nextLong();
        return Math.multiplyHigh(r, bound) + ((r >> 63) & bound);
    }

    /** A number from 0 to {@code bound} - 1. {@code bound} is positive. */
    public int nextInt(int bound) {
        return (int) nextLong(bound);
    }

    /**
     * An exponentially distributed number with the given mean (below 2^40), rounded down: -mean * ln(u) for u uniform in
     * (0, 1], in fixed point with 32 fractional bits.
     */
    public long nextExponential(long mean) {
        long u = nextLong() >>> 1; // 63 bits
        if (u == 0) {
            u = 1;
        }
        int leading = Long.numberOfLeadingZeros(u) - 1; // -log2(u / 2^63), whole part rounded down
        long mantissa = (u << leading) >>> 31; // in [2^31, 2^32): u's fraction in [1/2, 1) as 2^-32
        long log2 = 0; // -log2 of the fraction, in 2^-32, bit by bit: squaring doubles the logarithm
        for (int bit = 31; bit >= 0; bit--) {
            mantissa = (mantissa * mantissa) >>> 32;
            if (Long.compareUnsigned(mantissa, 1L << 31) < 0) {
                log2 |= 1L << bit;
                mantissa <<= 1;
            }
        }
        long minusLog2 = ((long) leading << 32) + log2;
        long minusLnQ32 = Math.multiplyHigh(minusLog2 << 1, LN2_Q32 << 31);
        return Math.multiplyHigh(minusLnQ32 << 24, mean << 8);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
