package org.xenolith.core.x86;

import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;

/**
 * Arithmetic on the lanes of 64 bits at once: what MMX does to a register and SSE2 to each half of one. Sums without carries between
 * lanes are the usual ones: add the low bits of each lane, then put the top bits right by exclusive or.
 */
final class Swar {
    static final long TOP_8 = 0x8080808080808080L;
    static final long TOP_16 = 0x8000800080008000L;
    static final long TOP_32 = 0x8000000080000000L;

    private Swar() {}

    /** Adds lanes whose top bits are {@code top}. */
    static long add(long a, long b, long top) {
        return (a & ~top) + (b & ~top) ^ (a ^ b) & top;
    }

    /** Subtracts lanes whose top bits are {@code top}. */
    static long subtract(long a, long b, long top) {
        return (a | top) - (b & ~top) ^ (a ^ ~b) & top;
    }

    /** All ones in the lanes of {@code bits} bits in which {@code a} and {@code b} are equal. */
    static long equal(long a, long b, int bits, long top) {
        long different = a ^ b;
        long topOfDifferent = (different & ~top) + ~top | different;
        return spread(~topOfDifferent & top, bits);
    }

    /** Fills lanes of {@code bits} bits whose top bit is set; other bits of {@code tops} are clear. */
    static long spread(long tops, int bits) {
        long ones = tops >>> bits - 1;
        return (tops << 1) - ones;
    }

    /** Carries of the lanes' unsigned comparison a < b, at the lanes' top bits. */
    static long below(long a, long b, long top) {
        long difference = subtract(a, b, top);
        return (~a & b | ~(a ^ b) & difference) & top;
    }

    /** The lesser unsigned bytes. */
    static long minBytes(long a, long b) {
        long mask = spread(below(a, b, TOP_8), 8);
        return a & mask | b & ~mask;
    }

    /** The greater unsigned bytes. */
    static long maxBytes(long a, long b) {
        long mask = spread(below(a, b, TOP_8), 8);
        return b & mask | a & ~mask;
    }

    /** Lane by lane on eight bytes, sign-extended. */
    static long bytes(long a, long b, IntBinaryOperator f) {
        long result = 0;
        for (int at = 0; at < 64; at += 8) {
            result |= (f.applyAsInt((byte) (a >> at), (byte) (b >> at)) & 0xffL) << at;
        }
        return result;
    }

    /** Lane by lane on four words, sign-extended. */
    static long words(long a, long b, IntBinaryOperator f) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= (f.applyAsInt((short) (a >> at), (short) (b >> at)) & 0xffffL) << at;
        }
        return result;
    }

    /** Lane by lane on four words, sign-extended. */
    static long words(long a, IntUnaryOperator f) {
        long result = 0;
        for (int at = 0; at < 64; at += 16) {
            result |= (f.applyAsInt((short) (a >> at)) & 0xffffL) << at;
        }
        return result;
    }

    /** Lane by lane on two doublewords. */
    static long doublewords(long a, long b, IntBinaryOperator f) {
        return f.applyAsInt((int) a, (int) b) & 0xffffffffL
                | (long) f.applyAsInt((int) (a >> 32), (int) (b >> 32)) << 32;
    }

    /** Lane by lane on two doublewords. */
    static long doublewords(long a, IntUnaryOperator f) {
        return f.applyAsInt((int) a) & 0xffffffffL | (long) f.applyAsInt((int) (a >> 32)) << 32;
    }

    /** The low 32 bits of both, byte by byte in turn. */
    static long interleaveBytes(long a, long b) {
        return spaceBytes(a) | spaceBytes(b) << 8;
    }

    private static long spaceBytes(long a) {
        long x = a & 0xffffffffL;
        x = (x | x << 16) & 0x0000ffff0000ffffL;
        return (x | x << 8) & 0x00ff00ff00ff00ffL;
    }

    /** The low 32 bits of both, word by word in turn. */
    static long interleaveWords(long a, long b) {
        return a & 0xffff | (b & 0xffff) << 16 | (a & 0xffff0000L) << 16 | (b & 0xffff0000L) << 32;
    }

    /** Words to bytes in the low half, each made to fit by {@code fit}. */
    static long narrowWords(long a, IntUnaryOperator fit) {
        long result = 0;
        for (int i = 0; i < 4; i++) {
            result |= (fit.applyAsInt((short) (a >> 16 * i)) & 0xffL) << 8 * i;
        }
        return result;
    }

    /** Doublewords to words in the low half, each made to fit by {@code fit}. */
    static long narrowDoublewords(long a, IntUnaryOperator fit) {
        return fit.applyAsInt((int) a) & 0xffffL | (fit.applyAsInt((int) (a >> 32)) & 0xffffL) << 16;
    }

    /** {@code value}, or the nearest of the bounds. */
    static int clamp(int value, int least, int most) {
        return Math.max(least, Math.min(most, value));
    }

    /** The four words of {@code a} that {@code order} names, two bits each. */
    static long shuffleWords(long a, int order) {
        return a >>> 16 * (order & 3) & 0xffff
                | (a >>> 16 * (order >> 2 & 3) & 0xffff) << 16
                | (a >>> 16 * (order >> 4 & 3) & 0xffff) << 32
                | a >>> 16 * (order >> 6 & 3) << 48;
    }

    /** The top bits of eight bytes, gathered. */
    static int topsOfBytes(long a) {
        return (int) ((a >>> 7 & 0x0101010101010101L) * 0x0102040810204080L >>> 56);
    }

    /** Sum of the differences of unsigned bytes. */
    static long sumOfDifferences(long a, long b) {
        int sum = 0;
        for (int at = 0; at < 64; at += 8) {
            sum += Math.abs((int) (a >>> at & 0xff) - (int) (b >>> at & 0xff));
        }
        return sum;
    }
}
