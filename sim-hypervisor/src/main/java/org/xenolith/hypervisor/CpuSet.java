package org.xenolith.hypervisor;

import java.util.Arrays;
import java.util.BitSet;

/** An immutable set of pCPU numbers. */
public final class CpuSet {
    private final long[] bits;

    private CpuSet(long[] bits) {
        this.bits = bits;
    }

    /** pCPUs 0 to {@code count} - 1. */
    public static CpuSet firstOf(int count) {
        BitSet set = new BitSet();
        set.set(0, count);
        return of(set);
    }

    /** The pCPUs named. */
    public static CpuSet of(int... pcpus) {
        BitSet set = new BitSet();
        for (int p : pcpus) {
            set.set(p);
        }
        return of(set);
    }

    /** A copy of {@code set}. */
    public static CpuSet of(BitSet set) {
        return new CpuSet(set.toLongArray());
    }

    /** Whether {@code pcpu} is in the set. */
    public boolean contains(int pcpu) {
        int word = pcpu >> 6;
        return word < bits.length && (bits[word] >>> pcpu & 1) != 0;
    }

    /** The first member that is at least {@code from}, or -1. */
    public int next(int from) {
        int word = from >> 6;
        if (word >= bits.length) {
            return -1;
        }
        long rest = bits[word] & -1L << from;
        while (rest == 0) {
            if (++word == bits.length) {
                return -1;
            }
            rest = bits[word];
        }
        return (word << 6) + Long.numberOfTrailingZeros(rest);
    }

    /** The first member after {@code pcpu}, going round to the lowest; -1 if the set is empty. */
    public int cycle(int pcpu) {
        int next = next(pcpu + 1);
        return next >= 0 ? next : next(0);
    }

    /** How many pCPUs are in the set. */
    public int size() {
        int n = 0;
        for (long word : bits) {
            n += Long.bitCount(word);
        }
        return n;
    }

    /** Whether the set is empty. */
    public boolean isEmpty() {
        return next(0) < 0;
    }

    /** The members of both sets. */
    public CpuSet and(CpuSet other) {
        long[] both = Arrays.copyOf(bits, Math.min(bits.length, other.bits.length));
        for (int i = 0; i < both.length; i++) {
            both[i] &= other.bits[i];
        }
        return of(BitSet.valueOf(both));
    }

    /** This set and {@code pcpu}. */
    public CpuSet with(int pcpu) {
        return with(of(pcpu));
    }

    /** This set but {@code pcpu}. */
    public CpuSet without(int pcpu) {
        return without(of(pcpu));
    }

    /** The members of either set. */
    public CpuSet with(CpuSet other) {
        BitSet set = BitSet.valueOf(bits);
        set.or(BitSet.valueOf(other.bits));
        return of(set);
    }

    /** The members that are not in {@code other}. */
    public CpuSet without(CpuSet other) {
        BitSet set = BitSet.valueOf(bits);
        set.andNot(BitSet.valueOf(other.bits));
        return of(set);
    }

    /** Whether some pCPU is in both sets. */
    public boolean intersects(CpuSet other) {
        for (int i = Math.min(bits.length, other.bits.length) - 1; i >= 0; i--) {
            if ((bits[i] & other.bits[i]) != 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether every member of {@code other} is in this set. */
    public boolean containsAll(CpuSet other) {
        return and(other).equals(other);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof CpuSet other && Arrays.equals(bits, other.bits);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bits);
    }

    /** As xl prints it: ranges such as {@code 0-3,6}. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        for (int first = next(0); first >= 0; ) {
            int last = first;
            while (contains(last + 1)) {
                last++;
            }
            s.append(s.isEmpty() ? "" : ",").append(first);
            if (last > first) {
                s.append('-').append(last);
            }
            first = next(last + 1);
        }
        return s.toString();
    }
}
