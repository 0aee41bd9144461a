package org.xenolith.trace;

/**
 * One named field in the payload of a {@link TraceEvent}: where its bits stand and how it is printed.
 *
 * @param name the word for it, in {@code snake_case} as in Xen's own tools
 * @param kind how the bits are read and printed
 * @param word index of the first payload word that holds it, 0 to 6
 * @param shift lowest bit of it in that word; 0 unless {@code kind} is {@link Kind#UNSIGNED} or {@link Kind#HEX}
 * @param bits how many bits it has in that word, 1 to 32; a 64-bit kind takes two whole words whatever stands here
 */
public record TraceField(String name, Kind kind, int word, int shift, int bits) {
    /** How the bits of a field are read and printed. */
    public enum Kind {
        /** Unsigned, in decimal. */
        UNSIGNED(1),
        /** Signed 32-bit word, in decimal. */
        SIGNED(1),
        /** Unsigned, in hexadecimal. */
        HEX(1),
        /** Two words, low then high, signed, in decimal. */
        LONG(2),
        /** Two words, low then high, in hexadecimal. */
        LONG_HEX(2),
        /** Two words, low then high: a load with 18 fractional bits, printed in percent of one pCPU and raw. */
        LOAD(2),
        /** A vCPU packed in one word: its number in the low half, its domain in the high half. */
        VCPU(1),
        /** A vCPU in two words: domain, then number. The value is packed as for {@link #VCPU}. */
        DOMAIN_AND_VCPU(2),
        /** Unsigned nanoseconds. */
        NANOS(1),
        /** Signed nanoseconds that a vCPU may run; negative where nothing limits it. */
        SLICE(1);

        private final int words;

        Kind(int words) {
            this.words = words;
        }
    }

    /** Fraction bits of a credit2 load. */
    static final int LOAD_FRACTION_BITS = 18;

    /** How many payload words a record must have for the field to be there. */
    public int wordsNeeded() {
        return word + kind.words;
    }

    /** Whether {@code record} is long enough to hold the field. */
    public boolean isIn(TraceRecord record) {
        return wordsNeeded() <= record.words;
    }

    /** The field's value in {@code record}: zero- or sign-extended as its kind says; absent words count as zero. */
    public long value(TraceRecord record) {
        int raw = record.word[word];
        return switch (kind) {
            case UNSIGNED, HEX -> (Integer.toUnsignedLong(raw) >>> shift) & ((1L << bits) - 1);
            case SIGNED, SLICE -> raw;
            case LONG, LONG_HEX, LOAD -> record.longWord(word);
            case VCPU, NANOS -> Integer.toUnsignedLong(raw);
            case DOMAIN_AND_VCPU -> Integer.toUnsignedLong(TraceEvent.packVcpu(raw, record.word[word + 1]));
        };
    }

    static TraceField unsigned(String name, int word) {
        return bits(name, word, 0, 32);
    }

    static TraceField bits(String name, int word, int shift, int bits) {
        return new TraceField(name, Kind.UNSIGNED, word, shift, bits);
    }

    static TraceField signed(String name, int word) {
        return new TraceField(name, Kind.SIGNED, word, 0, 32);
    }

    static TraceField hex(String name, int word) {
        return hex(name, word, 0, 32);
    }

    static TraceField hex(String name, int word, int shift, int bits) {
        return new TraceField(name, Kind.HEX, word, shift, bits);
    }

    static TraceField longs(String name, int word) {
        return new TraceField(name, Kind.LONG, word, 0, 32);
    }

    static TraceField longHex(String name, int word) {
        return new TraceField(name, Kind.LONG_HEX, word, 0, 32);
    }

    static TraceField load(String name, int word) {
        return new TraceField(name, Kind.LOAD, word, 0, 32);
    }

    static TraceField vcpu(int word) {
        return new TraceField("vcpu", Kind.VCPU, word, 0, 32);
    }

    static TraceField domainAndVcpu(String name, int word) {
        return new TraceField(name, Kind.DOMAIN_AND_VCPU, word, 0, 32);
    }

    static TraceField slice(int word) {
        return new TraceField("slice", Kind.SLICE, word, 0, 32);
    }

    static TraceField nanos(String name, int word) {
        return new TraceField(name, Kind.NANOS, word, 0, 32);
    }
}
