package org.xenolith.trace;

/** Prints the payload of a record, field by field. */
final class FieldText {
    private FieldText() {}

    /** Adds {@code " d1v0, credit = 5, ..."}; what the table does not know follows as raw words in brackets. */
    static void add(TextOutput out, TraceRecord record, TraceEvent event) {
        int described = 0;
        char separator = ' ';
        if (event != null) {
            for (TraceField field : event.fields()) {
                if (!field.isIn(record)) {
                    break;
                }
                if (separator == ',') {
                    out.add(',');
                }
                out.add(' ');
                separator = ',';
                if (field.kind() == TraceField.Kind.VCPU || field.kind() == TraceField.Kind.DOMAIN_AND_VCPU) {
                    out.add(field.name().equals("vcpu") ? "" : field.name() + " = ");
                } else {
                    out.add(field.name()).add(" = ");
                }
                addValue(out, field, record);
                described = Math.max(described, field.wordsNeeded());
            }
            if (event.id() == TraceEvent.Pv.HYPERCALL || event.id() == TraceEvent.Pv.HYPERCALL_SUBCALL) {
                HypercallText.add(out, record);
                return;
            }
            if (endsInPadding(event.id())) {
                return;
            }
        }
        addRest(out, record, described);
    }

    /** Whether the last word only fills the record up to a multiple of eight bytes. */
    private static boolean endsInPadding(int event) {
        return event == TraceEvent.Rtds.BURN
                || event == TraceEvent.Credit2.UPDATE_RUNQ_LOAD
                || event == TraceEvent.Credit2.LOAD_BALANCE;
    }

    private static void addRest(TextOutput out, TraceRecord record, int from) {
        if (from < record.words) {
            out.add(" [");
            for (int i = from; i < record.words; i++) {
                out.add(" 0x").hex(Integer.toUnsignedLong(record.word[i]));
            }
            out.add(" ]");
        }
    }

    private static void addValue(TextOutput out, TraceField field, TraceRecord record) {
        long value = field.value(record);
        switch (field.kind()) {
            case UNSIGNED, SIGNED, LONG -> out.add(value);
            case HEX, LONG_HEX -> out.add("0x").hex(value);
            case VCPU, DOMAIN_AND_VCPU -> out.vcpu((int) value);
            case NANOS -> micros(out, value);
            case SLICE -> {
                if (value < 0) {
                    out.add("unlimited");
                } else {
                    micros(out, value);
                }
            }
            case LOAD -> {
                int bits = TraceField.LOAD_FRACTION_BITS;
                long milliPercent = Math.abs(value) < 1L << 40
                        ? (value * 100_000 + (1L << (bits - 1))) >> bits
                        : Math.multiplyHigh(value, 100_000L << (64 - bits));
                out.add(milliPercent / 1000).add('.').padded(Math.abs(milliPercent % 1000), 3, '0');
                out.add("% (").add(value).add(')');
            }
        }
    }

    private static void micros(TextOutput out, long nanos) {
        out.add(nanos / 1000).add('.').padded(nanos % 1000, 3, '0').add("us");
    }
}
