package org.xenolith.trace;

/**
 * One record of a Xen trace buffer, as a mutable holder that a reader fills again and again, so that reading a trace of
 * any length allocates nothing per record.
 *
 * <p>Layout as in Xen's {@code public/trace.h}: a 28-bit event number, up to seven 32-bit words, and a time stamp that a
 * few records lack.
 */
public final class TraceRecord {
    /** The most words that a record can carry. */
    public static final int MAX_WORDS = 7;

    /** pCPU in whose buffer the record stood. */
    public int cpu;

    /** Event number: class (bits 16-27), subclass (12-15) and number (0-11); see {@link TraceEvent}. */
    public int event;

    /** Whether the record carries a time stamp of its own. */
    public boolean hasTsc;

    /** Time stamp in TSC cycles; where the record has none, that of the record before it on the same pCPU. */
    public long tsc;

    /** How many of {@link #word} are valid, 0 to 7. */
    public int words;

    /** The payload; entries from {@link #words} on are zero. */
    public final int[] word = new int[MAX_WORDS];

    /** Copies {@code other} into this record. */
    public void set(TraceRecord other) {
        cpu = other.cpu;
        event = other.event;
        hasTsc = other.hasTsc;
        tsc = other.tsc;
        words = other.words;
        System.arraycopy(other.word, 0, word, 0, MAX_WORDS);
    }

    /** The unsigned 64-bit value in words {@code i} (low) and {@code i + 1} (high). */
    public long longWord(int i) {
        return Integer.toUnsignedLong(word[i]) | (long) word[i + 1] << 32;
    }
}
